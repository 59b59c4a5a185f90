"""How the bot stands: what the top line and the Bot pane say of connection, rate limits, event loop and memory."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from itertools import islice

from machine.trace import ConnectionChanged, RateLimited
from machine_console.app.status_bar import Status
from machine_console.history.history import History
from machine_console.panes.bot.document import BotFacts
from machine_console.status.process_stats import LoopLag, memory_bytes
from machine_console.status.rate_limit_usage import RateLimitUsage
from machine_console.text.formatting import counted

_CHANGES_SHOWN = 20
_LAGS_KEPT = 60
_LOOKED_THROUGH = 1_000
"""The newest events, among which those that still run are counted."""


class Standing:
    """Keeps count of what concerns the bot as a whole.

    Args:
        clock: Tells the seconds.

    Attributes:
        budget: How often Slack is called.
        lag: How late the event loop runs things.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.budget = RateLimitUsage(clock)
        self.lag = LoopLag()
        self._lags: deque[int] = deque([0], maxlen=_LAGS_KEPT)
        self._changes: deque[ConnectionChanged] = deque(maxlen=_CHANGES_SHOWN)
        self._limited_until = 0.0
        self._limited_method = ""

    def changed(self, record: ConnectionChanged) -> None:
        """The connection is not what it was."""
        self._changes.append(record)

    def limited(self, record: RateLimited) -> None:
        """Slack asked for patience; the longest wait is the one that is told."""
        until = self._clock() + record.wait.total_seconds()
        if until > self._limited_until:
            self._limited_until, self._limited_method = until, record.method

    def waiting(self) -> str:
        """What waits for Slack, and how long still; empty where nothing does."""
        left = self._limited_until - self._clock()
        return f"{self._limited_method} waits {math.ceil(left)} s" if left > 0 else ""

    def look(self, status: Status) -> Status:
        """The status as it is now; to be asked once a second."""
        self._lags.append(round(self.lag.take_worst_ms()))
        tightest = next((use for use in self.budget.uses() if use.allowed), None)
        return replace(
            status,
            lag_ms=self._lags[-1],
            memory_mb=memory_bytes() // 1_000_000,
            limited=self.waiting(),
            calls=tightest.calls if tightest is not None else 0,
            calls_allowed=(tightest.allowed or 0) if tightest is not None else 0,
        )

    def facts(self, status: Status, history: History, places: tuple[tuple[str, str], ...]) -> BotFacts:
        """All of it, for the Bot pane."""
        running = sum(event.is_running for event in islice(reversed(history.events), _LOOKED_THROUGH))
        return BotFacts(
            connection=status.connection,
            workspace=status.workspace,
            is_live=status.is_live,
            changes=tuple(self._changes),
            waiting=status.limited,
            uses=tuple(self.budget.uses()),
            process=(
                ("memory", f"{status.memory_mb} MB"),
                ("loop lag", f"{status.lag_ms} ms, at worst {max(self._lags)} ms within a minute"),
                ("running now", counted(running, "event")),
                ("kept", f"{counted(len(history.events), 'event')}, {counted(len(history.logs), 'log line')}"),
            ),
            places=places,
        )
