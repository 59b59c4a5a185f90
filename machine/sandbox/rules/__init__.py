"""Slack's rules for what people write and choose."""
