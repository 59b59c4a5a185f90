"""Keeps the garbage collector from holding up the bot.

A full collection looks at every object there is: those of the console itself, and what the history keeps. With tens of
thousands of events that takes hundreds of milliseconds, in which no handler runs; in a burst of 1,000 messages it took
a third of the time (`benchmarks/console_load.py`). What the history keeps is no garbage, so it is taken out of the
collector's sight; what has just become garbage is collected before.
"""

from __future__ import annotations

import gc

MAX_EVENTS_TO_SEARCH = 5_000
"""Events up to which a full collection is short enough to be made after a reload, for the modules it replaced."""
_EVENTS_A_TURN = 200
"""Events that must have come before more is taken out of sight: what is idle leaves the collector alone."""


class Tidying:
    """When to take what the history keeps out of the collector's sight."""

    def __init__(self) -> None:
        self._seen = 0

    def settle(self, events: int) -> None:
        """Collect what became garbage lately, and take what is left out of sight, if enough events have come.

        Cycles that turn into garbage later stay until `collect_all()` or `release()`.

        Args:
            events: How many have come so far.
        """
        if events - self._seen >= _EVENTS_A_TURN:
            self._seen = events
            gc.collect(1)
            gc.freeze()


def collect_all(events: int) -> None:
    """Look for garbage everywhere, unless so many events are kept that this would be felt."""
    if events <= MAX_EVENTS_TO_SEARCH:
        gc.unfreeze()
        gc.collect()


def release() -> None:
    """Let the collector see everything again."""
    gc.unfreeze()
