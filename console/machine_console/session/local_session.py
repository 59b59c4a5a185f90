"""A session with a bot in this process."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any

from machine.errors import MachineError
from machine.simulation import Simulation
from machine.trace import (
    ApiCalled,
    ConnectionChanged,
    Considered,
    InvocationFailed,
    InvocationFinished,
    JobFired,
    PluginFailed,
    PluginLoaded,
    PluginsReloaded,
    PluginUnloaded,
    RateLimited,
    Record,
    StorageAccessed,
)
from machine_console.history.event_outcome import outcome_of
from machine_console.history.export import FOLDER
from machine_console.history.history import EventTrace, History
from machine_console.history.recording import RecordedEvent, Recorder
from machine_console.history.replay import Replayed, replay, replay_all
from machine_console.repl.remote.service import editing_mode
from machine_console.repl.verbs.namespace import build_namespace
from machine_console.session.bot_session import ReplSetup
from machine_console.session.chat import ChatChannel, ChatPerson
from machine_console.session.live_chat import LiveChat
from machine_console.session.plugins import (
    FailureEntry,
    JobEntry,
    PluginEntry,
    commands_of,
    failures_of,
    jobs_of,
    plugins_of,
)
from machine_console.session.stored_values import StorageChanges, StoredValue, read_storage
from machine_console.session.typed_envelope import typed_envelope
from machine_console.status.bot_status import BotFacts, BotStatus, Status
from machine_console.status.handler_stats import HandlerStats
from machine_console.status.notifications import Notification, notification_of
from machine_console.text.document_tree import Place
from machine_console.text.formatting import IdsOnly, Names
from machine_console.text.names import LiveNames, SandboxNames

if TYPE_CHECKING:
    from machine.bot import Machine
    from machine_console.runtime.runtime import Runtime
    from machine_console.session.sandbox_chat import SandboxChat

_RECORDINGS = ".machine/recordings"
_TICK_S = 1.0
"""Seconds between two looks at event loop and memory, and between two times that events are recorded."""
_PENDING_LIMIT = 1_000
"""Notifications that wait to be taken; more in one frame would only be more of the same."""


class _LateNames:
    """Names that are known once the bot has started."""

    def __init__(self) -> None:
        self.source: Names = IdsOnly()

    def person(self, user_id: str) -> str:
        return self.source.person(user_id)

    def channel(self, channel_id: str) -> str:
        return self.source.channel(channel_id)


class LocalSession:
    """Runs a bot and keeps what its trace tells; see `machine_console.session.bot_session.BotSession`.

    Args:
        runtime: What to run.
        recording: Events that `replay_recording()` runs again; nothing is recorded then.

    Attributes:
        runtime: The bot and what it needs, for whoever made the session; the window knows nothing of it.
    """

    def __init__(self, runtime: Runtime, recording: Sequence[RecordedEvent] | None = None) -> None:
        self.runtime = runtime
        self.history = History()
        self.names = _LateNames()
        self.chat: SandboxChat | LiveChat | None = None
        self.plugins_version = 0
        self.storage_version = 0
        self._recording = recording
        self._recorder = Recorder(self.project / _RECORDINGS) if recording is None else None
        self._status = BotStatus(is_live=runtime.is_live)
        self._stats = HandlerStats()
        self._notifications: deque[Notification] = deque(maxlen=_PENDING_LIMIT)
        self._last_failed_load: PluginFailed | None = None
        self._machine: Machine | None = None
        self._changes: StorageChanges | None = None
        self._unsubscribe: list[Callable[[], None]] = []
        self._ticking: asyncio.Task[None] | None = None
        self._has_stopped = False

    @property
    def project(self) -> Path:
        """The folder of the bot."""
        return self.runtime.project

    @property
    def timezone(self) -> tzinfo:
        """As the settings say."""
        return self.runtime.settings.tz

    @property
    def is_live(self) -> bool:
        """Whether the bot talks to Slack and not to a sandbox of its own."""
        return self.runtime.is_live

    @property
    def has_started(self) -> bool:
        """Whether the bot runs."""
        return self._machine is not None

    @property
    def captures_replays(self) -> bool:
        """Against Slack, and for a recording."""
        return self._machine is not None and self._machine.is_live

    # Its life.

    async def start(self) -> None:
        """Start the bot.

        Raises:
            MachineError: It cannot start.
            OSError: A file that it needs cannot be used.
        """
        trace = self.runtime.trace
        self._unsubscribe = [  # the history first, as the others ask it
            trace.subscribe(self.history.record),
            trace.subscribe(self._stats.record, InvocationFinished, InvocationFailed),
            trace.subscribe(self._status.budget.record, ApiCalled),
            trace.subscribe(self._status.changed, ConnectionChanged),
            trace.subscribe(self._status.limited, RateLimited),
            trace.subscribe(self._note_storage, StorageAccessed),
            trace.subscribe(self._note_plugins, PluginFailed, PluginsReloaded, PluginLoaded, PluginUnloaded, JobFired),
            trace.subscribe(
                self._notify, InvocationFailed, PluginFailed, PluginsReloaded, PluginLoaded, ConnectionChanged
            ),
        ]
        self._status.lag.start()
        self._ticking = asyncio.create_task(self._tick())
        try:
            await self.runtime.start()
        except (MachineError, OSError):
            await self.stop()
            raise
        machine, sandbox = self.runtime.machine, self.runtime.sandbox
        if sandbox is not None:
            from machine_console.session.sandbox_chat import SandboxChat  # noqa: PLC0415 - against Slack there is no sandbox

            self.names.source = SandboxNames(sandbox.workspace)
            self.chat = SandboxChat(sandbox.workspace)
            if self.runtime.is_host:
                text = f"Bots reach the workspace at {sandbox.api_url}"
                self._notifications.append(Notification("Waiting for a bot", text))
        else:
            self.names.source = LiveNames(machine.slack.directory)
            self.chat = LiveChat(machine)
        self._machine = machine
        self._changes = StorageChanges(machine.storage, machine.settings.storage_secret)
        self._status.workspace = machine.workspace_name
        self.plugins_version += 1

    async def stop(self) -> None:
        """Stop the bot, and write down what is not recorded yet."""
        if self._has_stopped:
            return
        self._has_stopped = True
        self._status.connection = "stopping"
        self._status.lag.stop()
        if self._ticking is not None:
            self._ticking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._ticking
        if self.chat is not None:
            self.chat.close()
        await self.runtime.stop()
        await self._record(is_last=True)
        for unsubscribe in self._unsubscribe:
            unsubscribe()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_TICK_S)
            self._status.sample()
            await self._record()

    async def _record(self, *, is_last: bool = False) -> None:
        """Write down what is over; what cannot be written is said once, and recording ends."""
        if self._recorder is None:
            return
        try:
            await self._recorder.record(self.history, is_last=is_last)
        except OSError as error:
            self._recorder = None
            self._notifications.append(Notification("Recording", f"{error}. Events are no longer recorded.", "warning"))

    # What the trace tells. This is on the bot's way, so it only counts and notes.

    def _note_plugins(self, record: Record) -> None:
        self.plugins_version += 1
        if isinstance(record, PluginFailed):
            self._last_failed_load = record

    def _note_storage(self, record: StorageAccessed) -> None:
        self.storage_version += record.operation in {"set", "delete"}

    def _notify(self, record: Record) -> None:
        notification = notification_of(record)
        if notification is not None:
            self._notifications.append(notification)

    # How the bot is doing.

    @property
    def status(self) -> Status:
        """What the top line says."""
        self._look_for_bots()
        machine = self._machine
        return self._status.now(
            plugins=len(machine.plugins) if machine is not None else 0,
            errors=self.history.failures + (len(machine.failures) if machine is not None else 0),
        )

    def facts(self) -> BotFacts:
        """What the Bot pane says."""
        self._look_for_bots()
        places = (
            ("project", str(self.project)),
            ("storage", type(self._machine.storage).__name__ if self._machine is not None else "…"),
            ("recordings", str(self.project / _RECORDINGS) if self._recorder is not None else "nothing is recorded"),
            ("exports", str(self.project / FOLDER)),
        )
        return self._status.facts(self.history, places)

    def _look_for_bots(self) -> None:
        """Where the workspace is there for other bots, the connection that counts is theirs."""
        sandbox = self.runtime.sandbox
        if self.runtime.is_host and sandbox is not None and self.has_started and not self._has_stopped:
            self._status.connection = "connected" if sandbox.socket_mode.connection_count > 0 else "connecting"

    def take_notifications(self) -> Sequence[Notification]:
        """What came since the last time."""
        if not self._notifications:
            return ()
        taken = list(self._notifications)
        self._notifications.clear()
        return taken

    def last_failure(self) -> FailureEntry | EventTrace | None:
        """What failed last, as far as it is still so."""
        event, failures, load = self.history.last_failed, self.failures(), self._last_failed_load
        if failures and (event is None or load is None or load.at >= event.received_at):
            return failures[-1]
        return event

    # Plugins.

    @property
    def calls_version(self) -> int:
        """Grows with each call of a handler."""
        return self._stats.version

    def plugins(self) -> Sequence[PluginEntry]:
        """The plugins that are live, with how their handlers have run."""
        return plugins_of(self._machine, self._stats) if self._machine is not None else ()

    def failures(self) -> Sequence[FailureEntry]:
        """The plugins that could not be loaded."""
        return failures_of(self._machine) if self._machine is not None else ()

    def jobs(self) -> Sequence[JobEntry]:
        """What the scheduler will start."""
        return jobs_of(self._machine) if self._machine is not None else ()

    @property
    def knows_commands(self) -> bool:
        """Not in Slack, and not while the workspace is there for other bots."""
        return not (self.is_live or self.runtime.is_host)

    def commands(self) -> Sequence[str]:
        """The slash commands that plugins handle."""
        return commands_of(self._machine) if self._machine is not None else ()

    def source_of(self, handler: str) -> Place | None:
        """Where a handler is written."""
        handlers = self._machine.registry.handlers if self._machine is not None else ()
        found = next((one for one in handlers if one.name == handler and one.source_file), None)
        return Place(found.source_file, found.source_line) if found is not None else None

    async def reload(self) -> None:
        """Take over changed plugin files now."""
        await self._started().reload()

    async def enable_plugin(self, name: str) -> None:
        """Switch a plugin on."""
        self._started().enable_plugin(name)
        self.plugins_version += 1

    async def disable_plugin(self, name: str) -> None:
        """Switch a plugin off, if it is still live."""
        machine = self._started()
        if name in machine.plugins:
            machine.disable_plugin(name)
        self.plugins_version += 1

    async def run_job(self, job_id: str) -> None:
        """Run a scheduled job at once."""
        self._started().run_job_now(job_id)

    def _started(self) -> Machine:
        if self._machine is None:
            raise MachineError("The bot has not started yet.")
        return self._machine

    # Stored values.

    async def stored(self) -> tuple[Sequence[StoredValue], int | None]:
        """What is stored, by plugin."""
        machine = self._started()
        values = await read_storage(machine.storage, machine.plugins, machine.settings.storage_secret)
        return values, await machine.storage.size()

    async def set_value(self, key: str, value: Any) -> None:
        """Store a value under a full key."""
        await self._storage_changes().set(key, value)

    async def delete_value(self, key: str) -> None:
        """Remove a full key."""
        await self._storage_changes().delete(key)

    async def undo_storage(self) -> str | None:
        """Take the last change back."""
        return await self._storage_changes().undo()

    def _storage_changes(self) -> StorageChanges:
        self._started()
        assert self._changes is not None  # made at the start
        return self._changes

    # Events.

    async def explain(self, text: str, person: ChatPerson | None, channel: ChatChannel | None) -> Sequence[Considered]:
        """Which handlers a text would run; the storage is asked about roles."""
        machine = self._started()
        assert self.chat is not None  # made at the start
        simulation = Simulation(self.chat.names, machine.identity.team_id)
        channels = machine.slack.directory.channels
        return await machine.explain_with_roles(typed_envelope(text, person, channel, simulation, channels))

    async def replay(self, event: EventTrace, payload: Mapping[str, Any] | None = None) -> Replayed:
        """Run an event again, as simulated."""
        return await replay(self._started(), self.history, event.envelope, outcome_of(event), payload)

    async def replay_recording(self) -> Sequence[Replayed] | None:
        """Run the recording, one event after the other."""
        if self._recording is None:
            return None
        self._status.connection = "replaying"
        results = await replay_all(self._started(), self.history, self._recording)
        self._status.connection = "replayed"
        return results

    def repl_setup(self) -> ReplSetup:
        """The names of the prompt, and how it looks."""
        machine, sandbox = self._started(), self.runtime.sandbox
        return ReplSetup(
            build_namespace(machine, self.history, sandbox.workspace if sandbox is not None else None),
            label=machine.workspace_name if self.is_live else "",
            is_live=self.is_live,
            mode=editing_mode(machine.settings),
        )
