"""Messages: what was written where, with threads, edits, reactions and pins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from machine.sandbox.refusal import SlackRefusal
from machine.sandbox.state.changes import (
    Announce,
    MessageChanged,
    MessageDeleted,
    MessagePosted,
    PinAdded,
    PinRemoved,
    ReactionAdded,
    ReactionRemoved,
)
from machine.sandbox.state.clock import Timeline
from machine.sandbox.state.emoji import is_emoji
from machine.sandbox.state.objects import Message
from machine.slack.emoji import main_name

_MAX_PINS = 100
_MAX_REACTIONS = 50


class Messages:
    """All messages, by channel and in order of their timestamps.

    Who may write, edit or delete is for the workspace to know; this keeps the messages consistent and announces.
    """

    def __init__(self, timeline: Timeline, announce: Announce) -> None:
        self._timeline = timeline
        self._announce = announce
        self._by_channel: dict[str, dict[str, Message]] = {}
        self._pins: dict[str, dict[str, tuple[str, int]]] = {}

    def get(self, channel: str, ts: str) -> Message | None:
        """The message, or `None`."""
        return self._by_channel.get(channel, {}).get(ts)

    def known(self, channel: str, ts: str, error: str = "message_not_found") -> Message:
        """The message that everybody in the channel can see.

        Raises:
            SlackRefusal: With `error`, when there is none.
        """
        message = self.get(channel, ts)
        if message is None or message.ephemeral_to:
            raise SlackRefusal(error)
        return message

    def history(self, channel: str, thread_ts: str | None = None) -> list[Message]:
        """The messages of a channel, or of one thread with the message it hangs on; oldest first."""
        messages = self._by_channel.get(channel, {})
        if thread_ts is None:
            return [message for message in messages.values() if message.is_in_channel]
        return [message for message in messages.values() if thread_ts in {message.ts, message.thread_ts}]

    def thread(self, channel: str, ts: str) -> list[Message]:
        """The replies to a message after the message itself, oldest first.

        Raises:
            SlackRefusal: `thread_not_found`.
        """
        message = self.known(channel, ts, "thread_not_found")
        parent = self.known(channel, message.thread_ts or ts, "thread_not_found")
        return [parent, *(self._by_channel[channel][reply] for reply in parent.replies)]

    def newest_first(self, channel: str) -> Iterator[Message]:
        """Every message of a channel, replies and ephemeral ones included."""
        return reversed(self._by_channel.get(channel, {}).values())

    def post(self, message: Message) -> Message:
        """Add a message that has a timestamp of `Timeline.next_ts`, and count it in its thread.

        Raises:
            SlackRefusal: `thread_not_found`.
        """
        if message.is_reply and message.ephemeral_to is None:
            message = self._count_reply(message)
        self._by_channel.setdefault(message.channel, {})[message.ts] = message
        self._announce(MessagePosted(message))
        return message

    def change(self, message: Message, by: str, **fields: Any) -> Message:
        """Edit a message: its text, blocks or attachments."""
        changed = replace(message, edited=(by, self._timeline.next_ts()), **fields)
        self._store(changed)
        self._announce(MessageChanged(changed, message))
        return changed

    def delete(self, message: Message) -> None:
        """Take a message away; the replies of a thread stay."""
        del self._by_channel[message.channel][message.ts]
        self._pins.get(message.channel, {}).pop(message.ts, None)
        parent = self.get(message.channel, message.thread_ts) if message.is_reply and message.thread_ts else None
        if parent is not None:
            replies = tuple(ts for ts in parent.replies if ts != message.ts)
            left = {self._by_channel[message.channel][ts].user for ts in replies}
            repliers = tuple(user for user in parent.repliers if user in left)
            self._store(replace(parent, replies=replies, repliers=repliers, thread_ts=parent.ts if replies else None))
        self._announce(MessageDeleted(message))

    def react(self, message: Message, user: str, emoji: str) -> Message:
        """Add a reaction, under the main name of its emoji.

        Raises:
            SlackRefusal: `invalid_name`, `already_reacted`, `too_many_emoji`.
        """
        if not is_emoji(emoji):
            raise SlackRefusal("invalid_name")
        emoji = main_name(emoji)
        users = message.reactions.get(emoji, ())
        if user in users:
            raise SlackRefusal("already_reacted")
        if not users and len(message.reactions) >= _MAX_REACTIONS:
            raise SlackRefusal("too_many_emoji")
        changed = replace(message, reactions={**message.reactions, emoji: (*users, user)})
        self._store(changed)
        self._announce(ReactionAdded(changed, user, emoji))
        return changed

    def unreact(self, message: Message, user: str, emoji: str) -> Message:
        """Take a reaction back.

        Raises:
            SlackRefusal: `no_reaction`.
        """
        emoji = main_name(emoji)
        users = message.reactions.get(emoji, ())
        if user not in users:
            raise SlackRefusal("no_reaction")
        left = {**message.reactions, emoji: tuple(other for other in users if other != user)}
        changed = replace(message, reactions={name: who for name, who in left.items() if who})
        self._store(changed)
        self._announce(ReactionRemoved(changed, user, emoji))
        return changed

    def all(self) -> Iterator[Message]:
        """Every message, channel by channel, oldest first."""
        return (message for messages in self._by_channel.values() for message in messages.values())

    def restore(self, messages: Iterable[Message], pins: Mapping[str, Mapping[str, tuple[str, int]]]) -> None:
        """Take messages and pins in as they were, without announcing them."""
        for message in messages:
            self._by_channel.setdefault(message.channel, {})[message.ts] = message
        self._pins |= {channel: dict(pinned) for channel, pinned in pins.items()}

    def clear(self, channels: Iterable[str]) -> None:
        """Forget what was written and pinned in these channels."""
        for channel in channels:
            self._by_channel.pop(channel, None)
            self._pins.pop(channel, None)

    @property
    def pinned(self) -> Mapping[str, Mapping[str, tuple[str, int]]]:
        """By channel and timestamp: who pinned a message, and when."""
        return self._pins

    def reacted_by(self, user: str) -> list[Message]:
        """The messages to which a person reacted, newest first."""
        mine = [message for message in self.all() if any(user in users for users in message.reactions.values())]
        return sorted(mine, key=lambda message: message.ts, reverse=True)

    def pin(self, message: Message, user: str) -> None:
        """Pin a message to its channel.

        Raises:
            SlackRefusal: `already_pinned`, `too_many_pins`.
        """
        pins = self._pins.setdefault(message.channel, {})
        if message.ts in pins:
            raise SlackRefusal("already_pinned")
        if len(pins) >= _MAX_PINS:
            raise SlackRefusal("too_many_pins")
        pins[message.ts] = (user, int(self._timeline.now))
        self._announce(PinAdded(message, user, len(pins)))

    def unpin(self, message: Message, user: str) -> None:
        """Take a pin off.

        Raises:
            SlackRefusal: `no_pin`.
        """
        pins = self._pins.get(message.channel, {})
        if pins.pop(message.ts, None) is None:
            raise SlackRefusal("no_pin")
        self._announce(PinRemoved(message, user, len(pins)))

    def pins(self, channel: str) -> list[tuple[Message, str, int]]:
        """The pinned messages of a channel with who pinned them and when, newest pin first."""
        pins = self._pins.get(channel, {})
        return [(self._by_channel[channel][ts], user, at) for ts, (user, at) in reversed(pins.items())]

    def _count_reply(self, reply: Message) -> Message:
        parent = self.known(reply.channel, reply.thread_ts or "", "thread_not_found")
        if parent.is_reply:  # Slack accepts the ts of a reply and answers in the thread that the reply is in
            parent = self.known(reply.channel, parent.thread_ts or "", "thread_not_found")
        repliers = parent.repliers if reply.user in parent.repliers else (*parent.repliers, reply.user)
        self._store(replace(parent, thread_ts=parent.ts, replies=(*parent.replies, reply.ts), repliers=repliers))
        details = {} if reply.is_broadcast else {"parent_user_id": parent.user}  # a broadcast shows its `root` instead
        return replace(reply, thread_ts=parent.ts, details={**reply.details, **details})

    def _store(self, message: Message) -> None:
        self._by_channel[message.channel][message.ts] = message


def text_of(message: Message, limit: int = 80) -> str:
    """The message in one line, for lists and error messages."""
    line = " ".join(message.text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
