"""The place of the Python prompt, which comes once the bot has started."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.widget import Widget

from console.line import Line, Part, line
from console.panes.document import DocumentView
from console.panes.pane import Pane


class _NotYet(DocumentView):
    """Stands in for the prompt while there is nothing to talk to."""

    def hint(self) -> Sequence[Line]:
        return (
            line(Part("  The prompt opens as soon as the bot has started.", "strong")),
            line(""),
            line(Part("  It is Python, with the running bot at hand: ", "dim"), Part('say("#general", "hi")', "code")),
        )


class ReplPane(Pane):
    """Holds the prompt."""

    NUMBER = 7
    TITLE = "REPL"

    def __init__(self) -> None:
        super().__init__(id="repl")
        self._content: Widget = _NotYet(id="repl-waiting")

    def compose(self) -> ComposeResult:
        """The prompt fills the pane."""
        yield self._content

    def main(self) -> Widget:
        """The prompt."""
        return self._content

    async def put(self, terminal: Widget) -> None:
        """Open the prompt here."""
        had_focus = self._content.has_focus
        await self._content.remove()
        self._content = terminal
        await self.mount(terminal)
        if had_focus:
            terminal.focus()
