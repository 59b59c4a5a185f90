"""Slack's objects as typed, frozen models that tolerate whatever Slack leaves out or adds."""

from machine.models.channel import Channel, PurposeTopic
from machine.models.user import User, UserProfile

__all__ = ["Channel", "PurposeTopic", "User", "UserProfile"]
