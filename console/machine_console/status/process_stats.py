"""How the process is: how late its event loop runs things, and how much memory it has."""

from __future__ import annotations

import asyncio
import os
import resource
import sys
from pathlib import Path

_PERIOD_S = 0.1
_STATM = Path("/proc/self/statm")


class LoopLag:
    """Measures how late an event loop runs what it was asked to run.

    A handler that computes instead of awaiting holds up every other handler; here that shows.
    """

    def __init__(self) -> None:
        self._worst_s = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to measure the running loop."""
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(_PERIOD_S, self._tick, loop, loop.time() + _PERIOD_S)

    def stop(self) -> None:
        """End measuring."""
        if self._timer is not None:
            self._timer.cancel()

    def _tick(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        self._worst_s = max(self._worst_s, loop.time() - due)
        self._timer = loop.call_later(_PERIOD_S, self._tick, loop, loop.time() + _PERIOD_S)

    def take_worst_ms(self) -> float:
        """The longest delay since the last time this was asked, in milliseconds."""
        worst, self._worst_s = self._worst_s, 0.0
        return worst * 1000


def memory_bytes() -> int:
    """The memory that the process takes now; where the system does not say, the most it has ever taken."""
    try:
        return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
