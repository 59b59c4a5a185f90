"""What happened, at the prompt: `events[-1]`, `events.where(kind="message", error=True)`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import overload

from machine.models import Channel, User
from machine_console.history.history import EventTrace, History
from machine_console.repl.verbs.collections import Listing
from machine_console.repl.verbs.display import Rows, rows_of
from machine_console.repl.verbs.lookup import Lookup

SHOWN_EVENTS = 40


class EventListing(Listing[EventTrace]):
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
