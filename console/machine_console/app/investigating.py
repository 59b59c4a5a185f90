"""From what happened to why, to the source, and to doing it again: the console's window with a bot to ask.

Panes say what a person wants; here it becomes a question to the bot, an editor, or a run.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import SuspendNotSupported, SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen

from machine.errors import MachineError
from machine_console.app.window import ConsoleWindow
from machine_console.history.event_outcome import outcome_of
from machine_console.history.history import JOB_KIND, EventTrace
from machine_console.history.replay import Replayed, replay, restored
from machine_console.panes.chat.transcript import ChatSource
from machine_console.panes.events.detail import DetailPane
from machine_console.panes.events.pane import EventsPane
from machine_console.runtime.editor import EditorError, edit_file, lent_terminal
from machine_console.screens.comparison import ComparisonScreen
from machine_console.screens.made_envelope import typed_envelope
from machine_console.screens.payload_editor import PayloadScreen
from machine_console.screens.playground import PlaygroundScreen
from machine_console.text.document_tree import Place

if TYPE_CHECKING:
    from machine.bot import Machine


class InvestigatingWindow(ConsoleWindow):
    """Answers what panes ask about events.

    Attributes:
        machine: The bot, once it runs.
        chat: The conversations, once the bot runs.
        failed_load_at: When a plugin could not be loaded, the last time.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f8", "playground", "Try a text", show=False, priority=True),
        Binding("f9", "go_to_error", "Last error", show=False, priority=True),
    ]

    machine: Machine | None = None
    chat: ChatSource | None = None
    failed_load_at: datetime | None = None

    # The source.

    def on_detail_pane_source_requested(self, event: DetailPane.SourceRequested) -> None:
        """Open the editor where the handler, or the line that failed, is written."""
        place = event.about if isinstance(event.about, Place) else self._place_of(event.about)
        if place is None:
            self.tell(f"{event.about} is not loaded any more.", title="Source", severity="warning")
            return
        self.run_worker(self.edit_file(Path(place.file), place.line), exit_on_error=False)

    def _place_of(self, name: str) -> Place | None:
        handlers = self.machine.registry.handlers if self.machine is not None else ()
        found = next((handler for handler in handlers if handler.name == name and handler.source_file), None)
        return Place(found.source_file, found.source_line) if found is not None else None

    async def edit_file(self, path: Path, line: int = 1) -> bool:
        """Give the terminal to the editor; the bot goes on. Returns whether the editor was left normally."""
        try:
            await edit_file(path, line, terminal=lent_terminal(self))
        except SuspendNotSupported:
            problem = f"An editor needs a terminal of its own. The place is {path}:{line}."
        except EditorError as error:
            problem = str(error)
        else:
            return True
        self.tell(problem, title="Editor", severity="warning")
        return False

    def on_detail_pane_plugin_requested(self, event: DetailPane.PluginRequested) -> None:
        """Show the plugin that the handler belongs to."""
        self.go_to(self.plugins_pane)
        self.plugins_pane.main().reveal((event.handler.rpartition(".")[0],))

    # Why.

    def action_playground(self) -> None:
        """Try out what a text would run."""
        if isinstance(self.screen, PlaygroundScreen):
            self.pop_screen()
        else:
            self._open_playground(None)

    def on_events_pane_why_requested(self, event: EventsPane.WhyRequested) -> None:
        """Begin with the text of that event."""
        self._open_playground(event.event)

    def on_detail_pane_why_requested(self, event: DetailPane.WhyRequested) -> None:
        """Begin with the text of that event."""
        self._open_playground(event.event)

    def _open_playground(self, event: EventTrace | None) -> None:
        if self.machine is None or self.chat is None:
            self.tell("The bot has not started yet.", severity="warning")
            return
        envelope = event.envelope if event is not None else None
        text = envelope.text if envelope is not None else ""
        if envelope is not None and envelope.kind == "slash_commands":
            text = f"{envelope.type} {text}".rstrip()
        screen = PlaygroundScreen(text, self.chat.people(), self.chat.channels())
        if envelope is not None:
            screen.start_with(envelope.user_id, envelope.channel_id)
        self.push_screen(screen)

    async def on_playground_screen_asked(self, event: PlaygroundScreen.Asked) -> None:
        """Ask the bot; nothing is run."""
        if self.machine is not None:
            envelope = typed_envelope(event.text, event.person, event.channel)
            event.screen.show(await self.machine.explain_with_roles(envelope))

    # Again.

    def on_events_pane_replay_requested(self, event: EventsPane.ReplayRequested) -> None:
        """Run these events again."""
        self.run_worker(self._replay(event.events), group="replay", exit_on_error=False)

    def on_detail_pane_replay_requested(self, event: DetailPane.ReplayRequested) -> None:
        """Run this event again."""
        self.run_worker(self._replay([event.event]), group="replay", exit_on_error=False)

    async def _replay(self, events: Sequence[EventTrace], payload: Mapping[str, Any] | None = None) -> None:
        if self.machine is None:
            return
        replayable = [event for event in events if event.envelope.kind != JOB_KIND]
        if not replayable:
            self.tell("A scheduled job has no event to replay.", title="Replay", severity="warning")
            return
        results: list[Replayed] = []
        try:
            for event in replayable:
                result = await replay(self.machine, self.history, event.envelope, outcome_of(event), payload)
                results.append(result)  # one at a time: what has run is shown also where a later one fails
        except MachineError as error:
            self.tell(str(error), title="Replay", severity="error")
        if results:
            self.show_replayed(results)

    def show_replayed(self, results: Sequence[Replayed]) -> None:
        """Show what was different."""
        is_captured = self.machine is not None and self.machine.is_live
        self.push_screen(ComparisonScreen(results, is_captured=is_captured))

    def on_events_pane_edit_requested(self, event: EventsPane.EditRequested) -> None:
        """Let a person change the payload, then send it."""
        self._edit(event.event)

    def on_detail_pane_edit_requested(self, event: DetailPane.EditRequested) -> None:
        """Let a person change the payload, then send it."""
        self._edit(event.event)

    def _edit(self, event: EventTrace) -> None:
        if event.envelope.kind == JOB_KIND:
            self.tell("A scheduled job has no payload.", title="Edit", severity="warning")
            return
        original = event.envelope.payload

        def send(edited: Mapping[str, Any] | None) -> None:
            if edited is not None:
                payload = restored(edited, original)
                self.run_worker(self._replay([event], payload), group="replay", exit_on_error=False)

        captured = ", nothing is sent to Slack" if self.machine is not None and self.machine.is_live else ""
        self.push_screen(PayloadScreen(f"Payload of event {event.number + 1}{captured}", original), send)

    def on_payload_screen_editor_requested(self, event: PayloadScreen.EditorRequested) -> None:
        """Open the payload in $EDITOR; what is saved there comes back."""
        self.run_worker(self._edit_outside(event.screen), exit_on_error=False)

    async def _edit_outside(self, screen: PayloadScreen) -> None:
        with tempfile.TemporaryDirectory(prefix="machine-") as folder:  # the folder is this user's alone
            path = Path(folder) / "payload.json"
            await asyncio.to_thread(path.write_text, screen.area.text, encoding="utf-8")
            if await self.edit_file(path):
                screen.area.text = await asyncio.to_thread(path.read_text, encoding="utf-8", errors="replace")

    # Errors.

    def action_go_to_error(self) -> None:
        """Go to what failed last: a plugin that could not be loaded, else the event of a handler that failed.

        The notices of errors have done their work then, and no longer cover the place.
        """
        self.take_back(lambda notice: notice.severity == "error")
        failures = self.machine.failures if self.machine is not None else {}
        event = self.history.last_failed
        loads_failed_later = failures and (
            event is None or self.failed_load_at is None or (self.failed_load_at >= event.received_at)
        )
        if loads_failed_later:
            self.show_failed_load(list(failures)[-1])
        elif event is not None:
            self.show_failed_event(event)
        else:
            self.tell("Nothing has failed.")

    def show_failed_load(self, plugin: str) -> None:
        """Show why a plugin could not be loaded."""
        self.go_to(self.plugins_pane)
        self.plugins_pane.main().reveal((f"failed:{plugin}",))

    def show_failed_event(self, event: EventTrace) -> None:
        """Show what a handler raised."""
        self.open_event(event)
        self.detail_pane.go_to_error()

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Everything one can do, by name."""
        yield from super().get_system_commands(screen)
        yield SystemCommand("Try a text", "Key F8: which handlers would it run?", self.action_playground)
        yield SystemCommand("Go to the last error", "Key F9", self.action_go_to_error)
