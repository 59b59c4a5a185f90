"""Collections at the prompt: live, shown as tables, and asked by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Generic, TypeVar, overload

from machine.models import Channel, User
from machine_console.history.history import EventTrace, History
from machine_console.repl.language.errors import ReplError
from machine_console.repl.verbs.display import Rows, rows_of
from machine_console.repl.verbs.lookup import Lookup

MAX_LISTED = 1_000
"""Rows of a table: of more than that nobody reads the last, and the bot would do nothing else meanwhile."""

SHOWN_EVENTS = 40

T = TypeVar("T")


class Collection(Sequence[T], Generic[T]):
    """What there is at this moment, each time it is looked at.

    Args:
        title: What the items are.
        source: Gives the items.
        find: Finds an item by its name; by default the items have no names.
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


class EventCollection(Collection[EventTrace]):
    """The events that are kept, oldest first.

    Args:
        history: Keeps them.
        lookup: Finds the people and channels that are meant.
    """

    def __init__(self, history: History, lookup: Lookup) -> None:
        super().__init__("events", lambda: history.events)
        self._history = history
        self._lookup = lookup

    def where(  # type: ignore[override]  # these names mean more than fields of the events
        self,
        condition: Callable[[EventTrace], bool] | None = None,
        /,
        *,
        kind: str | None = None,
        error: bool | None = None,
        user: User | str | None = None,
        channel: Channel | str | None = None,
        text: str | None = None,
        handler: str | None = None,
        **fields: object,
    ) -> list[EventTrace]:
        """The events for which all of this holds: `events.where(kind="message", error=True)`.

        Args:
            condition: Called with each event.
            kind: The event's type, the command, or the kind of payload: `message`, `/deploy`, `block_actions`.
            error: Whether a handler raised.
            user: Who caused it.
            channel: Where it happened.
            text: What the message has in it, in any case of letters.
            handler: Part of the name of a handler that it was for.
            fields: Values of other attributes of the event.
        """
        user_id = self._lookup.user(user).id if user is not None else None
        channel_id = self._lookup.channel(channel).id if channel is not None else None
        return [
            event
            for event in super().where(condition, **fields)
            if (kind is None or kind in (event.envelope.type, event.envelope.kind))
            and (error is None or event.failed == error)
            and (user_id is None or event.envelope.user_id == user_id)
            and (channel_id is None or event.envelope.channel_id == channel_id)
            and (text is None or text.casefold() in event.envelope.text.casefold())
            and (handler is None or any(handler in one.handler for one in event.matched))
        ]

    @overload
    def __getitem__(self, key: int | str) -> EventTrace: ...
    @overload
    def __getitem__(self, key: slice) -> list[EventTrace]: ...
    def __getitem__(self, key: int | str | slice) -> EventTrace | list[EventTrace]:
        if isinstance(key, str):
            return super().__getitem__(key)
        found = self._history.events[key]  # at once, however many there are
        return found if isinstance(found, EventTrace) else list(found)

    def __len__(self) -> int:
        return len(self._history.events)

    def __iter__(self) -> Iterator[EventTrace]:
        return iter(list(self._history.events))

    def __repl__(self) -> Rows:
        return rows_of(self[-SHOWN_EVENTS:], "events") or Rows((), (), "events")
