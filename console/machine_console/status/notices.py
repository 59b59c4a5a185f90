"""Which of the many things that go wrong a person is told of, and how often."""

from __future__ import annotations

from datetime import datetime, timedelta

QUIET = timedelta(seconds=10)
"""After a notice about one thing, the next about the same thing waits this long."""
_MAX_KNOWN = 1_000


class Notices:
    """Lets the first of many similar notices through: a storm of errors is seen, and does not bury the screen."""

    def __init__(self) -> None:
        self._last: dict[str, datetime] = {}
        self._held: dict[str, int] = {}

    def let_through(self, about: str, at: datetime) -> int | None:
        """Whether to tell: how many similar ones were held back before, or `None` to hold this one back too."""
        last = self._last.get(about)
        if last is not None and timedelta() <= at - last < QUIET:
            self._held[about] = self._held.get(about, 0) + 1
            return None
        if len(self._last) >= _MAX_KNOWN:
            self._last.clear()
            self._held.clear()
        self._last[about] = at
        return self._held.pop(about, 0)
