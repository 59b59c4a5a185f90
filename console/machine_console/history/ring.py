"""A bounded sequence that forgets its oldest items, with quick access to any of them.

`collections.deque` would be the obvious choice, but looking up an item in its middle takes time proportional to its
length, and a list that is scrolled looks up nothing but items in the middle.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Generic, TypeVar, overload

T = TypeVar("T")


class Ring(Sequence[T], Generic[T]):
    """The newest `limit` items, oldest first.

    Attributes:
        limit: How many items are kept.
        dropped: How many have been forgotten, so `dropped + index` numbers an item for as long as it is kept.
    """

    def __init__(self, limit: int) -> None:
        if limit < 1:
            raise ValueError("a ring holds at least one item")
        self.limit = limit
        self.dropped = 0
        self._items: list[T] = []
        self._start = 0

    def append(self, item: T) -> T | None:
        """Add `item` as the newest; returns the item that was forgotten for it, if any."""
        if len(self._items) < self.limit:
            self._items.append(item)
            return None
        forgotten = self._items[self._start]
        self._items[self._start] = item
        self._start = (self._start + 1) % self.limit
        self.dropped += 1
        return forgotten

    def clear(self) -> None:
        """Forget everything; the numbering goes on."""
        self.dropped += len(self._items)
        self._items.clear()
        self._start = 0

    def __len__(self) -> int:
        return len(self._items)

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> list[T]: ...
    def __getitem__(self, index: int | slice) -> T | list[T]:
        if isinstance(index, slice):
            return self._between(*index.indices(len(self._items)))
        length = len(self._items)
        if index < 0:
            index += length
        if not 0 <= index < length:
            raise IndexError("ring index out of range")
        return self._items[(self._start + index) % length]

    def _between(self, start: int, stop: int, step: int) -> list[T]:
        if step != 1 or start >= stop:
            return [self[position] for position in range(start, stop, step)]
        first, last = start + self._start, stop + self._start
        length = len(self._items)
        if first >= length:
            return self._items[first - length : last - length]
        return self._items[first:last] + self._items[: max(last - length, 0)]

    def __iter__(self) -> Iterator[T]:
        for position in range(len(self._items)):
            yield self[position]
