"""The Python prompt, with the running bot at hand."""

from __future__ import annotations

from pathlib import Path

from textual.app import ComposeResult

from machine_console.panes.base import Pane
from machine_console.repl.pane.terminal import ReplTerminal


class ReplPane(Pane):
    """Holds the prompt, which opens once it is attached to a running bot.

    Args:
        history_path: Where inputs are kept from session to session.
    """

    NUMBER = 7
    TITLE = "REPL"

    def __init__(self, history_path: Path | None = None) -> None:
        super().__init__(id="repl")
        self.terminal = ReplTerminal(history_path, id="repl-terminal")

    def compose(self) -> ComposeResult:
        """The prompt fills the pane."""
        yield self.terminal

    def main(self) -> ReplTerminal:
        """The prompt."""
        return self.terminal
