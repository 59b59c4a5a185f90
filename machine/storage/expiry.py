"""How long stored data lives, said the same way by every backend."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import timedelta
from typing import TypeAlias

from machine.errors import StorageError

Clock: TypeAlias = Callable[[], float]
"""Tells the time in seconds since 1970; `time.time` but in tests."""

_LONGEST_S = int(timedelta(days=365 * 1000).total_seconds())  # a thousand years, within what every backend can count

SWEEP_INTERVAL_S = 60.0
"""How often expired data is cleared away at most, in seconds; it is never returned, swept or not."""


def whole_seconds(expires: float | timedelta | None) -> int | None:
    """The lifetime in whole seconds, at least 1; fractions are rounded up.

    Args:
        expires: Seconds, or a duration; `None` for data that stays.

    Raises:
        StorageError: The lifetime is zero, negative or beyond a thousand years.
    """
    if expires is None:
        return None
    seconds = expires.total_seconds() if isinstance(expires, timedelta) else expires
    if not seconds > 0:
        raise StorageError(
            f"Data cannot expire after {seconds} seconds. Give `expires` a positive number of seconds, or leave it "
            "out; to remove data, use delete()."
        )
    if seconds > _LONGEST_S:
        raise StorageError("Data cannot expire in more than a thousand years. Leave `expires` out to keep it.")
    return math.ceil(seconds)


class Sweep:
    """Says when it is time to clear away what has expired, so that a store does not grow with data nobody can read."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = clock()

    def is_due(self) -> bool:
        """Whether the interval has passed; true once per interval."""
        now = self._clock()
        if 0 <= now - self._last < SWEEP_INTERVAL_S:
            return False
        self._last = now
        return True
