"""Waiting until nothing is left to happen: looked at again whenever something did, never by the clock."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from machine.bot import Machine
from machine.sandbox import Sandbox
from machine.trace import (
    EnvelopeDropped,
    EnvelopeReceived,
    EventEmitted,
    HandlersConsidered,
    InvocationFailed,
    InvocationFinished,
    InvocationStarted,
    JobFired,
    Record,
)

__tracebackhide__ = True  # pytest shows the line of the test, not those in here

T = TypeVar("T")


class Settling:
    """Follows what is under way between a workspace and a bot.

    Args:
        patience: The longest it waits; what takes longer fails the test.
    """

    def __init__(self, patience: timedelta) -> None:
        self.patience = patience
        self._happened = asyncio.Event()
        self._count = 0
        self._undecided: set[str] = set()
        self._to_start: Counter[str] = Counter()
        self._running: dict[str, str] = {}

    def notice(self, happening: object) -> None:
        """Something happened: a trace record, or a change of the workspace."""
        self._count += 1
        self._happened.set()
        if isinstance(happening, Record):
            self._follow(happening)

    async def settled(self, sandbox: Sandbox, machine: Machine) -> None:
        """Return once every event has reached the bot, every handler has ended, and so has what they caused.

        Raises:
            AssertionError: It takes longer than the patience; the message names the handlers that still run.
        """
        try:
            async with asyncio.timeout(self.patience.total_seconds()):
                while True:
                    before = self._count
                    await sandbox.wait_until_idle()
                    await machine.wait_until_idle()
                    if self._is_quiet(sandbox) and self._count == before:
                        return
                    if self._count == before:  # an event is on its way from the acknowledgement to its handlers
                        await self._next()
        except TimeoutError:
            raise AssertionError(self._what_lasts(sandbox)) from None

    async def until(self, condition: Callable[[], T | None], what: str) -> T:
        """The first value of `condition` that is true."""
        try:
            async with asyncio.timeout(self.patience.total_seconds()):
                while not (value := condition()):
                    await self._next()
                return value
        except TimeoutError:
            raise AssertionError(f"{what} did not come about within {self.patience.total_seconds():g} s.") from None

    async def _next(self) -> None:
        self._happened.clear()
        await self._happened.wait()

    def _is_quiet(self, sandbox: Sandbox) -> bool:
        return not (sandbox.socket_mode.unacknowledged_count or self._undecided or self._to_start or self._running)

    def _follow(self, record: Record) -> None:
        match record:
            case EnvelopeReceived(envelope=envelope):
                self._undecided.add(envelope.id)
            case EnvelopeDropped(envelope_id=str(envelope_id)):
                self._undecided.discard(envelope_id)
            case HandlersConsidered(envelope_id=str(envelope_id), matched=matched):
                self._undecided.discard(envelope_id)
                self._to_start.update(entry.handler for entry in matched)
            case EventEmitted(listeners=listeners):
                self._to_start.update(listeners)
            case JobFired(handler=handler):
                self._to_start[handler] += 1
            case InvocationStarted(handler=handler, invocation_id=str(invocation_id)):
                self._running[invocation_id] = handler
                self._to_start -= Counter([handler])
            case (
                InvocationFinished(invocation_id=str(invocation_id))
                | InvocationFailed(invocation_id=str(invocation_id))
            ):
                self._running.pop(invocation_id, None)
            case _:
                pass

    def _what_lasts(self, sandbox: Sandbox) -> str:
        waiting = [f"{handler} is still running" for handler in self._running.values()]
        waiting += [f"{handler} has not begun" for handler in self._to_start]
        if count := sandbox.socket_mode.unacknowledged_count:
            waiting.append(f"the bot has not acknowledged {count} events")
        what = "; ".join(waiting) or "things keep happening"
        return (
            f"Not everything has ended within {self.patience.total_seconds():g} s: {what}. If that is meant to last, "
            "do it in a task of the plugin's own, or raise `bot.patience`."
        )
