"""Messages as the prompt shows them, and as verbs take them."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from machine_console.history.history import EventTrace
from machine_console.repl.language.errors import ReplError
from machine_console.repl.verbs.display import Card, add_row, when
from machine_console.text.names import LiveNames

_MENTION = re.compile(r"<@(?P<id>[UW]\w+)(?:\|[^>]*)?>")


class Target(NamedTuple):
    """A message that a verb is about; `thread_ts` is set for replies."""

    channel: str
    ts: str
    thread_ts: str | None = None


@dataclass(frozen=True, slots=True)
class SlackMessage:
    """A message in a channel.

    Attributes:
        channel: Id of the channel.
        ts: When it was posted; identifies it within its channel.
        user: Id of the author.
        text: As Slack keeps it.
        who: What the author is called.
        where: What the channel is called.
        readable: The text as people read it.
        reactions: Names of emoji with the number of people.
        replies: How many replies hang below it.
    """

    channel: str
    ts: str
    user: str
    text: str
    who: str = ""
    where: str = ""
    readable: str = ""
    thread_ts: str | None = None
    reactions: tuple[tuple[str, int], ...] = ()
    replies: int = 0

    @property
    def at(self) -> datetime:
        """When it was posted (aware, UTC)."""
        return datetime.fromtimestamp(float(self.ts), UTC)

    @property
    def extras(self) -> str:
        """Reactions and the number of replies, in a few words."""
        parts = [f":{name}: {count}" for name, count in self.reactions]
        if self.replies:
            parts.append(f"{self.replies} {'reply' if self.replies == 1 else 'replies'}")
        return "  ".join(parts)

    def __repl__(self) -> Card:
        fields = [("at", when(self.at)), ("ts", self.ts), ("thread", self.thread_ts), ("has", self.extras)]
        return Card(f"{self.who} in {self.where}", fields, self.readable.split("\n"))

    @classmethod
    def read(cls, message: Mapping[str, Any], channel: str, names: LiveNames) -> SlackMessage:
        """A message as Slack's API gives it.

        Args:
            message: The message object, see https://docs.slack.dev/reference/objects/message-object.
            channel: Id of the channel it is in.
            names: What people and channels are called.
        """
        text = str(message.get("text") or "")
        user = str(message.get("user") or message.get("bot_id") or "")
        return cls(
            channel=channel,
            ts=str(message.get("ts") or "0"),
            user=user,
            text=text,
            who=str(message.get("username") or names.person(user)),
            where=names.channel(channel),
            readable=html.unescape(_MENTION.sub(lambda found: f"@{names.person(found['id'])}", text)),
            thread_ts=message.get("thread_ts"),
            reactions=tuple((one["name"], int(one.get("count", 1))) for one in message.get("reactions") or ()),
            replies=int(message.get("reply_count") or 0),
        )


add_row(
    SlackMessage,
    ("at", "who", "text", "has"),
    lambda message: (when(message.at), message.who, message.readable, message.extras),
)


def target_of(message: object) -> Target:
    """The message meant by a `SlackMessage`, an event, the sandbox's own, or what Slack answered to a call.

    Raises:
        ReplError: It is about no message.
    """
    if isinstance(message, EventTrace):
        event = message.envelope.event
        item = event.get("item")
        return target_of(item if isinstance(item, Mapping) else event)
    data = getattr(message, "data", message)
    if isinstance(data, Mapping):
        channel, ts = data.get("channel"), data.get("ts")
        thread = data.get("thread_ts")
    else:
        channel, ts = getattr(data, "channel", None), getattr(data, "ts", None)
        thread = getattr(data, "thread_ts", None)
    if not isinstance(channel, str) or not isinstance(ts, str):
        raise ReplError(f"{type(message).__name__} is not a message: it has no channel and ts.")
    return Target(channel, ts, thread if isinstance(thread, str) else None)
