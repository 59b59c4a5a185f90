"""The events as they come in, newest last."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message

from console.history import EventTrace, History
from console.line import Line, Part, line
from console.panes.lines import LinesView
from console.panes.pane import Pane
from console.summary import IdsOnly, Names, counted, event_line, is_from_a_bot

_LOOK_BACK = 20
"""Events looked at to find the newest one that is not the bot's own."""


class EventList(LinesView):
    """One row per event."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "Open"),
        Binding("end,G", "last", "Follow"),
    ]

    _can_follow = True
    _keeps_cursor = True

    def __init__(self, history: History, names: Names, timezone: tzinfo) -> None:
        super().__init__(id="event-list", is_following=True)
        self._history = history
        self._names = names
        self._timezone = timezone

    def row_count(self) -> int:
        """How many events are kept."""
        return len(self._history.events)

    def origin(self) -> int:
        """How many events have been forgotten."""
        return self._history.events.dropped

    def row(self, index: int, width: int) -> Line:
        """The event in a few words."""
        return event_line(self._history.events[index], self._names, width, self._timezone)

    def row_key(self, index: int) -> Hashable:
        """An event is drawn anew when something has happened to it."""
        event = self._history.events[index]
        return event.number, event.version

    def newest(self) -> int:
        """The newest event that somebody else caused: the bot's own messages answer it and follow at once."""
        events = self._history.events
        last = len(events) - 1
        for index in range(last, max(last - _LOOK_BACK, -1), -1):
            if not is_from_a_bot(events[index].envelope):
                return index
        return last

    def hint(self) -> Sequence[Line]:
        """How to make something happen."""
        return (
            line(Part("  No events yet.", "strong")),
            line(""),
            line(Part("  Whatever Slack sends appears here the moment it arrives.", "dim")),
            line(
                Part("  Press ", "dim"), Part("3", "accent"), Part(" for the chat and say something to the bot.", "dim")
            ),
        )


class EventsPane(Pane):
    """The list of events; tells which one a person is looking at."""

    NUMBER = 1
    TITLE = "Events"

    @dataclass
    class EventHighlighted(Message):
        """The cursor is on this event now."""

        event: EventTrace

    @dataclass
    class EventOpened(Message):
        """A person wants to see everything about this event."""

        event: EventTrace

    def __init__(self, history: History, names: Names | None = None, timezone: tzinfo = UTC) -> None:
        super().__init__(id="events")
        self._history = history
        self._list = EventList(history, names or IdsOnly(), timezone)

    def compose(self) -> ComposeResult:
        """The list fills the pane."""
        yield self._list

    def main(self) -> EventList:
        """The list."""
        return self._list

    def sync(self) -> None:
        """Show what has been recorded since the last time."""
        self._list.sync()
        self._tell_state()

    def select(self, event: EventTrace) -> None:
        """Put the cursor on an event, if it is still kept."""
        index = event.number - self._history.events.dropped
        if 0 <= index < len(self._history.events):
            self._list.go_to(index)
            self._tell_state()

    def _tell_state(self) -> None:
        events = self._history.events
        if not events:
            self.tell("")
            return
        state = "following" if self._list.is_following else "paused, End follows again"
        forgotten = f", {events.dropped:,} older ones forgotten" if events.dropped else ""
        self.tell(f"{counted(len(events), 'event')}{forgotten}, {state}")

    def on_lines_view_highlighted(self, event: LinesView.Highlighted) -> None:
        """Say which event it is."""
        event.stop()
        self._tell_state()
        if event.index < len(self._history.events):
            self.post_message(self.EventHighlighted(self._history.events[event.index]))

    def on_lines_view_chosen(self, event: LinesView.Chosen) -> None:
        """Say which event it is."""
        event.stop()
        if event.index < len(self._history.events):
            self.post_message(self.EventOpened(self._history.events[event.index]))
