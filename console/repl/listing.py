"""Collections at the prompt: live, shown as tables, and asked by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Generic, TypeVar, overload

from console.repl.errors import ReplError
from console.repl.shapes import Rows, rows_of

T = TypeVar("T")


class Listing(Sequence[T], Generic[T]):
    """What there is at this moment, each time it is looked at.

    Args:
        title: What the items are.
        source: Gives the items.
        find: Finds an item by its name; by default the listing knows no names.
    """

    def __init__(
        self,
        title: str,
        source: Callable[[], Iterable[T]],
        find: Callable[[str], T] | None = None,
    ) -> None:
        self._title = title
        self._source = source
        self._find = find

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
        return list(self)[key]

    def __len__(self) -> int:
        return len(list(self._source()))

    def __iter__(self) -> Iterator[T]:
        return iter(list(self._source()))

    def __repr__(self) -> str:
        return f"<{len(self)} {self._title}>"

    def __repl__(self) -> Rows:
        return rows_of(list(self), self._title) or Rows((), (), self._title)
