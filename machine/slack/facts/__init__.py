"""Facts about Slack's API as data, each with its source and date; what is done with them is elsewhere."""
