"""How the bot is doing: connection, rate limits, event loop and memory, for the top line and the Bot pane."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

from machine.trace import ConnectionChanged, RateLimited
from machine_console.history.history import History
from machine_console.status.process_stats import LoopLag, memory_bytes
from machine_console.status.rate_limit_usage import MethodUsage, RateLimitUsage
from machine_console.text.formatting import counted

_CHANGES_SHOWN = 20
_LAGS_KEPT = 60
_LOOKED_THROUGH = 1_000
"""The newest events, among which those that still run are counted."""


@dataclass(frozen=True, slots=True)
class Status:
    """How the bot stands.

    Attributes:
        is_live: Whether it talks to a real workspace.
        workspace: The workspace's name.
        connection: `connecting`, `connected`, `reconnecting`, `disconnected`, `failed` or `stopping`.
        plugins: How many are live.
        errors: Handlers and plugins that failed so far.
        limited: What waits because Slack asked for patience, and how long; empty while nothing does.
        lag_ms: How late the event loop ran things, at worst, within the last second.
        memory_mb: The memory of the process; 0 while it is not known.
        calls: Calls within the last minute of the Web API method that is nearest to its limit.
        calls_allowed: How many of them Slack allows; 0 while nothing is called.
    """

    is_live: bool = False
    workspace: str = ""
    connection: str = "connecting"
    plugins: int = 0
    errors: int = 0
    limited: str = ""
    lag_ms: int = 0
    memory_mb: int = 0
    calls: int = 0
    calls_allowed: int = 0


@dataclass(frozen=True, slots=True)
class BotFacts:
    """How the bot stands at this moment.

    Attributes:
        connection: The state of the connection.
        workspace: Name of the workspace.
        is_live: Whether it is a real one.
        changes: The newest changes of the connection, oldest first.
        waiting: What waits because Slack asked for patience; empty where nothing does.
        uses: Web API methods called within the last minute, the tightest first.
        process: What there is to tell of the process, by name.
        places: Where its files are, by name.
    """

    connection: str
    workspace: str
    is_live: bool
    changes: Sequence[ConnectionChanged] = ()
    waiting: str = ""
    uses: Sequence[MethodUsage] = ()
    process: tuple[tuple[str, str], ...] = ()
    places: tuple[tuple[str, str], ...] = ()


class BotStatus:
    """Keeps count of what concerns the bot as a whole.

    Args:
        clock: Tells the seconds.
        is_live: Whether the workspace is a real one.

    Attributes:
        budget: How often Slack is called.
        lag: How late the event loop runs things.
        connection: The state of the connection.
        workspace: The workspace's name, once it is known.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, *, is_live: bool = False) -> None:
        self._clock = clock
        self._is_live = is_live
        self.budget = RateLimitUsage(clock)
        self.lag = LoopLag()
        self.connection = "connecting"
        self.workspace = ""
        self._lags: deque[int] = deque([0], maxlen=_LAGS_KEPT)
        self._memory_mb = 0
        self._tightest: MethodUsage | None = None
        self._changes: deque[ConnectionChanged] = deque(maxlen=_CHANGES_SHOWN)
        self._limited_until = 0.0
        self._limited_method = ""

    def changed(self, record: ConnectionChanged) -> None:
        """The connection is not what it was."""
        self._changes.append(record)
        self.connection = record.state

    def limited(self, record: RateLimited) -> None:
        """Slack asked for patience; the longest wait is the one that is told."""
        until = self._clock() + record.wait.total_seconds()
        if until > self._limited_until:
            self._limited_until, self._limited_method = until, record.method

    def sample(self) -> None:
        """Measure event loop, memory and calls; to be called once a second."""
        self._lags.append(round(self.lag.take_worst_ms()))
        self._memory_mb = memory_bytes() // 1_000_000
        self._tightest = next((use for use in self.budget.uses() if use.allowed), None)

    def now(self, *, plugins: int = 0, errors: int = 0) -> Status:
        """How the bot is doing, with what others count."""
        tightest = self._tightest
        return Status(
            is_live=self._is_live,
            workspace=self.workspace,
            connection=self.connection,
            plugins=plugins,
            errors=errors,
            limited=self._waiting(),
            lag_ms=self._lags[-1],
            memory_mb=self._memory_mb,
            calls=tightest.calls if tightest is not None else 0,
            calls_allowed=(tightest.allowed or 0) if tightest is not None else 0,
        )

    def _waiting(self) -> str:
        """What waits for Slack, and how long still; empty where nothing does."""
        left = self._limited_until - self._clock()
        return f"{self._limited_method} waits {math.ceil(left)} s" if left > 0 else ""

    def facts(self, history: History, places: tuple[tuple[str, str], ...]) -> BotFacts:
        """All of it, for the Bot pane."""
        running = sum(event.is_running for event in islice(reversed(history.events), _LOOKED_THROUGH))
        return BotFacts(
            connection=self.connection,
            workspace=self.workspace,
            is_live=self._is_live,
            changes=tuple(self._changes),
            waiting=self._waiting(),
            uses=tuple(self.budget.uses()),
            process=(
                ("memory", f"{self._memory_mb} MB"),
                ("loop lag", f"{self._lags[-1]} ms, at worst {max(self._lags)} ms within a minute"),
                ("running now", counted(running, "event")),
                ("kept", f"{counted(len(history.events), 'event')}, {counted(len(history.logs), 'log line')}"),
            ),
            places=places,
        )
