"""Answers one envelope exactly once, however many handlers might want to."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from machine.envelope import Answer

ANSWER_WITHIN_S = 2.5  # Slack gives up after 3 seconds; the rest is for the way back

_logger = logging.getLogger(__name__)


class PendingAnswer:
    """Waits for the first of some handlers to answer, for all of them to end, or for the time to run out.

    Args:
        send: Acknowledges the envelope; says whether that had not been done before.
        handlers: How many handlers may answer; with none, the answer is empty and sent at once.
    """

    def __init__(self, send: Callable[[Answer], Awaitable[bool]], handlers: int) -> None:
        self._send = send
        self._outstanding = handlers
        self._is_sent = False
        self._timer: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to wait."""
        if self._outstanding == 0:
            await self._answer(None)
        else:
            self._timer = asyncio.create_task(self._answer_in_time())

    async def give(self, answer: Answer, handler: str) -> None:
        """Answer on behalf of `handler`; only the first answer reaches Slack, later ones are logged."""
        if self._is_sent or not await self._answer(answer):
            _logger.warning("The answer of %s came too late or second, Slack takes one within 3 seconds", handler)

    async def handler_ended(self) -> None:
        """One of the handlers has ended; after the last one an empty answer is sent if none was given."""
        self._outstanding -= 1
        if self._outstanding == 0 and not self._is_sent:
            await self._answer(None)

    async def _answer_in_time(self) -> None:
        await asyncio.sleep(ANSWER_WITHIN_S)
        if not self._is_sent:
            self._timer = None
            await self._answer(None)

    async def _answer(self, answer: Answer) -> bool:
        self._is_sent = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        return await self._send(answer)
