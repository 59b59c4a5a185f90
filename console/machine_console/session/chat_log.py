"""What was said, kept by conversation: the newest messages, and how many nobody has seen."""

from __future__ import annotations

from dataclasses import replace

from machine_console.session.chat import ChatMessage

MAX_MESSAGES = 500
"""Messages kept per channel; the newest are what a conversation is about."""


class ChatLog:
    """The newest messages of every conversation, and which of them have been seen.

    Attributes:
        version: Grows with each change.
    """

    def __init__(self) -> None:
        self._channels: dict[str, dict[str, ChatMessage]] = {}
        self._unread: dict[str, int] = {}
        self.version = 0

    def put(self, channel_id: str, message: ChatMessage, *, is_news: bool = True) -> None:
        """Add a message, or replace the one with the same timestamp."""
        messages = self._channels.setdefault(channel_id, {})
        is_new = message.ts not in messages
        messages[message.ts] = message
        if len(messages) > MAX_MESSAGES:
            del messages[next(iter(messages))]
        if is_new and is_news:
            self._unread[channel_id] = self._unread.get(channel_id, 0) + 1
        self.version += 1

    def missed(self, channel_id: str) -> None:
        """One message more that is not kept, and that nobody has seen."""
        self._unread[channel_id] = self._unread.get(channel_id, 0) + 1

    def remove(self, channel_id: str, ts: str) -> None:
        """Take a message away."""
        self._channels.get(channel_id, {}).pop(ts, None)
        self.version += 1

    def react(self, channel_id: str, ts: str, emoji: str, change: int) -> None:
        """Count one reaction more or less."""
        message = self._channels.get(channel_id, {}).get(ts)
        if message is None:
            return
        counts = dict(message.reactions)
        counts[emoji] = counts.get(emoji, 0) + change
        kept = tuple((name, count) for name, count in counts.items() if count > 0)
        self.put(channel_id, replace(message, reactions=kept))

    def get(self, channel_id: str, ts: str) -> ChatMessage | None:
        """One message, if it is kept."""
        return self._channels.get(channel_id, {}).get(ts)

    def messages(self, channel_id: str) -> list[ChatMessage]:
        """What was said in a conversation, oldest first."""
        return list(self._channels.get(channel_id, {}).values())

    def unread(self, channel_id: str) -> int:
        """How many messages came since the conversation was last seen."""
        return self._unread.get(channel_id, 0)

    def seen(self, channel_id: str) -> None:
        """The conversation is being looked at."""
        self._unread.pop(channel_id, None)
