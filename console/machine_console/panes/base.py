"""What all panes have in common: a number to jump to, a title, and a place for the focus."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.containers import Vertical
from textual.widget import Widget

from machine_console.text.styled_text import clean


class Pane(Vertical):
    """A framed part of the window.

    Attributes:
        NUMBER: The key that jumps here.
        TITLE: The name in the frame and among the tabs.
    """

    NUMBER: ClassVar[int]
    TITLE: ClassVar[str]

    def on_mount(self) -> None:
        """Put the title on the frame."""
        self.tell("")

    def tell(self, state: str) -> None:
        """Say in the frame how things stand: how much there is, whether it follows."""
        self.border_title = Text.assemble(
            (f"{self.NUMBER} ", "dim"), (self.TITLE, "bold"), (f"  {clean(state)}" if state else "", "dim")
        )

    def main(self) -> Widget:
        """What takes the focus when one comes to this pane."""
        raise NotImplementedError
