"""What is done with an event: run it again, change it, ask why, open the source of what it ran."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from textual.app import SuspendNotSupported

from machine.slack.text_encoding import decode
from machine_console.history.export import event_facts
from machine_console.history.history import JOB_KIND, EventTrace
from machine_console.history.replay import Replayed, restored
from machine_console.panes.base import Pane, Selection
from machine_console.runtime.editor import EditorError, edit_file, lent_terminal
from machine_console.screens.comparison import ComparisonScreen
from machine_console.screens.payload_editor import PayloadScreen
from machine_console.screens.playground import PlaygroundScreen
from machine_console.session.bot_session import BotSession
from machine_console.text.document_tree import Place
from machine_console.text.formatting import counted


class EventActions:
    """Does it for a pane that has events.

    Args:
        session: The bot.
        pane: Shows the screens, and says what went wrong.
    """

    def __init__(self, session: BotSession, pane: Pane) -> None:
        self._session = session
        self._pane = pane

    def replay(self, events: Sequence[EventTrace], payload: Mapping[str, Any] | None = None) -> None:
        """Run these events again, in this order; each with another payload, where one is given."""
        replayable = [event for event in events if event.envelope.kind != JOB_KIND]
        if replayable:
            self._pane.attempt(self._replay(replayable, payload), title="Replay", group="replay")
        elif events:
            self._pane.tell("A scheduled job has no event to replay.", title="Replay", severity="warning")

    async def _replay(self, events: Sequence[EventTrace], payload: Mapping[str, Any] | None) -> None:
        results: list[Replayed] = []
        try:
            for event in events:
                results.append(await self._session.replay(event, payload))  # noqa: PERF401 - what has run is kept
        finally:
            if results:  # also where a later one fails
                self.show_replayed(results)

    def show_replayed(self, results: Sequence[Replayed]) -> None:
        """Show what was different."""
        self._pane.app.push_screen(ComparisonScreen(results, is_captured=self._session.captures_replays))

    def edit(self, event: EventTrace) -> None:
        """Let a person change the payload, then send it."""
        if event.envelope.kind == JOB_KIND:
            self._pane.tell("A scheduled job has no payload.", title="Edit", severity="warning")
            return
        original = event.envelope.payload

        def send(edited: Mapping[str, Any] | None) -> None:
            if edited is not None:
                self.replay([event], restored(edited, original))

        captured = ", nothing is sent to Slack" if self._session.captures_replays else ""
        self._pane.app.push_screen(PayloadScreen(f"Payload of event {event.number + 1}{captured}", original), send)

    def try_text(self, event: EventTrace | None) -> None:
        """Let a person try out what a text would run; it begins with that of the event."""
        chat = self._session.chat
        if chat is None:
            self._pane.tell("The bot has not started yet.", severity="warning")
            return
        envelope = event.envelope if event is not None else None
        text = ""
        if envelope is not None:
            is_command = envelope.kind == "slash_commands"
            text = f"{envelope.type} {envelope.text}".rstrip() if is_command else decode(envelope.text)
        screen = PlaygroundScreen(self._session.explain, text, chat.people(), chat.channels())
        if envelope is not None:
            screen.start_with(envelope.user_id, envelope.channel_id)
        self._pane.app.push_screen(screen)

    def open_source(self, about: str | Place) -> None:
        """Open the editor where a handler, or the line that failed, is written."""
        place = about if isinstance(about, Place) else self._session.source_of(about)
        if place is None:
            self._pane.tell(f"{about} is not loaded any more.", title="Source", severity="warning")
        else:
            self._pane.attempt(self._open(place), title="Editor")

    async def _open(self, place: Place) -> None:
        try:
            await edit_file(Path(place.file), place.line, terminal=lent_terminal(self._pane.app))
        except SuspendNotSupported:
            problem = f"An editor needs a terminal of its own. The place is {place.file}:{place.line}."
            self._pane.tell(problem, title="Editor", severity="warning")
        except EditorError as error:
            self._pane.tell(str(error), title="Editor", severity="warning")


def events_selection(events: Sequence[EventTrace]) -> Selection | None:
    """Events to be exported, with everything they led to."""
    if not events:
        return None
    return Selection("events", counted(len(events), "event"), [event_facts(event) for event in events])
