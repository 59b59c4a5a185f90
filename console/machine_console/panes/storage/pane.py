"""What plugins have stored."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from machine.errors import MachineError
from machine_console.panes.base import Pane, Selection
from machine_console.panes.storage.document import storage_nodes, value_facts
from machine_console.panes.storage.editing import StorageEditing
from machine_console.panes.throttle import Throttle
from machine_console.session.bot_session import BotSession
from machine_console.session.stored_values import StoredValue
from machine_console.text.document_tree import shown_repr
from machine_console.text.formatting import byte_size, counted
from machine_console.text.styled_text import Line, Part, line
from machine_console.widgets.document_view import DocumentView
from machine_console.widgets.filter_input import FilterLine

_LOOK_EVERY_S = 1.0
"""Seconds between two looks at storage while it is being written to."""
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

    def __init__(self, session: BotSession) -> None:
        super().__init__(id="storage")
        self._session = session
        self._editing = StorageEditing(session, self)
        self._seen_version = 0
        self._throttle = Throttle()
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
        self.set_interval(1, self._count_down)

    def main(self) -> StorageDocument:
        """The document."""
        return self._document

    def sync(self) -> None:
        """Read again what is stored, if somebody looks and it has changed."""
        is_stale = self._session.storage_version != self._seen_version
        if is_stale and self.display and self._throttle.is_open:
            self.action_look_again()

    def action_look_again(self) -> None:
        """Read again what is stored."""
        self._seen_version = self._session.storage_version
        self._throttle.close(_LOOK_EVERY_S)
        # The function and not its coroutine, which would be left over where another call takes its place at once.
        read: Any = self._read  # Textual's types know no coroutine functions
        self.run_worker(read, group="storage", exclusive=True, exit_on_error=False)

    async def _read(self) -> None:
        try:
            values, size = await self._session.stored()
        except MachineError as error:
            self.tell(str(error), severity="error")
        else:
            self._show(values, size)

    def _show(self, values: Sequence[StoredValue], total: int | None) -> None:
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
        self.show_state(f"{found}{counted(len(self._values), 'key')}{size}" if self._values else "")

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

    def selection(self) -> Selection | None:
        """The selected values, with all that is known about them."""
        values = self.selected()
        if not values:
            return None
        return Selection("storage", counted(len(values), "stored value"), [value_facts(value) for value in values])

    def action_search(self) -> None:
        """Type what to look for."""
        self._filter_line.open()

    def action_clear_search(self) -> None:
        """Show everything again."""
        self._filter_line.close()
        self._search("")

    def action_change(self, what: str) -> None:
        """Edit, add or delete a value, or undo the last change."""
        self.attempt(self._change(what), group="change")

    async def _change(self, what: str) -> None:
        done = await self._editing.change(what, self.current())
        if done:
            self.tell(done)
            self.action_look_again()

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
