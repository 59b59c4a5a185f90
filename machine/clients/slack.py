"""The client under the name that slack-machine gives it."""

from machine.slack.client import SlackClient

__all__ = ["SlackClient"]
