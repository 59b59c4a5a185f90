"""The Python prompt, with the running bot at hand."""

from __future__ import annotations

from textual.app import ComposeResult

from machine_console.panes.base import Pane
from machine_console.repl.pane.terminal import ReplTerminal
from machine_console.repl.remote.service import HISTORY_FILE
from machine_console.session.bot_session import BotSession


class ReplPane(Pane):
    """Holds the prompt, which opens once the bot has started."""

    NUMBER = 7
    TITLE = "REPL"

    def __init__(self, session: BotSession) -> None:
        super().__init__(id="repl")
        self._session = session
        self._is_attached = False
        self.terminal = ReplTerminal(session.project / HISTORY_FILE, id="repl-terminal")

    def compose(self) -> ComposeResult:
        """The prompt fills the pane."""
        yield self.terminal

    def main(self) -> ReplTerminal:
        """The prompt."""
        return self.terminal

    def sync(self) -> None:
        """Open the prompt."""
        if self._session.has_started and not self._is_attached:
            self._is_attached = True
            setup = self._session.repl_setup()
            self.terminal.attach(setup.namespace, label=setup.label, is_live=setup.is_live, mode=setup.mode)

    def on_repl_terminal_left(self, event: ReplTerminal.Left) -> None:
        """Back to the events; the prompt stays."""
        event.stop()
        self.post_message(self.Left())
