"""Something to read, over the panes: help, a log line, a traceback."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from machine_console.text.document_tree import Node
from machine_console.text.styled_text import clean
from machine_console.widgets.document_view import DocumentView


class ReadingScreen(ModalScreen[None]):
    """Shows a document until Escape is pressed."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,enter", "dismiss", "Close")]

    def __init__(self, title: str, nodes: Sequence[Node]) -> None:
        super().__init__()
        self._title = title
        self._nodes_to_show = nodes
        self._document = DocumentView(id="reading-document")

    def compose(self) -> ComposeResult:
        """The document in a frame."""
        with Vertical(id="reading") as frame:
            frame.border_title = Text(clean(self._title), style="bold")
            frame.border_subtitle = Text("Esc closes", style="dim")
            yield self._document

    def on_mount(self) -> None:
        """Show the document."""
        self._document.show(self._nodes_to_show)
        self._document.focus()
