"""What plugins have stored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message

from console.line import Line, Part, line
from console.panes.document import DocumentView
from console.panes.pane import Pane
from console.stored import StoredValue, storage_nodes
from console.summary import byte_size, counted


class StorageDocument(DocumentView):
    """Plugins, keys, values."""

    def hint(self) -> Sequence[Line]:
        """How something comes to be here."""
        return (
            line(Part("  Nothing is stored yet.", "strong")),
            line(""),
            line(Part("  A plugin stores values with ", "dim"), Part("await self.storage.set(key, value)", "code")),
            line(Part("  Press ", "dim"), Part("r", "accent"), Part(" to look again.", "dim")),
        )


class StoragePane(Pane):
    """The stored values, by plugin."""

    NUMBER = 4
    TITLE = "Storage"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("r", "look_again", "Look again")]

    class RefreshRequested(Message):
        """A person wants to see the values as they are now."""

    def __init__(self) -> None:
        super().__init__(id="storage")
        self._document = StorageDocument(id="storage-document")

    def compose(self) -> ComposeResult:
        """The document fills the pane."""
        yield self._document

    def main(self) -> StorageDocument:
        """The document."""
        return self._document

    def show(self, values: Sequence[StoredValue], total: int | None = None) -> None:
        """Show these values; `total` is how many bytes the backend takes."""
        self._document.show(storage_nodes(values))
        size = f", {byte_size(total)} in all" if total is not None else ""
        self.tell(f"{counted(len(values), 'key')}{size}" if values else "")

    def action_look_again(self) -> None:
        """Ask for the values."""
        self.post_message(self.RefreshRequested())
