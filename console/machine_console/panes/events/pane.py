"""The events as they come in, newest last."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message

from machine_console.history.event_filter import EXAMPLE, parse_event_filter
from machine_console.history.filtered_events import FilteredEvents
from machine_console.history.history import EventTrace
from machine_console.history.replay import Replayed
from machine_console.panes.base import Pane, Selection
from machine_console.panes.events.actions import EventActions, events_selection
from machine_console.panes.events.row import event_line
from machine_console.session.bot_session import BotSession
from machine_console.text.formatting import Names, counted, is_from_a_bot
from machine_console.text.styled_text import Line, Part, line
from machine_console.widgets.filter_input import FilterLine
from machine_console.widgets.line_list import LinesView

_LOOK_BACK = 20
"""Events looked at to find the newest one that is not the bot's own."""
_SEARCH_PAUSE_S = 0.01
"""Seconds for the bot between two slices of a search."""


class EventList(LinesView):
    """One row per event.

    Attributes:
        marked: The numbers of the events that a person has marked, to do something with all of them.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "Open"),
        Binding("end,G", "last", "Follow"),
    ]

    _can_follow = True
    _keeps_cursor = True

    def __init__(self, events: FilteredEvents, names: Names, timezone: tzinfo) -> None:
        super().__init__(id="event-list", is_following=True)
        self._events = events
        self._names = names
        self._timezone = timezone
        self._held = (0, 0)
        self.marked: set[int] = set()

    def sync(self) -> None:
        """Catch up; what is being read stays where it is, whatever the filter finds above it."""
        self._events.advance()
        if not self.is_following:
            self.cursor, self.top = map(self._events.index_of, self._held)
        super().sync()

    def _go(self, index: int, *, top: int) -> None:
        super()._go(index, top=top)
        if self.row_count():
            self._held = (self.row_number(self.cursor), self.row_number(self.top))

    def row_count(self) -> int:
        """How many events are shown."""
        return len(self._events)

    def row_number(self, index: int) -> int:
        """The number of the event."""
        return self._events.number_at(index)

    def row(self, index: int, width: int) -> Line:
        """The event in a few words."""
        event = self._events[index]
        row = event_line(event, self._names, width, self._timezone)
        return (row[0], Part("●", "accent"), *row[2:]) if event.number in self.marked else row

    def row_key(self, index: int) -> Hashable:
        """An event is drawn anew when something has happened to it."""
        event = self._events[index]
        return event.number, event.version, event.number in self.marked

    def newest(self) -> int:
        """The newest event that somebody else caused: the bot's own messages answer it and follow at once."""
        events = self._events
        last = len(events) - 1
        for index in range(last, max(last - _LOOK_BACK, -1), -1):
            if not is_from_a_bot(events[index].envelope):
                return index
        return last

    def hint(self) -> Sequence[Line]:
        """How to make something happen, or what hides it."""
        if self._events.filter:
            return (
                line(Part("  Searching …" if self._events.is_searching else "  No event matches.", "strong")),
                line(""),
                line(
                    Part("  Esc", "accent"),
                    Part(" takes the filter away, ", "dim"),
                    Part("/", "accent"),
                    Part(" changes it.", "dim"),
                ),
            )
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
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter"),
        Binding("p", "pause", "Pause"),
        Binding("r", "replay", "Replay"),
        Binding("e", "edit", "Edit"),
        Binding("w", "why", "Why"),
        Binding("m,space", "mark", "Mark", show=False),
        Binding("escape", "clear_filter", "Clear filter and marks", show=False),
    ]

    @dataclass
    class EventHighlighted(Message):
        """The cursor is on this event now."""

        event: EventTrace

    def __init__(self, session: BotSession) -> None:
        super().__init__(id="events")
        self._history = session.history
        self._actions = EventActions(session, self)
        self._events = FilteredEvents(self._history, session.names)
        self._list = EventList(self._events, session.names, session.timezone)
        self._filter_line = FilterLine(EXAMPLE)
        self._seen_version = -1
        self._is_search_due = False

    def compose(self) -> ComposeResult:
        """The list fills the pane; the filter stands below it."""
        yield self._list
        yield self._filter_line

    def main(self) -> EventList:
        """The list."""
        return self._list

    @property
    def filter_text(self) -> str:
        """The filter as it is written; empty where there is none."""
        return self._filter_line.text

    def set_filter(self, text: str) -> None:
        """Show only what this filter lets through; all events where it is empty."""
        self._filter_line.text = text
        self._apply(text)

    def sync(self) -> None:
        """Show what has been recorded since the last time."""
        if self._history.version != self._seen_version:
            self._catch_up()

    def _catch_up(self) -> None:
        self._seen_version = self._history.version
        self._list.sync()
        self._tell_state()
        if self._events.is_searching and not self._is_search_due and self.is_mounted:
            self._is_search_due = True
            self.set_timer(_SEARCH_PAUSE_S, self._search_on)

    def _search_on(self) -> None:
        self._is_search_due = False
        self._catch_up()

    def select(self, event: EventTrace) -> None:
        """Put the cursor on an event, if it is still kept; a filter that hides it is taken away."""
        index = self._events.index_of(event.number)
        if index >= len(self._events) or self._events.number_at(index) != event.number:
            if self._history.by_number(event.number) is not event:
                return
            self.set_filter("")
            self._events.pause(is_paused=False)
            index = self._events.index_of(event.number)
        self._list.go_to(index)
        self._tell_state()

    def _tell_state(self) -> None:
        events = self._history.events
        if not events:
            self.show_state("")
            return
        if self._events.filter:
            searching = ", searching" if self._events.is_searching else ""
            shown = f"{len(self._events):,} of {counted(len(events), 'event')}{searching}"
        else:
            shown = counted(len(events), "event")
        marked = f", {len(self._list.marked)} marked" if self._list.marked else ""
        forgotten = f", {events.dropped:,} older ones forgotten" if events.dropped else ""
        self.show_state(f"{shown}{marked}{forgotten}, {self._state()}")

    def _state(self) -> str:
        if self._events.is_paused:
            return f"stopped, {self._events.held_back:,} new, p goes on"
        return "following" if self._list.is_following else "paused, End follows again"

    def current(self) -> EventTrace | None:
        """The event under the cursor."""
        return self._events[self._list.cursor] if self._list.cursor < len(self._events) else None

    # What keys do.

    def action_filter(self) -> None:
        """Type a filter."""
        self._filter_line.open()

    def action_clear_filter(self) -> None:
        """Show everything again, and forget the marks."""
        self._list.marked.clear()
        self._filter_line.close()
        self._catch_up()
        self._apply("")

    def action_pause(self) -> None:
        """Let nothing new in, or let it in again."""
        self._events.pause(not self._events.is_paused)
        self._catch_up()

    def action_mark(self) -> None:
        """Mark the event, or take the mark away, and go on to the next."""
        event = self.current()
        if event is not None:
            self._list.marked ^= {event.number}
            self._list.action_move(1)
            self._tell_state()

    def selected(self) -> list[EventTrace]:
        """The marked events in their order, else the one under the cursor."""
        marked = [self._history.by_number(number) for number in sorted(self._list.marked)]
        return [event for event in marked or [self.current()] if event is not None]

    def action_replay(self) -> None:
        """Run the marked events again, else the one under the cursor."""
        self._actions.replay(self.selected())

    def action_edit(self) -> None:
        """Change the payload and send it."""
        event = self.current()
        if event is not None:
            self._actions.edit(event)

    def action_why(self) -> None:
        """Try out what the text of the event under the cursor, and others like it, would run."""
        self._actions.try_text(self.current())

    def try_text(self) -> None:
        """Try out what a text would run."""
        self._actions.try_text(None)

    def show_replayed(self, results: Sequence[Replayed]) -> None:
        """Show what was different when a recording was run again."""
        self._actions.show_replayed(results)

    def redraw(self) -> None:
        """Draw every row anew: people and channels are called something else now."""
        self._list.redraw()

    def selection(self) -> Selection | None:
        """The marked events, else the one under the cursor."""
        return events_selection(self.selected())

    def _apply(self, text: str) -> None:
        if text == self._events.filter.source:
            return
        self._events.apply(parse_event_filter(text))
        self._filter_line.note("; ".join(self._events.filter.problems))
        self._catch_up()

    def on_filter_line_changed(self, event: FilterLine.Changed) -> None:
        """Filter with each key."""
        event.stop()
        self._apply(event.text)

    def on_filter_line_left(self, event: FilterLine.Left) -> None:
        """Back to the list."""
        event.stop()
        self._list.focus()

    def on_lines_view_highlighted(self, event: LinesView.Highlighted) -> None:
        """Say which event it is."""
        event.stop()
        self._tell_state()
        if event.index < len(self._events):
            self.post_message(self.EventHighlighted(self._events[event.index]))

    def on_lines_view_chosen(self, event: LinesView.Chosen) -> None:
        """Say which event it is."""
        event.stop()
        if event.index < len(self._events):
            self.post_message(self.EventOpened(self._events[event.index]))
