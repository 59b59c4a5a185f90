"""How often handlers ran, how often they failed, and how long they took."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta
from statistics import median

from machine.trace import InvocationFailed, InvocationFinished, Record

MAX_DURATIONS = 500
"""The newest calls of a handler from which its usual duration is told."""


@dataclass(frozen=True, slots=True)
class CallSummary:
    """The calls of one handler: how many ended, failures included, and how long they took usually and at most."""

    count: int
    failed: int
    median: timedelta
    longest: timedelta


@dataclass(slots=True)
class _Calls:
    count: int = 0
    failed: int = 0
    longest: timedelta = timedelta()
    durations: deque[timedelta] = field(default_factory=lambda: deque(maxlen=MAX_DURATIONS))


class HandlerStats:
    """Counts calls from the trace.

    Attributes:
        version: Grows with each call.
    """

    def __init__(self) -> None:
        self.version = 0
        self._calls: dict[str, _Calls] = {}

    def record(self, record: Record) -> None:
        """Count a call that has ended; other records say nothing of calls."""
        if not isinstance(record, InvocationFinished | InvocationFailed):
            return
        calls = self._calls.setdefault(record.handler, _Calls())
        calls.count += 1
        calls.failed += isinstance(record, InvocationFailed)
        calls.longest = max(calls.longest, record.duration)
        calls.durations.append(record.duration)
        self.version += 1

    def of(self, handler: str) -> CallSummary | None:
        """The calls of a handler; `None` where there were none."""
        calls = self._calls.get(handler)
        if calls is None:
            return None
        usual = timedelta(seconds=median(one.total_seconds() for one in calls.durations))
        return CallSummary(calls.count, calls.failed, usual, calls.longest)
