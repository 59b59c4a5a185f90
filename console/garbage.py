"""Keeps the garbage collector from holding up the bot.

A full collection looks at every object there is. With tens of thousands of events in the history that takes hundreds
of milliseconds, in which no handler runs. What the history keeps is no garbage, so it is taken out of the collector's
sight; what has just become garbage is collected before.
"""

from __future__ import annotations

import gc

MAX_EVENTS_TO_SEARCH = 5_000
"""Events up to which a full collection is short enough to be made after a reload, for the modules it replaced."""


def settle(events: int) -> None:
    """With many events kept, collect what became garbage lately and take what is left out of the collector's sight.

    Cycles that turn into garbage later stay until `release()`; with few events the collector works as ever.
    """
    if events > MAX_EVENTS_TO_SEARCH:
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
