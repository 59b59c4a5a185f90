"""What Slack sends the app: events and interactions, over Socket Mode or HTTP, with faults on request."""
