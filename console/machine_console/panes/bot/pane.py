"""How the bot itself stands: connection, rate limits, event loop, memory, files."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, tzinfo

from textual.app import ComposeResult

from machine_console.panes.base import Pane
from machine_console.panes.bot.document import BotFacts, bot_nodes
from machine_console.text.styled_text import Line, Part, line
from machine_console.widgets.document_view import DocumentView


class BotDocument(DocumentView):
    """The facts, foldable."""

    def hint(self) -> Sequence[Line]:
        """What will be here."""
        return (line(Part("  The bot is starting.", "dim")),)


class BotPane(Pane):
    """Shows the facts about the bot that fit no top line."""

    NUMBER = 8
    TITLE = "Bot"

    def __init__(self, timezone: tzinfo = UTC) -> None:
        super().__init__(id="bot")
        self._timezone = timezone
        self._facts: BotFacts | None = None
        self._document = BotDocument(id="bot-document")

    def compose(self) -> ComposeResult:
        """The document fills the pane."""
        yield self._document

    def main(self) -> BotDocument:
        """The document."""
        return self._document

    def show(self, facts: BotFacts) -> None:
        """Show how things stand now."""
        if facts != self._facts:
            self._facts = facts
            self._document.show(bot_nodes(facts, self._timezone))
            self.tell(facts.connection)
