"""A clock that stands still until somebody moves it."""

from __future__ import annotations

from datetime import UTC, datetime


class Clock:
    """Tells the same moment until it is moved; called, it tells it in seconds since 1970.

    Args:
        start: The first moment, an aware datetime; the present by default.
    """

    def __init__(self, start: datetime | None = None) -> None:
        if start is not None and start.tzinfo is None:
            raise ValueError(f"{start} has no time zone. Give an aware datetime: datetime(..., tzinfo=UTC).")
        self._now = (start or datetime.now(UTC)).astimezone(UTC)

    @property
    def now(self) -> datetime:
        """The time, as an aware datetime in UTC."""
        return self._now

    def move_to(self, moment: datetime) -> None:
        """Set the time.

        Raises:
            ValueError: The moment lies in the past: messages and jobs cannot be taken back.
        """
        if moment < self._now:
            raise ValueError(f"{moment} is before {self._now}: one cannot travel back.")
        self._now = moment.astimezone(UTC)

    def __call__(self) -> float:
        """The time in seconds since 1970."""
        return self._now.timestamp()
