"""Messages that nobody wrote: posted by a person of the sandbox, or made up for the bot alone."""

from __future__ import annotations

import asyncio
import re
import time
import uuid
from typing import Any

from console.history import EventTrace, History
from console.repl.errors import ReplError
from console.repl.lookup import Lookup
from machine.bot import Machine
from machine.envelope import Envelope
from machine.models import Channel, User
from machine.sandbox import Workspace
from machine.sandbox.messages import Message
from machine.trace import HandlersConsidered, Record

WAIT_S = 10.0
"""How long `simulate` waits for the bot's handlers; they run on afterwards."""

_TYPED_MENTION = re.compile(r"(?<![\w<])@([\w.-]+)")


class Simulator:
    """Lets people say things to the bot.

    Args:
        machine: The bot.
        history: Where the events end up.
        workspace: The embedded workspace; `None` against Slack, where nobody can be made to post.
    """

    def __init__(self, machine: Machine, history: History, workspace: Workspace | None) -> None:
        self._machine = machine
        self._history = history
        self._workspace = workspace
        self._lookup = Lookup(machine.slack.directory)

    async def simulate(self, text: str, user: object, channel: object) -> EventTrace:
        """Let `user` say `text`, wait for the bot's handlers, and return the event with what they did."""
        who = self._lookup.user(user) if user is not None else self.somebody()
        where = self._lookup.channel(channel) if channel is not None else self.somewhere()
        if self._workspace is not None:
            return await self._post(self._workspace, who, where, text)
        envelope = self.envelope(text, who, where)
        await self._machine.handle(envelope)
        event = self._history.by_id(envelope.id)
        if event is None:
            raise ReplError("The event was handled, but the history does not have it.")
        return event

    def somebody(self) -> User:
        """A person, the bot itself excepted."""
        own = self._machine.identity.user_id
        for user in self._machine.slack.users.values():
            if user.id != own and not user.is_bot and not user.deleted:
                return user
        raise ReplError("No person is known yet. Say who: simulate(text, user=...).")

    def somewhere(self) -> Channel:
        """A channel the bot is in."""
        channels = [one for one in self._machine.slack.channels.values() if one.is_member and one.name]
        if not channels:
            raise ReplError("The bot is in no channel that is known yet. Say where: simulate(text, channel=...).")
        return next((channel for channel in channels if channel.is_general), channels[0])

    def envelope(self, text: str, user: User, channel: Channel) -> Envelope:
        """An envelope as Slack would send it for a message that `user` writes, marked as simulated."""
        ts = f"{time.time():.6f}"
        event: dict[str, Any] = {
            "type": "message",
            "user": user.id,
            "text": self._with_mentions(text),
            "channel": channel.id,
            "channel_type": _channel_type(channel),
            "ts": ts,
            "event_ts": ts,
        }
        envelope_id = f"simulated-{uuid.uuid4()}"
        payload = {
            "type": "event_callback",
            "team_id": self._machine.identity.team_id,
            "event_id": f"Ev-{envelope_id}",
            "event_time": int(time.time()),
            "event": event,
        }
        return Envelope(envelope_id, "events_api", payload, is_simulated=True)

    def _with_mentions(self, text: str) -> str:
        """`@alice` as Slack writes it, for names that are known."""

        def mention(found: re.Match[str]) -> str:
            user = self._machine.slack.directory.find_user(found[1])
            return f"<@{user.id}>" if user is not None else found[0]

        return _TYPED_MENTION.sub(mention, text)

    async def _post(self, workspace: Workspace, user: User, channel: Channel, text: str) -> EventTrace:
        conversation = workspace.find_channel(channel.id)
        if workspace.bot.id not in conversation.members:
            raise ReplError(
                f"The bot is not in #{conversation.name}, so it would hear nothing. Choose another channel."
            )
        progress = _Progress()
        unsubscribe = self._machine.trace.subscribe(progress.record)
        try:
            return await self._event_of(workspace.post(user.id, conversation, text), progress)
        finally:
            unsubscribe()

    async def _event_of(self, message: Message, progress: _Progress) -> EventTrace:
        """The event that the message caused, once its handlers have ended or `WAIT_S` is over."""
        event: EventTrace | None = None
        try:
            async with asyncio.timeout(WAIT_S):
                while event is None or not progress.is_over(event):
                    await progress.wait()
                    event = event or self._find(message)
        except TimeoutError:
            if event is None:
                raise ReplError(f"The bot did not get the message within {WAIT_S:g} s. Is it connected?") from None
        return event

    def _find(self, message: Message) -> EventTrace | None:
        for event in reversed(self._history.events[-50:]):
            inner = event.envelope.event
            if (inner.get("type"), inner.get("ts"), inner.get("channel")) == ("message", message.ts, message.channel):
                return event
        return None


class _Progress:
    """Follows the trace to see when an event is dealt with."""

    def __init__(self) -> None:
        self._happened = asyncio.Event()
        self._considered: set[str | None] = set()

    def record(self, record: Record) -> None:
        """Something happened."""
        if isinstance(record, HandlersConsidered):
            self._considered.add(record.envelope_id)
        self._happened.set()

    async def wait(self) -> None:
        """Wait until something happened since the last time."""
        await self._happened.wait()
        self._happened.clear()

    def is_over(self, event: EventTrace) -> bool:
        """Whether nothing more will come of the event."""
        if event.dropped is not None:
            return True
        is_considered = event.envelope.id in self._considered
        return is_considered and len(event.invocations) >= len(event.matched) and not event.is_running


def _channel_type(channel: Channel) -> str:
    if channel.is_im:
        return "im"
    if channel.is_mpim:
        return "mpim"
    return "group" if channel.is_private else "channel"
