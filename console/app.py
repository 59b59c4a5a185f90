"""The application: a running bot in a window.

The bot runs on the application's event loop. Its trace feeds the history, at each frame the panes catch up with it,
and what a person asks of a pane arrives here as a message and becomes a call.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual import constants
from textual.app import SuspendNotSupported, SystemCommand
from textual.binding import Binding, BindingType
from textual.driver import Driver
from textual.screen import Screen
from textual.worker import Worker, WorkerError

from console.chat import ChatSource
from console.editor import editor_command
from console.history import History
from console.line import clean
from console.live_chat import LiveChat
from console.names import LiveNames, SandboxNames
from console.news import News, news_of
from console.nodes import BLANK, Place, json_node, text_nodes
from console.notices import Notices
from console.panes.chat import ChatPane
from console.panes.detail import DetailPane
from console.panes.logs import LogsPane
from console.panes.status import Status
from console.plugin_list import failures_of, jobs_of, plugins_of
from console.repl.namespace import build_namespace
from console.repl.terminal import ReplTerminal
from console.sandbox_chat import SandboxChat
from console.screens.reading import ReadingScreen
from console.stored import read_storage
from console.summary import IdsOnly, Names
from console.window import FRAMES_PER_SECOND, ConsoleWindow
from machine.errors import MachineError
from machine.plugins.triggers import SlashCommand
from machine.trace import ConnectionChanged, Record

if TYPE_CHECKING:
    from console.runtime import Runtime
    from machine.bot import Machine

_REPL_HISTORY = ".machine/repl_history"
_PENDING_LIMIT = 1_000
"""Records waiting for the next frame; more in one frame would only be more of the same."""
_CHAT_FRAMES = 3
"""Frames between two looks at a busy conversation, which is laid out as a whole; the first message shows at once."""
_STORAGE_FRAMES = FRAMES_PER_SECOND
"""Frames between two looks at storage while it is being written to."""


async def _run_editor(command: Sequence[str]) -> str:
    """Run an editor to its end; returns what went wrong, and never raises while the terminal is not ours."""
    try:
        process = await asyncio.create_subprocess_exec(*command)
        code = await process.wait()
    except OSError as error:
        return f"{command[0]} cannot be started: {error.strerror or error}. Set EDITOR to your editor."
    return f"{command[0]} ended with code {code}." if code else ""


class _LateNames:
    """Names that are known once the bot has started."""

    def __init__(self) -> None:
        self.source: Names = IdsOnly()

    def person(self, user_id: str) -> str:
        return self.source.person(user_id)

    def channel(self, channel_id: str) -> str:
        return self.source.channel(channel_id)


class MachineApp(ConsoleWindow):
    """Runs a bot and shows everything it does.

    The bot is started when the window is there, and stopped (its handlers finish first) before the window goes. A bot
    that cannot start ends the application with the reason on stderr and exit code 1.

    Args:
        runtime: What to run.
        title: The name in the top line.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("f5", "reload_plugins", "Reload", show=False, priority=True)]

    def __init__(self, runtime: Runtime, *, title: str = "machine") -> None:
        self._late_names = _LateNames()
        super().__init__(
            History(),
            names=self._late_names,
            timezone=runtime.settings.tz,
            status=Status(title=title, is_live=runtime.is_live),
            repl_history=runtime.project / _REPL_HISTORY,
        )
        self.runtime = runtime
        self._notices = Notices()
        self._pending: deque[News] = deque(maxlen=_PENDING_LIMIT)
        self._machine: Machine | None = None
        self._chat: ChatSource | None = None
        self._chat_version = -1
        self._chat_wait = 0
        self._is_storage_stale = True
        self._storage_wait = 0
        self._unsubscribe: Callable[[], None] | None = None
        self._starting: Worker[None] | None = None
        self._has_stopped = False
        self._is_stopping = False

    def get_driver_class(self) -> type[Driver]:
        """The driver that never waits for the terminal, unless another one is asked for (`TEXTUAL_DRIVER`)."""
        if sys.platform == "win32" or constants.DRIVER:
            return super().get_driver_class()
        from console.driver import SafeDriver  # noqa: PLC0415 - needs termios

        return SafeDriver

    def run(self, **options: Any) -> int:
        """Run until a person quits; see `textual.app.App.run` for the options.

        Returns:
            The exit code for the process: 0, or 1 if the bot could not start.
        """
        result = super().run(**options)
        return result if result is not None else self.return_code or 0

    # The life of the bot.

    def on_mount(self) -> None:
        """Start the bot behind the window."""
        super().on_mount()
        self._unsubscribe = self.runtime.trace.subscribe(self._record)
        with contextlib.suppress(NotImplementedError, RuntimeError):  # not the main thread, as in some tests
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self.post_quit)
        self._starting = self.run_worker(self._start(), name="start the bot")

    def post_quit(self) -> None:
        """Quit as if a person had pressed the key."""
        self.call_next(self.action_quit)

    async def _start(self) -> None:
        try:
            await self.runtime.start()
        except (MachineError, OSError) as error:
            self._has_stopped = True
            await self.runtime.stop()
            self.exit(1, return_code=1, message=Text("\n".join(map(clean, str(error).splitlines()))))
            return
        await self._show_machine(self.runtime.machine)

    async def _show_machine(self, machine: Machine) -> None:
        """The bot runs: let the panes show what it has."""
        self._machine = machine
        sandbox = self.runtime.sandbox
        if sandbox is not None:
            self._late_names.source = SandboxNames(sandbox.workspace)
            self._chat = SandboxChat(sandbox.workspace)
        else:
            self._late_names.source = LiveNames(machine.slack.directory)
            self._chat = LiveChat(machine)
        self.chat_pane.show_mode(is_live=self._chat.is_live)
        self.chat_pane.show_people(self._chat.people())
        self._show_chat()
        self._show_plugins()
        self.show_status(replace(self.status, workspace=machine.workspace_name))
        self.events_pane.main().redraw()
        workspace = sandbox.workspace if sandbox is not None else None
        namespace = build_namespace(machine, self.history, workspace)
        label = machine.workspace_name if self.runtime.is_live else ""
        self.repl_pane.terminal.attach(namespace, label=label, is_live=self.runtime.is_live)

    async def action_quit(self) -> None:
        """Stop the bot, then leave; a second time leaves at once."""
        if self._is_stopping:
            self.exit(0)
            return
        self._is_stopping = True
        self.show_status(replace(self.status, connection="stopping"))
        self.run_worker(self._stop_and_leave(), exit_on_error=False)

    async def _stop_and_leave(self) -> None:
        try:
            await self._stop()
        finally:
            self.exit(0)

    async def on_unmount(self) -> None:
        """However the application ended, the bot does not outlive it."""
        await self._stop()

    async def _stop(self) -> None:
        if self._has_stopped:
            return
        self._has_stopped = True
        if self._starting is not None and not self._starting.is_finished:
            self._starting.cancel()
            with contextlib.suppress(WorkerError):
                await self._starting.wait()
        if self._chat is not None:
            self._chat.close()
        await self.runtime.stop()
        if self._unsubscribe is not None:
            self._unsubscribe()

    # What happens in the bot.

    def _record(self, record: Record) -> None:
        """Take in a record; on the bot's way, so nothing is drawn here."""
        self.history.record(record)
        news = news_of(record)
        if news is not None:
            self._pending.append(news)

    def frame(self) -> None:
        """Let the panes catch up."""
        super().frame()
        while self._pending:
            self._announce(self._pending.popleft())
        self._chat_wait -= 1
        if self._chat is not None and self._chat.log.version != self._chat_version and self._chat_wait <= 0:
            self._show_chat()
        self._storage_wait -= 1
        if self._is_storage_stale and self._storage_wait <= 0 and self.storage_pane.display:
            self._look_at_storage()

    def _announce(self, news: News) -> None:
        if isinstance(news.record, ConnectionChanged):
            self.show_status(replace(self.status, connection=news.record.state))
        if news.is_about_storage:
            self._is_storage_stale = True
        if news.is_about_plugins:
            self._show_plugins()
        if news.text:
            held = self._notices.let_through(news.about, news.record.at) if news.is_error else 0
            if held is not None:
                more = f"\n(and {held} more like it before)" if held else ""
                self.tell(f"{news.text}{more}", title=news.title, severity="error" if news.is_error else "information")
        failed_loads = len(self._machine.failures) if self._machine is not None else 0
        self.show_status(replace(self.status, errors=self.history.failures + failed_loads))

    def _show_plugins(self) -> None:
        machine = self._machine
        if machine is None:
            return
        self.plugins_pane.show(plugins_of(machine), failures_of(machine), jobs_of(machine))
        self.chat_pane.suggest(self._commands(machine))
        self.show_status(replace(self.status, plugins=len(machine.plugins)))

    @staticmethod
    def _commands(machine: Machine) -> list[str]:
        """The slash commands that plugins handle."""
        triggers = (handler.trigger for handler in machine.registry.handlers)
        return sorted({trigger.command for trigger in triggers if isinstance(trigger, SlashCommand)})

    def _look_at_storage(self) -> None:
        self._is_storage_stale = False
        self._storage_wait = _STORAGE_FRAMES
        self.run_worker(self._read_storage(), group="storage", exclusive=True, exit_on_error=False)

    async def _read_storage(self) -> None:
        machine = self._machine
        if machine is None:
            self._is_storage_stale = True
            return
        try:
            values = await read_storage(machine.storage, machine.plugins)
            self.storage_pane.show(values, await machine.storage.size())
        except MachineError as error:
            self.tell(str(error), title="Storage", severity="error")

    def _show_chat(self) -> None:
        if self._chat is None:
            return
        channel = self.chat_pane.channel
        if channel is not None and self.chat_pane.display:
            self._chat.log.seen(channel.id)
        self._chat_version, self._chat_wait = self._chat.log.version, _CHAT_FRAMES
        self.chat_pane.show_channels(self._chat.channels())
        channel = self.chat_pane.channel
        if channel is not None:
            self.chat_pane.show_messages(self._chat.log.messages(channel.id))

    # What a person asks for.

    def on_chat_pane_channel_picked(self) -> None:
        """Show another conversation."""
        self._show_chat()

    def on_chat_pane_message_entered(self, event: ChatPane.MessageEntered) -> None:
        """Say it in the workspace."""
        self.run_worker(self._say(event.channel_id, event.person_id, event.text), exit_on_error=False)

    async def _say(self, channel_id: str, person_id: str, text: str) -> None:
        if self._chat is None or self._machine is None:
            return
        command = text.partition(" ")[0]
        known = self._commands(self._machine)
        if text.startswith("/") and not self._chat.is_live and command not in known:
            there_are = f"There are: {', '.join(known)}" if known else "No plugin has any."
            self.tell(f"No plugin has the command {command}. {there_are}", title="Chat", severity="warning")
            return
        try:
            said = await self._chat.say(channel_id, person_id, text)
        except MachineError as error:
            self.tell(str(error), title="Chat", severity="error")
        else:
            if said:
                self.tell(said, title="Chat", severity="warning")

    def on_storage_pane_refresh_requested(self) -> None:
        """Read storage again."""
        self._look_at_storage()

    def on_logs_pane_record_opened(self, event: LogsPane.RecordOpened) -> None:
        """Show the event that a log line belongs to, else the whole line."""
        record = event.record
        cause = self.history.by_id(record.envelope_id) if record.envelope_id else None
        if cause is not None:
            self.open_event(cause)
            return
        fields = [json_node("fields", record.fields, is_open=True)] if record.fields else []
        nodes = [*text_nodes(record.message), BLANK, *fields]
        self.push_screen(ReadingScreen(f"{record.level} from {record.logger}", nodes))

    def on_detail_pane_source_requested(self, event: DetailPane.SourceRequested) -> None:
        """Open the editor where the handler, or the line that failed, is written."""
        place = event.about if isinstance(event.about, Place) else self._place_of(event.about)
        if place is None:
            self.tell(f"{event.about} is not loaded any more.", title="Source", severity="warning")
            return
        self.run_worker(self._edit_file(Path(place.file), place.line), exit_on_error=False)

    def _place_of(self, name: str) -> Place | None:
        handlers = self._machine.registry.handlers if self._machine is not None else ()
        found = next((handler for handler in handlers if handler.name == name and handler.source_file), None)
        return Place(found.source_file, found.source_line) if found is not None else None

    async def _edit_file(self, path: Path, line: int = 1) -> bool:
        """Give the terminal to the editor; the bot goes on. Whether the editor was left normally."""
        command = editor_command(os.environ, path, line, waits=True)
        if not command:
            self.tell("There is no editor. Set EDITOR, for example to nano.", title="Source", severity="warning")
            return False
        problem = ""
        try:
            # A repaint while the terminal is not ours would fill the driver's queue.
            with self.batch_update(), self.suspend():
                problem = await _run_editor(command)
        except SuspendNotSupported:
            problem = f"An editor needs a terminal of its own. The place is {path}:{line}."
        if problem:
            self.tell(problem, title="Editor", severity="warning")
        return not problem

    def on_detail_pane_plugin_requested(self, event: DetailPane.PluginRequested) -> None:
        """Show the plugin that the handler belongs to."""
        self.go_to(self.plugins_pane)
        self.plugins_pane.main().reveal((event.handler.rpartition(".")[0],))

    def on_repl_terminal_left(self, event: ReplTerminal.Left) -> None:
        """Back to the events; the prompt stays."""
        event.stop()
        self.go_to(self.events_pane)

    def action_reload_plugins(self) -> None:
        """Take over changed plugin files now."""
        self.run_worker(self._reload(), group="reload", exit_on_error=False)

    async def _reload(self) -> None:
        if self._machine is None:
            return
        try:
            await self._machine.reload()
        except MachineError as error:
            self.tell(str(error), title="Reload", severity="error")

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Everything one can do, by name."""
        yield from super().get_system_commands(screen)
        yield SystemCommand("Reload plugins", "Key F5: take over changed files now", self.action_reload_plugins)
        if self._chat is None:
            return
        for person in self._chat.people():
            yield SystemCommand(
                f"Speak as {person.name}", "In the chat", lambda person=person: self.chat_pane.speak_as(person.id)
            )
        for channel in self._chat.channels():
            yield SystemCommand(
                f"Open {channel.label}", "In the chat", lambda channel=channel: self._open_channel(channel.id)
            )

    def _open_channel(self, channel_id: str) -> None:
        self.chat_pane.pick(channel_id)
        self.go_to(self.chat_pane)
