"""Which events something has happened to, for views that keep what they worked out."""

from __future__ import annotations

MAX_CHANGES = 20_000


class Changes:
    """The newest changes by event number; who falls further behind than `MAX_CHANGES` must look at everything again.

    Attributes:
        position: Grows with each change noted.
    """

    def __init__(self) -> None:
        self._numbers: list[int] = []
        self._last = -1
        self.position = 0

    def note(self, number: int) -> None:
        """Something happened to this event."""
        if number == self._last:
            return  # the same event several times in a row, as is usual, counts once until somebody has looked
        self._last = number
        self._numbers.append(number)
        self.position += 1
        if len(self._numbers) > 2 * MAX_CHANGES:
            del self._numbers[:MAX_CHANGES]

    def mark(self) -> int:
        """The position as of now, for asking later what changed since."""
        self._last = -1
        return self.position

    def since(self, position: int) -> set[int] | None:
        """The events that changed after `position`; `None` where that is too long ago to say."""
        count = self.mark() - position
        if count > len(self._numbers):
            return None
        return set(self._numbers[len(self._numbers) - count :])
