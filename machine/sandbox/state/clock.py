"""Time in the workspace: a clock that tests can move, and the unique timestamps and ids made from it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from datetime import datetime
from typing import TypeAlias

Clock: TypeAlias = Callable[[], datetime | float]
"""Tells the time, as an aware datetime or as seconds since 1970."""

_MICROSECONDS = 1_000_000
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ID_LENGTH = 10
_PAIRS = [first + second for first in _DIGITS for second in _DIGITS]  # two digits at a time take half as long


def stable_id(prefix: str, *names: str) -> str:
    """An id that stays the same for the same names, so that what a bot stored about it survives a restart."""
    digest = hashlib.sha256("\0".join((prefix, *names)).encode()).digest()
    number = int.from_bytes(digest[:8], "big")
    pairs = [prefix] * (_ID_LENGTH // 2 + 1)
    for place in range(_ID_LENGTH // 2, 0, -1):
        number, pair = divmod(number, len(_PAIRS))
        pairs[place] = _PAIRS[pair]
    return "".join(pairs)


class Timeline:
    """Hands out timestamps and ids that are unique and increasing, whatever the clock does."""

    def __init__(self, clock: Clock = time.time) -> None:
        self._clock = clock
        self._last = 0
        self._ahead_s = 0.0

    @property
    def now(self) -> float:
        """The time in seconds since 1970."""
        at = self._clock()
        return (at.timestamp() if isinstance(at, datetime) else at) + self._ahead_s

    def jump(self, seconds: float) -> None:
        """Go that far ahead of the clock, or behind it, in addition to earlier jumps."""
        self._ahead_s += seconds

    def next_ts(self) -> str:
        """A message timestamp as Slack writes it: `1700000000.000100`."""
        seconds, microseconds = divmod(self._tick(), _MICROSECONDS)
        return f"{seconds}.{microseconds:06d}"

    def next_id(self, prefix: str) -> str:
        """An id for a thing that does not outlive the process, with Slack's prefix for its kind."""
        return prefix + _base36(self._tick())

    def short_id(self) -> str:
        """An id of five characters, as Slack gives blocks and elements that have none."""
        return self.next_id("")[-5:]

    @property
    def last(self) -> int:
        """The last moment handed out, in microseconds since 1970."""
        return self._last

    def go_on_after(self, last: int) -> None:
        """Hand out only what comes after that moment, in microseconds since 1970."""
        self._last = max(self._last, last)

    def _tick(self) -> int:
        self._last = max(int(self.now * _MICROSECONDS), self._last + 1)
        return self._last


def _base36(number: int) -> str:
    digits = []
    while number:
        number, digit = divmod(number, 36)
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))
