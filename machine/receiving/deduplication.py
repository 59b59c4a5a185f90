"""Which events have been seen, so that one that Slack delivers again runs once.

Slack retries at once, after 1 and after 5 minutes, with a new `envelope_id` and the same `event_id`. A retry may also
be the only delivery that ever arrived, so what counts is what was seen, never the retry number.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Protocol, runtime_checkable

from machine.envelope import Envelope
from machine.logger import get_logger
from machine.redaction import redact

REMEMBERED_FOR = timedelta(minutes=10)
MAX_REMEMBERED = 100_000  # about 15 MB; a bot would have to get 160 events a second to reach it
CLAIM_WITHIN_S = 1.0
ASK_AGAIN_AFTER_S = 10.0  # what cannot be asked holds up the events for a second each time

_logger = get_logger(__name__)


class Deliveries:
    """Remembers deliveries for 10 minutes, and at most 100,000 of them.

    Args:
        clock: Seconds, only ever growing.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: dict[str, float] = {}

    def is_repeat(self, envelope: Envelope) -> bool:
        """Whether this event was seen before; from now on it was."""
        now = self._clock()
        self._forget(now)
        key = envelope.delivery_key
        if key in self._seen:
            return True
        self._seen[key] = now
        return False

    def _forget(self, now: float) -> None:
        oldest_kept = now - REMEMBERED_FOR.total_seconds()
        while self._seen:
            key = next(iter(self._seen))  # dicts keep the order of insertion: the first is the oldest
            if self._seen[key] >= oldest_kept and len(self._seen) < MAX_REMEMBERED:
                return
            del self._seen[key]


@runtime_checkable
class Claims(Protocol):
    """A storage in which several processes of the bot can agree on who does something."""

    async def claim(self, names: Sequence[str], lasting: timedelta) -> Sequence[bool]:
        """Claim names for some time; says of each whether nobody had claimed it."""


class SharedDeliveries:
    """Agrees with the other processes of the bot on who handles an event.

    Where they cannot be asked, each handles what it gets: an event may run twice then, but none is lost.

    Args:
        claims: Where they agree.
        clock: Seconds, only ever growing.
    """

    def __init__(self, claims: Claims, clock: Callable[[], float] = time.monotonic) -> None:
        self._claims = claims
        self._clock = clock
        self._silent_until = 0.0
        self._is_alone = False

    async def claim(self, envelopes: Sequence[Envelope]) -> list[bool]:
        """Which of these are this process's to handle; the others are another's."""
        # What has no event_id (commands, interactions) Slack sends once, to one process.
        keys = {envelope.delivery_key: True for envelope in envelopes if envelope.delivery_key != envelope.id}
        if keys and self._clock() >= self._silent_until:
            keys = await self._claimed(list(keys))
        return [keys.get(envelope.delivery_key, True) for envelope in envelopes]

    async def _claimed(self, keys: Sequence[str]) -> dict[str, bool]:
        try:
            claimed = await self._ask(keys)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the storage, no event is lost for it
            self._silent_until = self._clock() + ASK_AGAIN_AFTER_S
            if not self._is_alone:
                self._is_alone = True
                _logger.warning(
                    "Other processes of the bot cannot be asked what they handle; an event may run twice",
                    problem=redact(str(error)) or f"no answer within {CLAIM_WITHIN_S:g} s",
                )
            return dict.fromkeys(keys, True)
        if self._is_alone:
            self._is_alone = False
            _logger.info("Other processes of the bot can be asked again what they handle")
        return dict(zip(keys, claimed, strict=True))

    async def _ask(self, keys: Sequence[str]) -> Sequence[bool]:
        asking = asyncio.ensure_future(self._claims.claim(keys, REMEMBERED_FOR))
        try:
            for _ in range(2):  # a handler that holds up the loop uses up one wait, while the answer lies there unread
                answered, _pending = await asyncio.wait({asking}, timeout=CLAIM_WITHIN_S / 2)
                if answered:
                    return asking.result()
        finally:
            asking.cancel()
        raise TimeoutError
