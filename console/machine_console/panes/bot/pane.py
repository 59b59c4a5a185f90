"""How the bot itself stands: connection, rate limits, event loop, memory, files."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult

from machine_console.panes.base import Pane
from machine_console.panes.bot.document import bot_nodes
from machine_console.panes.throttle import Throttle
from machine_console.session.bot_session import BotSession
from machine_console.status.bot_status import BotFacts
from machine_console.text.styled_text import Line, Part, line
from machine_console.widgets.document_view import DocumentView

_LOOK_EVERY_S = 1.0


class BotDocument(DocumentView):
    """The facts, foldable."""

    def hint(self) -> Sequence[Line]:
        """What will be here."""
        return (line(Part("  The bot is starting.", "dim")),)


class BotPane(Pane):
    """Shows the facts about the bot that fit no top line."""

    NUMBER = 8
    TITLE = "Bot"

    def __init__(self, session: BotSession) -> None:
        super().__init__(id="bot")
        self._session = session
        self._facts: BotFacts | None = None
        self._throttle = Throttle()
        self._document = BotDocument(id="bot-document")

    def compose(self) -> ComposeResult:
        """The document fills the pane."""
        yield self._document

    def main(self) -> BotDocument:
        """The document."""
        return self._document

    def sync(self) -> None:
        """Show how things stand, once a second while somebody looks."""
        if not self.display or not self._throttle.is_open:
            return
        self._throttle.close(_LOOK_EVERY_S)
        facts = self._session.facts()
        if facts != self._facts:
            self._facts = facts
            self._document.show(bot_nodes(facts, self._session.timezone))
            self.show_state(facts.connection)
