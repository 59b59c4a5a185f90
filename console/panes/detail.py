"""Everything about one event."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, tzinfo

from textual.app import ComposeResult
from textual.binding import Binding
from textual.message import Message

from console.account import account_of
from console.history import EventTrace
from console.line import Line, Part, line
from console.panes.document import DocumentView
from console.panes.pane import Pane
from console.summary import IdsOnly, Names, mark_of


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
    BINDINGS = [Binding("escape", "leave", "Back to events", show=False)]  # noqa: RUF012 - Textual's way

    class Left(Message):
        """A person wants to go back to the list."""

    def __init__(self, names: Names | None = None, timezone: tzinfo = UTC) -> None:
        super().__init__(id="detail")
        self._names = names or IdsOnly()
        self._timezone = timezone
        self._event: EventTrace | None = None
        self._shown: tuple[int, int] | None = None
        self._document = EventDocument(id="event-document")

    def compose(self) -> ComposeResult:
        """The document fills the pane."""
        yield self._document

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
        self._event = event
        self.sync()

    def sync(self) -> None:
        """Show what has happened to the event since."""
        event = self._event
        if event is None or self._shown == (event.number, event.version):
            return
        self._shown = (event.number, event.version)
        self._document.show(account_of(event, self._names, self._timezone))
        self.tell(f"event {event.number + 1}, {mark_of(event).meaning}")

    def action_leave(self) -> None:
        """Ask to go back."""
        self.post_message(self.Left())
