"""An envelope on its way from the connection it came by to the handlers."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import dataclass, field
from typing import Protocol

from machine.envelope import Answer, Envelope

_DECIDING = threading.Lock()  # one for all: held for two assignments


class Connection(Protocol):
    """What an envelope came by, and is answered by."""

    async def acknowledge(self, envelope_id: str, answer: Answer) -> None:
        """Tell Slack that an envelope has arrived, with an answer if a handler gave one."""


class Caller:
    """Takes the place of a connection for an envelope that came over none, and keeps its answer.

    Attributes:
        answer: What a handler answered.
    """

    def __init__(self) -> None:
        self.answer: Answer = None

    async def acknowledge(self, envelope_id: str, answer: Answer) -> None:  # noqa: ARG002 - see `Connection`
        """Keep the answer."""
        self.answer = answer


@dataclass(slots=True, eq=False)
class Arrival:
    """An envelope that has arrived. Made on the event loop of its connection.

    Attributes:
        envelope: What arrived.
        connection: What it came by.
        received: When, in seconds of `time.perf_counter()`.
        loop: The event loop of the connection.
        is_repeat: Whether it was delivered before, so that no handler is to run.
        is_claimed: Whether no other process of the bot need be asked if it handles it.
        is_elsewhere: Whether another process of the bot handles it.
        may_be_answered: Whether a handler may decide what Slack is answered with.
        is_answered: Whether the acknowledgement has been sent, or is being sent.
        answer: What Slack was answered.
        acknowledged: When the acknowledgement was sent, in seconds of `time.perf_counter()`.
        is_begun: Whether its arrival has been traced.
        is_told: Whether its acknowledgement has been traced.
    """

    envelope: Envelope
    connection: Connection
    received: float = field(default_factory=time.perf_counter)
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)
    is_repeat: bool = False
    is_claimed: bool = False
    is_elsewhere: bool = False
    may_be_answered: bool = False
    is_answered: bool = False
    answer: Answer = None
    acknowledged: float | None = None
    is_begun: bool = False
    is_told: bool = False

    async def acknowledge(self, answer: Answer = None) -> bool:
        """Acknowledge it by its connection, once: whoever asks a second time, from whichever thread, is ignored.

        Returns:
            `False` if that had been done before.
        """
        with _DECIDING:
            is_first, self.is_answered = not self.is_answered, True
        if not is_first:
            return False
        if self.loop is asyncio.get_running_loop():
            await self.connection.acknowledge(self.envelope.id, answer)
        elif not self.loop.is_closed():  # closed: the bot has stopped, and with it whatever led to Slack
            sending = self.connection.acknowledge(self.envelope.id, answer)
            await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(sending, self.loop))
        self.answer = answer
        self.acknowledged = time.perf_counter()  # last: the other thread looks at this first
        return True
