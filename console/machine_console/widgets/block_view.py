"""A document with things to use in it, by keyboard and by mouse."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from machine_console.blockkit.controls import Control, ControlPart
from machine_console.blockkit.layout import controls_in
from machine_console.text.document_tree import Node
from machine_console.text.styled_text import Line, Part, width_of, wrap
from machine_console.widgets.document_view import DocumentView


class BlockView(DocumentView):
    """Shows blocks; Enter or a click uses what the cursor or the pointer is on."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "use", "Use"),
        Binding("left,h", "beside(-1)", "Left", show=False),
        Binding("right,l", "beside(1)", "Right", show=False),
        Binding("right_square_bracket", "next_control(1)", "Next button"),
        Binding("left_square_bracket", "next_control(-1)", "Previous button", show=False),
    ]

    @dataclass
    class ControlUsed(Message):
        """A person uses a control; `key` leads to the node it stands in."""

        used: Control
        key: str

    _position = 0
    """Which of the controls in the row of the cursor is meant."""

    def row(self, index: int, width: int) -> Line:
        """The line; in the row of the cursor, the control that Enter would use stands out."""
        parts = super().row(index, width)
        if index != self.cursor or not self.has_focus:
            return parts
        meant = self._meant()
        return tuple(
            replace(part, style="focus") if isinstance(part, ControlPart) and part is meant else part for part in parts
        )

    def control(self) -> Control | None:
        """The control that Enter would use."""
        part = self._meant()
        return part.control if part is not None else None

    def action_use(self) -> None:
        """Use the control, or fold and unfold."""
        part = self._meant()
        if part is None:
            self.action_toggle_fold()
        else:
            self._use(part, self.cursor)

    def action_beside(self, step: int) -> None:
        """Go to the control beside it; without any, fold or unfold."""
        found = self._controls(self.cursor)
        if not found:
            if step < 0:
                self.action_fold()
            else:
                self.action_unfold()
            return
        self._position = max(0, min(self._position + step, len(found) - 1))
        self.refresh()

    def action_next_control(self, step: int) -> None:
        """Go to the next control, wherever it is."""
        here = self._controls(self.cursor)
        if here and 0 <= self._position + step < len(here):
            self.action_beside(step)
            return
        order = range(self.cursor + 1, self.row_count()) if step > 0 else range(self.cursor - 1, -1, -1)
        for index in order:
            if found := self._controls(index):
                self.go_to(index)
                self.is_following = False  # what arrives must not take the cursor from what somebody is about to press
                self._position = 0 if step > 0 else len(found) - 1
                return

    def action_move(self, rows: int) -> None:
        """Move the cursor; it begins with the first control of a row."""
        self._position = 0
        super().action_move(rows)

    def on_click(self, event: events.Click) -> None:
        """Use the control that was clicked."""
        offset = event.get_content_offset(self)
        if offset is None or (index := self.top + offset.y) >= self.row_count():
            return
        for position, (part, start) in enumerate(_places(self._rows[index].line)):
            if start <= offset.x < start + cell_len(part.text):
                event.prevent_default()
                event.stop()
                self.go_to(index)
                self._position = position
                self._use(part, index)
                return

    def _use(self, part: ControlPart, index: int) -> None:
        self.post_message(self.ControlUsed(part.control, self.path_at(index)[-1]))

    def _controls(self, index: int) -> list[ControlPart]:
        return controls_in(self._rows[index].line) if 0 <= index < len(self._rows) else []

    def _meant(self) -> ControlPart | None:
        found = self._controls(self.cursor)
        return found[min(self._position, len(found) - 1)] if found else None

    def _wrapped(self, node: Node, parts: Line, indent: int) -> list[Line]:
        """Controls stay whole: what does not fit beside the others goes to the next line."""
        if not controls_in(parts) or width_of(parts) <= self._width:
            return list(super()._wrapped(node, parts, indent))
        rows: list[Line] = []
        row: list[Part] = []
        for part in parts:
            if isinstance(part, ControlPart) and row and width_of((*row, part)) > self._width:
                rows += wrap(row, self._width, indent)[:-1] if not controls_in(tuple(row)) else []
                rows.append(tuple(row) if controls_in(tuple(row)) else wrap(row, self._width, indent)[-1])
                row = [Part(" " * indent)]
            row.append(part)
        return [*rows, tuple(row)]


def _places(row: Line) -> Iterator[tuple[ControlPart, int]]:
    start = 0
    for part in row:
        if isinstance(part, ControlPart):
            yield part, start
        start += cell_len(part.text)
