"""A Slack bot framework: plugins in plain Python classes, every step of an event visible."""

__version__ = "0.1.0"
