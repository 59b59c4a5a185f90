"""A message that somebody wrote, as handlers receive it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from slack_sdk.web.async_slack_response import AsyncSlackResponse

from machine.models import Channel, User
from machine.slack.client import Attachments, Blocks, SlackClient

__all__ = ["Message"]


class Message:
    """A message, and ways to answer it.

    Attributes:
        event: The event as Slack sent it; see https://docs.slack.dev/reference/events/message. For an edited message,
            the new version of it. Not to be changed.
    """

    def __init__(self, client: SlackClient, msg_event: Mapping[str, Any], text: str | None = None) -> None:
        self._client = client
        self.event = msg_event
        self._text = text

    @property
    def _msg_event(self) -> dict[str, Any]:
        """The event as slack-machine's plugins read it: the text without the mention of the bot."""
        return {**self.event, "text": self.text}

    @property
    def sender(self) -> User:
        """Who wrote the message; a `User` with nothing but the id where Slack tells no more."""
        return self._client.user(str(self.event.get("user") or self.event.get("bot_id") or ""))

    @property
    def channel(self) -> Channel:
        """Where the message was written; a `Channel` with nothing but the id where Slack tells no more."""
        return self._client.channel(str(self.event.get("channel") or ""))

    @property
    def is_dm(self) -> bool:
        """Whether the message was written to the bot alone."""
        return self.event.get("channel_type") == "im" or self.channel.is_im

    @property
    def text(self) -> str:
        """What was written; a mention of the bot at the beginning is left out where the message addresses it."""
        return self._text if self._text is not None else str(self.event.get("text") or "")

    @property
    def at_sender(self) -> str:
        """A mention of the sender."""
        return self.sender.fmt_mention()

    @property
    def ts(self) -> str:
        """Slack's timestamp, which identifies the message within its channel."""
        return str(self.event.get("ts") or "")

    @property
    def in_thread(self) -> bool:
        """Whether the message was written in a thread."""
        return self.thread_ts is not None

    @property
    def thread_ts(self) -> str | None:
        """`ts` of the message that began the thread; `None` outside of threads."""
        thread_ts = self.event.get("thread_ts")
        return thread_ts if isinstance(thread_ts, str) else None

    @property
    def files(self) -> list[dict[str, Any]]:
        """The files that came with the message, as [file objects](https://docs.slack.dev/reference/objects/file-object)."""
        files = self.event.get("files")
        return list(files) if isinstance(files, list) else []

    async def say(
        self,
        text: str | None = None,
        attachments: Attachments = None,
        blocks: Blocks = None,
        thread_ts: str | None = None,
        ephemeral: bool = False,
        *,
        split: bool = False,
        **kwargs: Any,
    ) -> AsyncSlackResponse:
        """Post a message to the same channel.

        Args:
            text: The message, or what notifications show where there are blocks.
            attachments: Dicts or slack_sdk's objects.
            blocks: Dicts or slack_sdk's objects.
            thread_ts: `ts` of the message to answer in a thread.
            ephemeral: Show it to the sender only; where the sender wrote in a thread, there.
            split: Post a text over 4,000 characters as several messages; the response is that of the last.
            **kwargs: Further arguments of the Slack method.
        """
        ephemeral_user = self.sender if ephemeral else None
        return await self._client.say(
            str(self.event.get("channel") or ""),
            text,
            attachments,
            blocks,
            thread_ts or (self.thread_ts if ephemeral else None),
            ephemeral_user,
            split=split,
            **kwargs,
        )

    async def say_scheduled(
        self,
        when: datetime,
        text: str,
        attachments: Attachments = None,
        blocks: Blocks = None,
        thread_ts: str | None = None,
        **kwargs: Any,
    ) -> AsyncSlackResponse:
        """Like `say()`, at a later time; without a time zone, `when` is meant in the `TZ` setting."""
        return await self._client.say_scheduled(when, self.channel.id, text, attachments, blocks, thread_ts, **kwargs)

    async def reply(
        self,
        text: str | None = None,
        attachments: Attachments = None,
        blocks: Blocks = None,
        in_thread: bool = False,
        ephemeral: bool = False,
        **kwargs: Any,
    ) -> AsyncSlackResponse:
        """Like `say()`, mentioning the sender first.

        Args:
            text: The message; it goes out without the mention in a thread and in direct messages.
            attachments: As for `say()`.
            blocks: As for `say()`.
            in_thread: Answer in the message's thread, beginning one where there is none.
            ephemeral: As for `say()`; `in_thread` is not used then, because Slack shows nobody a thread that begins
                with an ephemeral message.
            **kwargs: Further arguments of the Slack method.
        """
        threaded = in_thread and not ephemeral
        return await self.say(
            self._addressed(text, threaded=threaded),
            attachments,
            blocks,
            self._thread() if threaded else None,
            ephemeral,
            **kwargs,
        )

    async def reply_scheduled(
        self,
        when: datetime,
        text: str,
        attachments: Attachments = None,
        blocks: Blocks = None,
        in_thread: bool = False,
        **kwargs: Any,
    ) -> AsyncSlackResponse:
        """Like `reply()`, at a later time; without a time zone, `when` is meant in the `TZ` setting."""
        addressed = self._addressed(text, threaded=in_thread) or text
        return await self.say_scheduled(
            when, addressed, attachments, blocks, self._thread() if in_thread else None, **kwargs
        )

    async def reply_dm(
        self, text: str | None = None, attachments: Attachments = None, blocks: Blocks = None, **kwargs: Any
    ) -> AsyncSlackResponse:
        """Answer the sender in a direct message."""
        return await self._client.send_dm(self.sender, text, attachments, blocks, **kwargs)

    async def reply_dm_scheduled(
        self,
        when: datetime,
        text: str,
        attachments: Attachments = None,
        blocks: Blocks = None,
        **kwargs: Any,
    ) -> AsyncSlackResponse:
        """Like `reply_dm()`, at a later time; without a time zone, `when` is meant in the `TZ` setting."""
        return await self._client.send_dm_scheduled(when, self.sender, text, attachments, blocks, **kwargs)

    async def react(self, emoji: str) -> AsyncSlackResponse:
        """Add an emoji to the message, by its name with or without colons.

        Calls [reactions.add](https://docs.slack.dev/reference/methods/reactions.add).
        """
        return await self._client.react(self.channel.id, self.ts, emoji)

    async def pin_message(self) -> AsyncSlackResponse:
        """Pin the message in its channel. Calls [pins.add](https://docs.slack.dev/reference/methods/pins.add)."""
        return await self._client.pin_message(self.channel.id, self.ts)

    async def upload(
        self,
        content: str | bytes | Path,
        filename: str | None = None,
        *,
        title: str | None = None,
        comment: str | None = None,
        in_thread: bool = False,
    ) -> AsyncSlackResponse:
        """Share a file in the same channel; see `MachineBasePlugin.upload`."""
        return await self._client.upload(
            self.channel.id,
            content,
            filename,
            title=title,
            comment=comment,
            thread_ts=self._thread() if in_thread else None,
        )

    def _thread(self) -> str:
        # A reply to a message inside a thread belongs to that thread: Slack knows no threads within threads.
        return self.thread_ts or self.ts

    def _addressed(self, text: str | None, *, threaded: bool) -> str | None:
        if text is None or threaded or self.is_dm:
            return text
        return f"{self.at_sender}: {text}"

    def __repr__(self) -> str:
        return f"Message(channel={self.channel.id!r}, ts={self.ts!r}, text={self.text!r})"
