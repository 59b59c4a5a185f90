"""The way in: from what Slack sends to the queue of events that wait for the dispatcher."""
