"""Which events have been seen, so that one that Slack delivers again runs once.

Slack retries at once, after 1 and after 5 minutes, with a new `envelope_id` and the same `event_id`. A retry may also
be the only delivery that ever arrived, so what counts is what was seen, never the retry number.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

from machine.envelope import Envelope

REMEMBERED_FOR = timedelta(minutes=10)
MAX_REMEMBERED = 100_000  # about 15 MB; a bot would have to get 160 events a second to reach it


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
