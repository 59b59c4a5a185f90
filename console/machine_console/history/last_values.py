"""What each key of the storage held last, as far as the trace has told: a `set` does not say what it replaces."""

from __future__ import annotations

from machine.trace import StorageAccessed

MAX_KEYS = 10_000


class LastValues:
    """The last known value of the keys used most recently."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, str], str] = {}

    def take_in(self, access: StorageAccessed) -> str | None:
        """Note an operation; returns what the key held before it was written or removed, where that is known."""
        place = (access.plugin, access.key)
        if access.operation == "has":
            return None
        before = self._values.pop(place, None)
        if access.value is not None:
            if len(self._values) >= MAX_KEYS:
                del self._values[next(iter(self._values))]
            self._values[place] = access.value
        return before if access.operation in ("set", "delete") else None
