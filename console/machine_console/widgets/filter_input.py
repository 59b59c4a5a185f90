"""The line under a list in which its filter is typed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Static

from machine_console.text.styled_text import clean


class _FilterInput(Input):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "clear_filter", "Clear", show=True),
        Binding("down,tab", "keep_filter", "To the list", show=False),
    ]

    @dataclass
    class Ended(Message):
        """A person is done typing."""

        is_cleared: bool

    def action_clear_filter(self) -> None:
        self.post_message(self.Ended(is_cleared=True))

    def action_keep_filter(self) -> None:
        self.post_message(self.Ended(is_cleared=False))


class FilterLine(Horizontal):
    """Hidden until one types a filter; says with each key what the filter is now.

    Args:
        example: What one can write, shown while nothing is written.
    """

    @dataclass
    class Changed(Message):
        """The filter reads differently."""

        text: str

    class Left(Message):
        """The focus should go back to the list."""

    def __init__(self, example: str) -> None:
        super().__init__(classes="filter-line")
        self._input = _FilterInput(placeholder=example, compact=True, select_on_focus=False)
        self._note = Static("", classes="filter-note", markup=False)
        self.display = False

    def compose(self) -> ComposeResult:
        """A sign, the input, and what is wrong with it."""
        yield Static("/", classes="filter-sign")
        yield self._input
        yield self._note

    @property
    def text(self) -> str:
        """The filter as it is written."""
        return self._input.value

    @text.setter
    def text(self, text: str) -> None:
        self._input.value = text
        self.display = bool(text)

    def open(self) -> None:
        """Let a person type."""
        self.display = True
        self._input.focus()

    def close(self) -> None:
        """Take the filter away."""
        self._input.value = ""
        self.display = False

    def note(self, text: str) -> None:
        """Say what is wrong with the filter."""
        self._note.update(Text(clean(text)))
        self._note.display = bool(text)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Say how the filter reads."""
        event.stop()
        self.post_message(self.Changed(event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter goes to what the filter found."""
        event.stop()
        self._leave(is_cleared=not event.value.strip())

    def on__filter_input_ended(self, event: _FilterInput.Ended) -> None:
        """Escape clears, Down and Tab keep."""
        event.stop()
        self._leave(is_cleared=event.is_cleared)

    def _leave(self, *, is_cleared: bool) -> None:
        if is_cleared:
            self.close()
        self.post_message(self.Left())
