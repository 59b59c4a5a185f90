"""The way out to Slack: the Web API client, the directory of people and channels, and verbs for plugins."""
