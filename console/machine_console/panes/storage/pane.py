"""What plugins have stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message

from machine_console.panes.base import Pane
from machine_console.panes.storage.stored_values import StoredValue, storage_nodes
from machine_console.text.document_tree import shown_repr
from machine_console.text.formatting import byte_size, counted
from machine_console.text.styled_text import Line, Part, line
from machine_console.widgets.document_view import DocumentView
from machine_console.widgets.filter_input import FilterLine

_FLASH_S = 1.5
"""Seconds for which a changed value stands out."""


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
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", "Search"),
        Binding("e", "change('edit')", "Edit"),
        Binding("a", "change('add')", "Add"),
        Binding("d,delete", "change('delete')", "Delete"),
        Binding("u", "change('undo')", "Undo"),
        Binding("r", "look_again", "Look again", show=False),
        Binding("escape", "clear_search", "Show all", show=False),
    ]

    class RefreshRequested(Message):
        """A person wants to see the values as they are now."""

    @dataclass
    class ChangeRequested(Message):
        """A person wants to `edit`, `add` or `delete` a value, or to `undo` the last change."""

        what: str
        value: StoredValue | None

    def __init__(self) -> None:
        super().__init__(id="storage")
        self._document = StorageDocument(id="storage-document")
        self._filter_line = FilterLine("key, plugin or value")
        self._values: Sequence[StoredValue] = ()
        self._seen: dict[str, str] | None = None
        self._changed: frozenset[str] = frozenset()
        self._total: int | None = None
        self._wanted = ""

    def compose(self) -> ComposeResult:
        """The document fills the pane; the search stands below it."""
        yield self._document
        yield self._filter_line

    def on_mount(self) -> None:
        """Count down what expires."""
        super().on_mount()
        self.set_interval(1, self._count_down)

    def main(self) -> StorageDocument:
        """The document."""
        return self._document

    def show(self, values: Sequence[StoredValue], total: int | None = None) -> None:
        """Show these values; `total` is how many bytes the backend takes. What has changed flashes."""
        now = {one.full_key: f"{one.size} {shown_repr(one.value)}" for one in values if one.full_key}
        if self._seen is not None:
            seen = self._seen
            self._changed = frozenset(key for key, state in now.items() if seen.get(key) != state)
            if self._changed and self.is_mounted:
                self.set_timer(_FLASH_S, self._calm)
        self._seen, self._values, self._total = now, values, total
        self._draw()

    def _draw(self) -> None:
        shown = [one for one in self._values if one.says(self._wanted)] if self._wanted else self._values
        self._document.show(storage_nodes(shown, datetime.now(UTC), self._changed))
        size = f", {byte_size(self._total)} in all" if self._total is not None else ""
        found = f"{len(shown)} of " if self._wanted else ""
        self.tell(f"{found}{counted(len(self._values), 'key')}{size}" if self._values else "")

    def _calm(self) -> None:
        self._changed = frozenset()
        self._draw()

    def _count_down(self) -> None:
        if self.display and any(one.expires_at for one in self._values):
            self._draw()

    def current(self) -> StoredValue | None:
        """The value that the cursor is on or in."""
        if not self._document.row_count():
            return None
        path = self._document.path_at(self._document.cursor)
        return next((one for one in self._values if (one.plugin, one.key) == path[:2]), None)

    def selected(self) -> list[StoredValue]:
        """The value that the cursor is on or in; on the name of a plugin, all that this plugin has stored."""
        if not self._document.row_count():
            return []
        path = self._document.path_at(self._document.cursor)
        return [one for one in self._values if (one.plugin, one.key)[: len(path)] == path[:2]]

    def action_look_again(self) -> None:
        """Ask for the values."""
        self.post_message(self.RefreshRequested())

    def action_search(self) -> None:
        """Type what to look for."""
        self._filter_line.open()

    def action_clear_search(self) -> None:
        """Show everything again."""
        self._filter_line.close()
        self._search("")

    def action_change(self, what: str) -> None:
        """Ask for a change."""
        self.post_message(self.ChangeRequested(what, self.current()))

    def _search(self, text: str) -> None:
        self._wanted = text.strip().lower()
        self._draw()

    def on_filter_line_changed(self, event: FilterLine.Changed) -> None:
        """Search with each key."""
        event.stop()
        self._search(event.text)

    def on_filter_line_left(self, event: FilterLine.Left) -> None:
        """Back to the values."""
        event.stop()
        self._document.focus()
