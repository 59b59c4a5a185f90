"""What Slack itself writes into a channel: who joined, who left, who set the topic."""

from __future__ import annotations

from machine.sandbox.rules.message_rules import Posting
from machine.sandbox.state.changes import Change, ChannelChanged, MemberJoined, MemberLeft
from machine.sandbox.state.objects import Conversation

_NOTICED = frozenset({"rename", "topic", "purpose", "archive", "unarchive"})


class SystemMessages:
    """Subscribes to the changes and posts the notice that some of them cause."""

    def __init__(self, posting: Posting) -> None:
        self._posting = posting

    def __call__(self, change: Change) -> None:
        """Post the notice of this change, if it has one."""
        match change:
            case MemberJoined(channel=channel, user=user, inviter=inviter):
                details = {"inviter": inviter} if inviter else {}
                subtype = f"{_prefix(channel)}_join"
                self._posting.announce(user, channel, subtype, f"<@{user}> has joined the channel", **details)
            case MemberLeft(channel=channel, user=user):
                self._posting.announce(user, channel, f"{_prefix(channel)}_leave", f"<@{user}> has left the channel")
            case ChannelChanged(channel=channel, what=what, user=user) if what in _NOTICED and channel.is_channel:
                name, text, details = _notice(channel, what)
                self._posting.announce(user, channel, f"{_prefix(channel)}_{name}", text, **details)
            case _:
                pass


def _prefix(channel: Conversation) -> str:
    return "channel" if channel.kind == "channel" else "group"


def _notice(channel: Conversation, what: str) -> tuple[str, str, dict[str, str]]:
    """Subtype without its prefix, text and extra fields of what Slack writes about a change of a channel."""
    if what == "rename":
        old = channel.previous_names[-1]
        text = f'has renamed the channel from "{old}" to "{channel.name}"'
        return "name", text, {"old_name": old, "name": channel.name}
    if what == "topic":
        return "topic", f"set the channel topic: {channel.topic}", {"topic": channel.topic}
    if what == "purpose":
        return "purpose", f"set the channel description: {channel.purpose}", {"purpose": channel.purpose}
    return what, f"{what}d the channel", {}
