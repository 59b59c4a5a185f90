"""What Slack sends the app, and where the app answers: events and interactions, with faults on request."""
