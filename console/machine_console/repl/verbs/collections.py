"""Collections at the prompt: live, shown as tables, and asked by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Generic, TypeVar, overload

from machine_console.repl.language.errors import ReplError
from machine_console.repl.verbs.display import Rows, rows_of

MAX_LISTED = 1_000
"""Rows of a table: of more than that nobody reads the last, and the bot would do nothing else meanwhile."""

T = TypeVar("T")


class Listing(Sequence[T], Generic[T]):
    """What there is at this moment, each time it is looked at.

    Args:
        title: What the items are.
        source: Gives the items.
        find: Finds an item by its name; by default the listing knows no names.
        count: How many there are, where they may be too many to be held at once and are read one after the other.
    """

    def __init__(
        self,
        title: str,
        source: Callable[[], Iterable[T]],
        find: Callable[[str], T] | None = None,
        count: Callable[[], int] | None = None,
    ) -> None:
        self._title = title
        self._source = source
        self._find = find
        self._count = count

    def where(self, condition: Callable[[T], bool] | None = None, /, **fields: object) -> list[T]:
        """The items for which `condition` holds and whose fields have these values: `users.where(is_bot=False)`."""
        return [
            item
            for item in self
            if (condition is None or condition(item))
            and all(getattr(item, name, None) == value for name, value in fields.items())
        ]

    @overload
    def __getitem__(self, key: int | str) -> T: ...
    @overload
    def __getitem__(self, key: slice) -> list[T]: ...
    def __getitem__(self, key: int | str | slice) -> T | list[T]:
        if isinstance(key, str):
            if self._find is None:
                raise ReplError(f"{self._title} are numbered: give an index.")
            return self._find(key)
        if isinstance(key, int) and key >= 0:
            for item in islice(self, key, None):
                return item
            raise IndexError(f"There are {len(self)} {self._title}.")
        if isinstance(key, slice) and min(key.start or 0, key.stop or -1, key.step or 1) >= 0:
            return list(islice(self, key.start, key.stop, key.step))
        return list(self)[key]

    def __len__(self) -> int:
        return self._count() if self._count is not None else len(list(self._source()))

    def __iter__(self) -> Iterator[T]:
        return iter(self._source() if self._count is not None else list(self._source()))

    def __repr__(self) -> str:
        return f"<{len(self)} {self._title}>"

    def __repl__(self) -> Rows:
        rows = rows_of(list(islice(self, MAX_LISTED)), self._title) or Rows((), (), self._title)
        return replace(rows, total=len(self))
