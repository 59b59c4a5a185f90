"""The application: a running bot in a window.

The bot runs on the application's event loop. Its trace feeds the history, at each frame the panes catch up with it,
and what a person asks of a pane arrives here as a message and becomes a call.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual import constants
from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.driver import Driver
from textual.screen import Screen
from textual.worker import Worker, WorkerError

from machine.errors import MachineError
from machine.plugins.triggers import SlashCommand
from machine.trace import (
    ApiCalled,
    ConnectionChanged,
    InvocationFailed,
    InvocationFinished,
    PluginFailed,
    PluginLoaded,
    PluginsReloaded,
    RateLimited,
    Record,
    Trace,
)
from machine_console.app import gc_tuning as garbage
from machine_console.app.exporting import ExportingWindow
from machine_console.app.layout import Layout
from machine_console.app.preferences import Habits, read_habits, write_habits
from machine_console.app.status_bar import Status
from machine_console.app.window import FRAMES_PER_SECOND
from machine_console.history.export import FOLDER
from machine_console.history.history import History
from machine_console.history.recording import RecordedEvent, Recorder
from machine_console.history.replay import replay_all
from machine_console.panes.chat.block_interactions import BlockUser
from machine_console.panes.chat.live_chat import LiveChat
from machine_console.panes.chat.pane import ChatPane
from machine_console.panes.chat.sandbox_chat import SandboxChat
from machine_console.panes.logs.pane import LogsPane
from machine_console.panes.plugins.document import failures_of, jobs_of, plugins_of
from machine_console.panes.storage.stored_values import read_storage
from machine_console.repl.pane.terminal import ReplTerminal
from machine_console.repl.remote.service import editing_mode
from machine_console.repl.verbs.namespace import build_namespace
from machine_console.screens.text_viewer import ReadingScreen
from machine_console.status.bot_status import Standing
from machine_console.status.handler_stats import CallCounter
from machine_console.status.notices import Notices
from machine_console.status.notifications import NEWSWORTHY, News, is_failure_of, news_of
from machine_console.text.document_tree import BLANK, json_node, text_nodes
from machine_console.text.formatting import IdsOnly, Names
from machine_console.text.names import LiveNames, SandboxNames
from machine_console.text.styled_text import clean

if TYPE_CHECKING:
    from machine.bot import Machine
    from machine_console.runtime.runtime import Runtime

_REPL_HISTORY = ".machine/repl_history"
_RECORDINGS = ".machine/recordings"
_RECORD_EVERY_S = 1.0
_VITALS_EVERY_S = 1.0
_PENDING_LIMIT = 1_000
"""Records waiting for the next frame; more in one frame would only be more of the same."""
_CHAT_SHARE, _BUSY_CHAT_SHARE = 30, 100
"""Looking at a conversation waits so many times as long as it took the last time: a long one must not slow the bot."""
_BUSY_CHAT = 50
"""Changes between two looks that nobody can follow."""
_CHAT_FRAMES, _MAX_CHAT_FRAMES = 3, 2 * FRAMES_PER_SECOND
"""Frames between two looks at a conversation, at least and at most; the first message shows at once."""
_STORAGE_FRAMES = FRAMES_PER_SECOND
"""Frames between two looks at storage while it is being written to."""


class _LateNames:
    """Names that are known once the bot has started."""

    def __init__(self) -> None:
        self.source: Names = IdsOnly()

    def person(self, user_id: str) -> str:
        return self.source.person(user_id)

    def channel(self, channel_id: str) -> str:
        return self.source.channel(channel_id)


class MachineApp(ExportingWindow):
    """Runs a bot and shows everything it does.

    The bot is started when the window is there, and stopped (its handlers finish first) before the window goes. A bot
    that cannot start ends the application with the reason on stderr and exit code 1.

    Args:
        runtime: What to run.
        title: The name in the top line.
        recording: Events to replay once the bot runs; nothing is recorded then.
        layout: How many panes are seen at once; as it was left in this project, if not given.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("f5", "reload_plugins", "Reload", show=False, priority=True)]

    def __init__(
        self,
        runtime: Runtime,
        *,
        title: str = "machine",
        recording: Sequence[RecordedEvent] | None = None,
        layout: Layout | None = None,
    ) -> None:
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
        self._standing = Standing()
        self._tidying = garbage.Tidying()
        self._recording = recording
        self._layout_given = layout
        self._recorder = Recorder(runtime.project / _RECORDINGS) if recording is None else None
        self._pending: deque[News] = deque(maxlen=_PENDING_LIMIT)
        self._calls = CallCounter()
        self._calls_shown = 0
        self._chat_version = -1
        self._chat_wait = 0
        self._is_storage_stale = True
        self._storage_wait = 0
        self._unsubscribe: list[Callable[[], None]] = []
        self._starting: Worker[None] | None = None
        self._has_stopped = False
        self._is_stopping = False

    @property
    def project(self) -> Path:
        """The folder of the bot."""
        return self.runtime.project

    def get_driver_class(self) -> type[Driver]:
        """The driver that never waits for the terminal, unless another one is asked for (`TEXTUAL_DRIVER`)."""
        if sys.platform == "win32" or constants.DRIVER:
            return super().get_driver_class()
        from machine_console.app.driver import SafeDriver  # noqa: PLC0415 - needs termios

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
        self.restore_habits(self._habits_to_begin_with())
        self._subscribe(self.runtime.trace)
        with contextlib.suppress(NotImplementedError, RuntimeError):  # not the main thread, as in some tests
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self.post_quit)
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self.on_safe_driver_terminal_gone)
        self._starting = self.run_worker(self._start(), name="start the bot")
        self.set_interval(_VITALS_EVERY_S, self._show_vitals)
        self._standing.lag.start()
        if self._recorder is not None:
            self.set_interval(_RECORD_EVERY_S, self._record_events)

    def _habits_to_begin_with(self) -> Habits:
        """As it was left; a stranger finds the cursor where one talks to the bot, unless real people would read it."""
        habits = read_habits(self.runtime.project)
        if self.runtime.is_live and habits.pane in {"", self.chat_pane.id}:
            habits = replace(habits, pane=str(self.events_pane.id))
        habits = replace(habits, pane=habits.pane or str(self.chat_pane.id))
        return replace(habits, layout=str(self._layout_given)) if self._layout_given is not None else habits

    def post_quit(self) -> None:
        """Quit as if a person had pressed the key."""
        self.call_next(self.action_quit)

    def on_safe_driver_terminal_gone(self) -> None:
        """Quit, without hurry: the signal and the end of the terminal may both tell of it."""
        if not self._is_stopping:
            self.post_quit()

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
        self.machine = machine
        sandbox = self.runtime.sandbox
        if sandbox is not None:
            self._late_names.source = SandboxNames(sandbox.workspace)
            self.chat = SandboxChat(sandbox.workspace)
            blocks = BlockUser(self, sandbox.workspace, self.runtime.settings.tz, self.show_chat)
            self.use_workspace(self.chat, blocks)
            if self.runtime.is_host:
                self.tell(f"Bots reach the workspace at {sandbox.api_url}", title="Waiting for a bot")
        else:
            self._late_names.source = LiveNames(machine.slack.directory)
            self.chat = LiveChat(machine)
        self.chat_pane.show_mode(is_live=self.chat.is_live)
        self.chat_pane.show_people(self.chat.people())
        self.show_chat()
        self.show_plugins()
        self.show_status(replace(self.status, workspace=machine.workspace_name))
        self.bot_pane.show(self._standing.facts(self.status, self.history, self._places()))
        self.events_pane.main().redraw()
        workspace = sandbox.workspace if sandbox is not None else None
        namespace = build_namespace(machine, self.history, workspace)
        label = machine.workspace_name if self.runtime.is_live else ""
        self.repl_pane.terminal.attach(
            namespace, label=label, is_live=self.runtime.is_live, mode=editing_mode(machine.settings)
        )

        if self._recording is not None:
            self.show_status(replace(self.status, connection="replaying"))
            results = await replay_all(machine, self.history, self._recording)
            self.show_status(replace(self.status, connection="replayed"))
            self.show_replayed(results)

    def _show_vitals(self) -> None:
        """Show lag, memory, and how much of Slack's patience is used."""
        self._tidying.settle(self.history.events.dropped + len(self.history.events))
        if self.runtime.is_host and self.machine is not None and self.runtime.sandbox is not None:
            is_connected = self.runtime.sandbox.socket_mode.connection_count > 0
            self.show_status(replace(self.status, connection="connected" if is_connected else "connecting"))
        self.show_status(self._standing.look(self.status))
        self._show_facts()

    def _show_facts(self) -> None:
        if self.bot_pane.display:
            self.bot_pane.show(self._standing.facts(self.status, self.history, self._places()))

    def _places(self) -> tuple[tuple[str, str], ...]:
        recordings = str(self.project / _RECORDINGS)
        return (
            ("project", str(self.project)),
            ("storage", type(self.machine.storage).__name__ if self.machine is not None else "…"),
            ("recordings", recordings if self._recorder is not None else "nothing is recorded"),
            ("exports", str(self.project / FOLDER)),
        )

    async def _record_events(self, *, is_last: bool = False) -> None:
        """Write down what is over; what cannot be written is said once, and recording ends."""
        if self._recorder is None:
            return
        try:
            await self._recorder.record(self.history, is_last=is_last)
        except OSError as error:
            self._recorder = None
            self.tell(f"{error}. Events are no longer recorded.", title="Recording", severity="warning")

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
        write_habits(self.runtime.project, self.habits())
        self._standing.lag.stop()
        garbage.release()
        if self._starting is not None and not self._starting.is_finished:
            self._starting.cancel()
            with contextlib.suppress(WorkerError):
                await self._starting.wait()
        if self.chat is not None:
            self.chat.close()
        await self.runtime.stop()
        await self._record_events(is_last=True)
        for unsubscribe in self._unsubscribe:
            unsubscribe()

    # What happens in the bot.

    def _subscribe(self, trace: Trace) -> None:
        """Take records in from now on: the history first, as the others ask it."""
        self._unsubscribe = [
            trace.subscribe(self.history.record),
            trace.subscribe(self._calls.record, InvocationFinished, InvocationFailed),
            trace.subscribe(self._standing.budget.record, ApiCalled),
            trace.subscribe(self._note_news, *NEWSWORTHY),
        ]

    def _note_news(self, record: Record) -> None:
        """On the bot's way, so nothing is drawn here."""
        news = news_of(record)
        if news is not None:
            self._pending.append(news)

    def frame(self) -> None:
        """Let the panes catch up."""
        super().frame()
        while self._pending:
            self._announce(self._pending.popleft())
        self._chat_wait -= 1
        if self.chat is not None and self.chat.version != self._chat_version and self._chat_wait <= 0:
            share = _BUSY_CHAT_SHARE if self.chat.version - self._chat_version > _BUSY_CHAT else _CHAT_SHARE
            started = time.perf_counter()
            self.show_chat()
            took_frames = (time.perf_counter() - started) * FRAMES_PER_SECOND
            self._chat_wait = min(max(_CHAT_FRAMES, round(took_frames * share)), _MAX_CHAT_FRAMES)
        self._storage_wait -= 1
        is_time = self._storage_wait % _STORAGE_FRAMES == 0
        if is_time and self._calls.version != self._calls_shown and self.plugins_pane.display:
            self._calls_shown = self._calls.version
            self.show_plugins()
        if self._is_storage_stale and self._storage_wait <= 0 and self.storage_pane.display:
            self._look_at_storage()

    def _announce(self, news: News) -> None:
        if isinstance(news.record, ConnectionChanged):
            self._standing.changed(news.record)
            self.show_status(replace(self.status, connection=news.record.state))
        if isinstance(news.record, PluginsReloaded):
            garbage.collect_all(len(self.history.events))
        if isinstance(news.record, PluginLoaded):
            loaded = news.record.plugin
            self.take_back(lambda old: is_failure_of(loaded, old.title))
        if isinstance(news.record, RateLimited):
            self._standing.limited(news.record)
            self.show_status(replace(self.status, limited=self._standing.waiting()))
        if news.is_about_storage:
            self._is_storage_stale = True
        if isinstance(news.record, PluginFailed):
            self.failed_load_at = news.record.at
        if news.is_about_plugins:
            self.show_plugins()
        if news.text:
            held = self._notices.let_through(news.about, news.record.at) if news.is_error else 0
            if held is not None:
                more = f"\n(and {held} more like it before)" if held else ""
                more += "\nA click or F9 leads there." if news.is_error else ""
                severity = "error" if news.is_error else "information"
                self.tell(f"{news.text}{more}", title=news.title, severity=severity, leads_to=self._place_told(news))
        failed_loads = len(self.machine.failures) if self.machine is not None else 0
        self.show_status(replace(self.status, errors=self.history.failures + failed_loads))

    def _place_told(self, news: News) -> Callable[[], None] | None:
        """Where a click on a notice about this leads to."""
        match news.record:
            case PluginFailed(plugin=plugin):
                return partial(self.show_failed_load, plugin)
            case InvocationFailed() as record:
                event = self.history.event_of_run(record.invocation_id or "")
                return partial(self.show_failed_event, event) if event is not None else None
            case _:
                return partial(self.go_to, self.plugins_pane) if news.is_about_plugins else None

    def show_plugins(self) -> None:
        """Show how the plugins stand."""
        machine = self.machine
        if machine is None:
            return
        self.plugins_pane.show(plugins_of(machine, self._calls.calls), failures_of(machine), jobs_of(machine))
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
        # The function and not its coroutine, which would be left over where another call takes its place at once.
        read: Any = self._read_storage  # Textual's types know no coroutine functions
        self.run_worker(read, group="storage", exclusive=True, exit_on_error=False)

    async def _read_storage(self) -> None:
        machine = self.machine
        if machine is None:
            self._is_storage_stale = True
            return
        try:
            values = await read_storage(machine.storage, machine.plugins, machine.settings.storage_secret)
            self.storage_pane.show(values, await machine.storage.size())
        except MachineError as error:
            self.tell(str(error), title="Storage", severity="error")

    def show_chat(self) -> None:
        """Show the conversation as it is now."""
        if self.chat is None:
            return
        channel = self.chat_pane.channel
        if channel is not None and self.chat_pane.display:
            self.chat.log.seen(channel.id)
        self._chat_version = self.chat.version
        channels = self.chat.channels()
        self.chat_pane.show_channels(channels)
        self.show_unread(sum(one.unread for one in channels))
        channel = self.chat_pane.channel
        if channel is not None:
            person = self.chat_pane.speaker
            self.chat_pane.show_messages(self.chat.shown(channel.id, person.id if person else ""))

    # What a person asks for.

    def on_chat_pane_looked_at(self) -> None:
        """What came while the pane was hidden has been seen now."""
        self.show_chat()

    def on_chat_pane_channel_picked(self) -> None:
        """Show another conversation."""
        self.show_chat()

    def on_chat_pane_message_entered(self, event: ChatPane.MessageEntered) -> None:
        """Say it in the workspace."""
        self.run_worker(self._say(event), exit_on_error=False)

    async def _say(self, event: ChatPane.MessageEntered) -> None:
        text = event.text
        if self.chat is None or self.machine is None:
            return
        command = text.partition(" ")[0]
        known = self._commands(self.machine)
        is_checked = not (self.chat.is_live or self.runtime.is_host)  # only the bots there know what commands they have
        if text.startswith("/") and is_checked and command not in known:
            there_are = f"There are: {', '.join(known)}" if known else "No plugin has any."
            self.tell(f"No plugin has the command {command}. {there_are}", title="Chat", severity="warning")
            return
        try:
            said = await self.chat.say(event.channel_id, event.person_id, text, event.thread_ts)
        except MachineError as error:
            self.tell(str(error), title="Chat", severity="error")
        else:
            self._chat_wait = 0  # what one has said oneself is not waited for
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

    def on_repl_terminal_left(self, event: ReplTerminal.Left) -> None:
        """Back to the events; the prompt stays."""
        event.stop()
        self.go_to(self.events_pane)

    def action_reload_plugins(self) -> None:
        """Take over changed plugin files now."""
        self.run_worker(self._reload(), group="reload", exit_on_error=False)

    async def _reload(self) -> None:
        if self.machine is None:
            return
        try:
            await self.machine.reload()
        except MachineError as error:
            self.tell(str(error), title="Reload", severity="error")

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Everything one can do, by name."""
        yield from super().get_system_commands(screen)
        yield SystemCommand("Reload plugins", "Key F5: take over changed files now", self.action_reload_plugins)
        if self.chat is None:
            return
        for person in self.chat.people():
            yield SystemCommand(
                f"Speak as {person.name}", "In the chat", lambda person=person: self.chat_pane.speak_as(person.id)
            )
        for channel in self.chat.channels():
            yield SystemCommand(
                f"Open {channel.label}", "In the chat", lambda channel=channel: self._open_channel(channel.id)
            )

    def _open_channel(self, channel_id: str) -> None:
        self.chat_pane.pick(channel_id)
        self.go_to(self.chat_pane)
