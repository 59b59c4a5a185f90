"""How often handlers ran, how often they failed, and how long they took."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from datetime import timedelta
from statistics import median

from machine.trace import InvocationFailed, InvocationFinished, Record

MAX_DURATIONS = 500
"""The newest calls of a handler from which its usual duration is told."""


class HandlerCalls:
    """The calls of one handler.

    Attributes:
        count: How often it ended, failures included.
        failed: How often it raised.
        longest: How long it took at most.
    """

    def __init__(self) -> None:
        self.count = 0
        self.failed = 0
        self.longest = timedelta()
        self._durations: deque[timedelta] = deque(maxlen=MAX_DURATIONS)

    @property
    def median(self) -> timedelta:
        """How long it usually takes."""
        seconds = [duration.total_seconds() for duration in self._durations]
        return timedelta(seconds=median(seconds)) if seconds else timedelta()

    def add(self, duration: timedelta, *, has_failed: bool) -> None:
        """One more call."""
        self.count += 1
        self.failed += has_failed
        self.longest = max(self.longest, duration)
        self._durations.append(duration)


class CallCounter:
    """Counts calls from the trace.

    Attributes:
        version: Grows with each call.
    """

    def __init__(self) -> None:
        self.version = 0
        self._calls: dict[str, HandlerCalls] = {}

    @property
    def calls(self) -> Mapping[str, HandlerCalls]:
        """The calls by name of the handler."""
        return self._calls

    def record(self, record: Record) -> None:
        """Take in a record."""
        if isinstance(record, (InvocationFinished, InvocationFailed)):
            calls = self._calls.setdefault(record.handler, HandlerCalls())
            calls.add(record.duration, has_failed=isinstance(record, InvocationFailed))
            self.version += 1
