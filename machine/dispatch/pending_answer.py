"""Finds the one answer to an envelope, however many handlers might want to give it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from machine.envelope import Answer
from machine.logger import get_logger

Acknowledge: TypeAlias = Callable[[Answer], Awaitable[bool]]
"""Acknowledges an envelope; says whether that had not been done before."""

_logger = get_logger(__name__)


class PendingAnswer:
    """Waits for the first of some handlers to answer, or for all of them to end.

    Args:
        acknowledge: Carries the answer to Slack. It may have been called meanwhile, as Slack does not wait for long.
        handlers: How many handlers may answer.
    """

    def __init__(self, acknowledge: Acknowledge, handlers: int) -> None:
        self._acknowledge = acknowledge
        self._outstanding = handlers
        self._is_given = False

    async def give(self, answer: Answer, handler: str) -> None:
        """Answer on behalf of `handler`; only the first answer reaches Slack, later ones are logged."""
        is_first, self._is_given = not self._is_given, True
        if not (is_first and await self._acknowledge(answer)):
            _logger.warning("An answer came too late or second: Slack takes one within 3 seconds", handler=handler)

    async def handler_ended(self) -> None:
        """One of the handlers has ended; after the last one an empty answer is sent if none was given."""
        self._outstanding -= 1
        if self._outstanding == 0 and not self._is_given:
            await self._acknowledge(None)
