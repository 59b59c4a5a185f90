"""Everything about one event."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from machine_console.history.history import EventTrace
from machine_console.panes.base import Pane, Selection
from machine_console.panes.events.actions import EventActions, events_selection
from machine_console.panes.events.event_document import account_of
from machine_console.session.bot_session import BotSession
from machine_console.text.formatting import mark_of
from machine_console.text.styled_text import Line, Part, line
from machine_console.widgets.document_view import DocumentView
from machine_console.widgets.filter_input import FilterLine


class EventDocument(DocumentView):
    """The account of an event, foldable."""

    def hint(self) -> Sequence[Line]:
        """What will be here."""
        return (
            line(Part("  No event selected.", "strong")),
            line(""),
            line(Part("  Here you see which handlers matched and why, and what each", "dim")),
            line(Part("  of them did. Press ", "dim"), Part("1", "accent"), Part(" and choose an event.", "dim")),
        )


class DetailPane(Pane):
    """Shows an event and keeps up with it while its handlers run."""

    NUMBER = 2
    TITLE = "Detail"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "find", "Find"),
        Binding("n", "find_next(1)", "Next", show=False),
        Binding("N", "find_next(-1)", "Previous", show=False),
        Binding("o", "source", "Source"),
        Binding("P", "plugin", "Plugin", show=False),
        Binding("r", "replay", "Replay"),
        Binding("e", "edit", "Edit"),
        Binding("w", "why", "Why"),
        Binding("escape", "leave", "Back to events", show=False),
    ]

    def __init__(self, session: BotSession) -> None:
        super().__init__(id="detail")
        self._names = session.names
        self._timezone = session.timezone
        self._actions = EventActions(session, self)
        self._event: EventTrace | None = None
        self._shown: tuple[int, int] | None = None
        self._document = EventDocument(id="event-document")
        self._find_line = FilterLine("find in this event, also in what is folded; n next, N previous")

    def compose(self) -> ComposeResult:
        """The document fills the pane; what is looked for stands below it."""
        yield self._document
        yield self._find_line

    def main(self) -> EventDocument:
        """The document."""
        return self._document

    @property
    def is_empty(self) -> bool:
        """Whether no event has been shown yet."""
        return self._event is None

    def show(self, event: EventTrace) -> None:
        """Show this event from now on."""
        if event is not self._event:
            self._document.reset()
            self._find_line.close()
        self._event = event
        self.sync()

    def sync(self) -> None:
        """Show what has happened to the event since."""
        event = self._event
        if event is None or self._shown == (event.number, event.version):
            return
        self._shown = (event.number, event.version)
        self._document.show(account_of(event, self._names, self._timezone))
        self.show_state(f"event {event.number + 1}, {mark_of(event).meaning}")

    @property
    def event(self) -> EventTrace | None:
        """The event that is shown."""
        return self._event

    def go_to_error(self) -> None:
        """Put the cursor on the exception of the first handler that failed."""
        if self._event is None:
            return
        for position, run in enumerate(self._event.invocations):
            if run.error is not None:
                self._document.reveal((f"run{position}", "error"))
                return

    def action_leave(self) -> None:
        """Take the search away, else ask to go back."""
        if self._find_line.display:
            self._find_line.close()
            return
        self.post_message(self.Left())

    def action_find(self) -> None:
        """Type what is looked for."""
        self._find_line.open()

    def action_find_next(self, step: int) -> None:
        """Go to the next or the previous place found."""
        self._find(step)

    def _find(self, step: int, *, stays: bool = False) -> None:
        text = self._find_line.text
        position, count = self._document.find(text, step, stays=stays)
        self._find_line.note(f"{position} of {count}" if count else "not found" if text else "")

    def on_filter_line_changed(self, event: FilterLine.Changed) -> None:
        """Find with each key."""
        event.stop()
        self._find(1, stays=True)

    def on_filter_line_left(self, event: FilterLine.Left) -> None:
        """Back to the document."""
        event.stop()
        self._document.focus()

    def action_source(self) -> None:
        """Open the source of what the cursor is on; of the only handler, where it is on none."""
        about = self._document.about or self._only_handler()
        if about is not None:
            self._actions.open_source(about)

    def action_plugin(self) -> None:
        """Go to the plugin of the handler that the cursor is on."""
        about = self._document.about
        handler = about if isinstance(about, str) else self._only_handler()
        if handler is not None:
            self.post_message(self.PluginOpened(handler.rpartition(".")[0]))

    def _only_handler(self) -> str | None:
        runs = self._event.invocations if self._event is not None else []
        return runs[0].handler if runs else None

    def action_replay(self) -> None:
        """Run the event again."""
        self._actions.replay([self._event] if self._event is not None else [])

    def action_edit(self) -> None:
        """Change the payload and send it."""
        if self._event is not None:
            self._actions.edit(self._event)

    def action_why(self) -> None:
        """Try out texts like that of the event."""
        if self._event is not None:
            self._actions.try_text(self._event)

    def selection(self) -> Selection | None:
        """The event."""
        return events_selection([self._event] if self._event is not None else [])
