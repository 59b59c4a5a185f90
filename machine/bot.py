"""The bot: builds the parts from the settings, and starts and stops them in order."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import slack_sdk.web.async_client  # noqa: F401 - first, as importing it takes 2.4 MB for a moment, which pydantic then has

from machine.address import Address
from machine.dispatch.dispatcher import Dispatcher
from machine.dispatch.matching import Reader
from machine.dispatch.registry import Handler, Registry
from machine.envelope import Answer, Envelope
from machine.errors import MachineError, PluginError
from machine.gc_tuning import raise_gc_threshold
from machine.loading.importing import Project
from machine.loading.loader import LoadedPlugin, Loader
from machine.loading.plugin_manager import PluginManager
from machine.loading.reports import Reports
from machine.loading.settings_file import SettingsFile
from machine.logger import get_logger
from machine.logs import TraceLogHandler
from machine.near_names import did_you_mean
from machine.plugins.base import MachineBasePlugin
from machine.read_only import require_writable
from machine.receiving.receiver import Receiver
from machine.scheduler import Job, Scheduler, SteppedScheduler
from machine.settings import DEFAULT_SETTINGS_FILE, Settings
from machine.slack.client import SlackClient
from machine.slack.directory_cache import FILE as CACHE_FILE
from machine.slack.factory import open_client
from machine.slack.identity import Identity
from machine.slack.web import is_loopback, open_session
from machine.storage import PluginStorage
from machine.storage.backends.base import MachineBaseStorage
from machine.storage.expiry import Clock
from machine.storage.factory import open_storage
from machine.trace import Considered, Trace
from machine.watchdog import Watchdog

_logger = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Parts:
    """What a bot is made of, once it knows its workspace."""

    slack: SlackClient
    dispatcher: Dispatcher
    scheduler: Scheduler
    plugins: PluginManager
    receiver: Receiver


class Machine:
    """A bot.

    Args:
        settings: Checked settings, or a mapping of some, to which the defaults are added.
        trace: Told of everything that happens; subscribe before starting, to miss nothing.
        project: The folder that plugins and relative paths are looked for in; the current one by default.
        watch: Take over changed plugin files while the bot runs.
        plugins: Plugin classes to load besides those that the settings name.
        reload_settings: Reads the settings anew when the settings file changes while `watch` is on.
        settings_file: What `reload_settings` reads; by default `local_settings.py` in the project.
        also_watch: Other files to watch, with what to call when one changes.
        listens: Take events and run scheduled jobs. Without, only the Web API is used: no event is taken from another
            process of the same bot, and no app token is needed.
        loads_plugins: Load what `PLUGINS` and the plugin folder name.
        is_live: Whether the workspace is a real one, to which simulated events send nothing; by default, whether
            `SLACK_API_URL` leads away from this machine.
        clock: Tells the time to scheduled jobs, and to storage that takes a clock, in place of the system's. Whoever
            moves it calls `run_due_jobs()`; no job starts by itself.

    Attributes:
        settings: The settings in force.
        trace: As given.
        listens: As given.
        loads_plugins: As given.
        slack: What the bot can do in its workspace; there once it has started.
        storage: Where plugins keep their values; there once it has started.
    """

    slack: SlackClient  # no property: the REPL completes what it can see without running code
    storage: MachineBaseStorage

    def __init__(
        self,
        settings: Settings | Mapping[str, Any] | None = None,
        *,
        trace: Trace | None = None,
        project: Path | None = None,
        watch: bool = False,
        plugins: Iterable[type[MachineBasePlugin]] = (),
        reload_settings: Callable[[], Settings] | None = None,
        settings_file: Path | None = None,
        also_watch: Mapping[Path, Callable[[], Awaitable[None]]] | None = None,
        listens: bool = True,
        loads_plugins: bool = True,
        is_live: bool | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.settings = settings if isinstance(settings, Settings) else Settings.check(settings or {})
        self.trace = Trace() if trace is None else trace  # one without subscriber is false
        self._root = (project or Path.cwd()).resolve()
        self._watch = watch
        self._classes = tuple(plugins)
        reports = Reports(self.trace, self._root)
        self._settings_file = SettingsFile(
            settings_file or self._root / DEFAULT_SETTINGS_FILE, reload_settings, reports
        )
        self._also_watch = dict(also_watch or {})
        self.listens = listens
        self.loads_plugins = loads_plugins
        self._is_live = is_live
        self._clock = clock
        self._log_handler = TraceLogHandler(self.trace)
        self._started: _Parts | None = None
        self._to_close: list[Callable[[], object]] = []
        self._stopping = asyncio.Lock()
        self._stopped = asyncio.Event()
        self._fatal: MachineError | None = None
        self._project = Project(self._root, self._root / self.settings.plugin_dir)

    @property
    def is_live(self) -> bool:
        """Whether the bot talks to Slack itself, and not to a sandbox on this machine."""
        return not is_loopback(self.settings.slack_api_url) if self._is_live is None else self._is_live

    @property
    def receiver(self) -> Receiver:
        """What receives from Slack, once the bot has started."""
        return self._parts.receiver

    @property
    def identity(self) -> Identity:
        """Who the bot is, and where, once it has started."""
        return self.slack.identity

    @property
    def workspace_name(self) -> str:
        """The workspace's name; empty until the bot has started."""
        return self._started.slack.identity.team if self._started else ""

    @property
    def plugins(self) -> Mapping[str, LoadedPlugin]:
        """The live plugins by name."""
        return self._parts.plugins.live

    @property
    def failures(self) -> Mapping[str, PluginError]:
        """What could not be loaded, by the name of its module or class."""
        return self._parts.plugins.failures

    @property
    def registry(self) -> Registry[Handler]:
        """Who listens, at this moment."""
        return self._parts.dispatcher.registry

    @property
    def http_address(self) -> Address | None:
        """Where the bot takes requests over HTTP, once it has started; `None` where it takes none."""
        return self._started.receiver.http_address if self._started else None

    def jobs(self) -> list[Job]:
        """The scheduled jobs, the next one first."""
        return self._parts.scheduler.jobs()

    def run_job_now(self, job_id: str) -> None:
        """Start a scheduled job at once, besides its schedule; an unknown id does nothing."""
        require_writable("Running a job")
        for job in self.jobs():
            if job.id == job_id:
                self._parts.dispatcher.run_job(job.handler)

    @property
    def disabled_plugins(self) -> frozenset[str]:
        """Names of the plugins that are switched off."""
        return frozenset(self._parts.plugins.off)

    def disable_plugin(self, name: str) -> None:
        """Let a live plugin hear nothing, and run none of its jobs, until it is enabled or the bot ends.

        Raises:
            KeyError: No plugin of this name is live.
        """
        self._parts.plugins.disable(name)

    def enable_plugin(self, name: str) -> None:
        """Let a plugin that was disabled hear again."""
        self._parts.plugins.enable(name)

    def run_due_jobs(self) -> None:
        """Start the scheduled jobs that are due by the `clock` that was given; without one they start by themselves."""
        self._parts.scheduler.run_due()

    def plugin_storage(self, name: str) -> PluginStorage:
        """The storage of the plugin with this name (module and class)."""
        return PluginStorage(
            name,
            self.storage,
            trace=self.trace,
            secret=self.settings.storage_secret,
            is_plugin=self._is_plugin,
        )

    def _is_plugin(self, name: str) -> bool:
        plugins = self._parts.plugins
        return name in plugins.live or name in plugins.off or name in plugins.failures

    def explain(self, envelope: Envelope) -> tuple[Considered, ...]:
        """Which handlers an envelope would run, and why or why not; nothing is run."""
        return self._parts.dispatcher.explain(envelope)

    async def explain_with_roles(self, envelope: Envelope) -> tuple[Considered, ...]:
        """The same, asking the storage as well whether the person has the roles that matching handlers need."""
        return await self._parts.dispatcher.explain_with_roles(envelope)

    async def handle(self, envelope: Envelope) -> Answer:
        """Take an envelope as if it had just arrived, and wait until its handlers have ended.

        Returns:
            What a handler answered, as Slack would get it; `None` where none did.
        """
        require_writable("Running handlers")
        return await self.receiver.inject(envelope)

    @property
    def abandoned(self) -> Sequence[str]:
        """Handlers that did not end when the bot stopped, although they were cancelled."""
        return self._started.dispatcher.supervisor.abandoned if self._started else ()

    @property
    def queue_depth(self) -> int:
        """How many events and handlers wait for others to end before they begin."""
        return self._started.receiver.depth if self._started else 0

    async def wait_until_idle(self) -> None:
        """Wait until everything that was received has been handled, and no handler runs."""
        await self.receiver.idle()

    async def reload(self, changed: Iterable[Path] | None = None) -> bool:
        """Take over changed plugin files, and changed settings, now; what fails leaves the old version live.

        Args:
            changed: The plugin files to look at; all of the project's by default, and its settings.

        Returns:
            Whether anything was replaced.
        """
        require_writable("Reloading plugins")
        has_settings = changed is None and await self._settings_changed()
        return await self._parts.plugins.reload(changed) or has_settings

    async def start(self) -> None:
        """Connect and load the plugins; returns when the bot is listening.

        Raises:
            SettingsError: When a setting that is needed is missing.
            SlackRefusedError: When Slack does not accept the tokens.
            StorageError: When the storage cannot be used.
            MachineError: When Slack cannot be reached.
        """
        self.settings.require_tokens(listens=self.listens)
        self._log_handler.belong_here()
        logging.getLogger().addHandler(self._log_handler)
        try:
            parts = self._started = await self._build()
            if self.loads_plugins:
                self._warn_of_settings()
                await parts.plugins.load_all()
            if self.listens:
                await self._listen(parts)
        except BaseException:
            await self.stop()
            raise
        _logger.info(
            "Bot started",
            workspace=self.workspace_name,
            where="Slack" if self.is_live else "sandbox",
            name=self.identity.name,
            plugins=len(self.plugins),
        )

    async def stop(self) -> None:
        """Take no more events, finish what runs (`DRAIN_TIMEOUT` at most), and close everything; safe to call twice."""
        async with self._stopping:  # each part is needed by those before it until they are closed
            while self._to_close:
                close = self._to_close.pop()
                try:
                    closing = close()
                    if inspect.isawaitable(closing):
                        await closing
                except Exception as error:  # the rest must be closed all the same
                    _logger.error("A part failed to stop", exc_info=error)
        logging.getLogger().removeHandler(self._log_handler)
        self._stopped.set()

    async def wait_until_stopped(self) -> None:
        """Wait until the bot is stopped or asked to.

        Raises:
            MachineError: When Slack will not let it connect any more.
        """
        await self._stopped.wait()
        if self._fatal is not None:
            raise self._fatal

    def request_stop(self, reason: MachineError | None = None) -> None:
        """Have `wait_until_stopped()` return, or raise `reason`; whoever waits there then stops the bot."""
        self._fatal = reason
        self._stopped.set()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def _parts(self) -> _Parts:
        if self._started is None:
            raise MachineError("The bot has not started. Call `start()` first, or use it in `async with`.")
        return self._started

    async def _build(self) -> _Parts:
        settings, to_close = self.settings, self._to_close
        raise_gc_threshold()
        self._project.check()
        self._project.install()
        to_close.append(self._project.uninstall)
        storage = self.storage = open_storage(settings, self._root, self._clock)
        to_close.append(storage.close)
        await storage.init()

        session = open_session()
        to_close.append(session.close)
        # Who only looks at plugins (`machine plugins`, a replay) leaves the folder of a bot as it is.
        cache = self._root / CACHE_FILE if self.listens or not self.loads_plugins else None
        slack = self.slack = await open_client(settings, session, self.trace, cache, is_live=self.is_live)
        to_close.append(slack.directory.close)

        reader = Reader.of(slack.identity, settings)
        dispatcher = Dispatcher(slack, reader, self.trace, log_messages=settings.log_handled_messages)
        clock, tz, run = self._clock, settings.tz, dispatcher.run_job
        scheduler = Scheduler(tz, run) if clock is None else SteppedScheduler(tz, run, clock)
        loader = self._loader(settings, slack, dispatcher)
        plugins = PluginManager(
            self._project, loader, dispatcher, scheduler, self.trace, settings.plugins, self._classes
        )
        receiver = Receiver(
            settings, dispatcher, self.trace, storage, self._root, slack.identity.team, self.request_stop
        )
        # Closed in the opposite order: what handlers answer while they end must still reach Slack.
        to_close += [plugins.close, receiver.close, self._drain]
        return _Parts(slack, dispatcher, scheduler, plugins, receiver)

    async def _listen(self, parts: _Parts) -> None:
        watchdog = Watchdog(self.trace, self._project.owns)
        await watchdog.start()
        self._to_close.append(watchdog.close)
        parts.scheduler.start()
        self._to_close.append(parts.scheduler.stop)
        if self._watch:
            from machine.loading.watcher import Watcher  # noqa: PLC0415 - watchfiles takes 10 ms to import

            watcher = Watcher(self._project.root, self._project.folders, self._files_changed, files=self._watched_files)
            await watcher.start()
            self._to_close += [watcher.close, parts.plugins.stop_reloading]
        self._to_close.append(parts.receiver.pause)
        await parts.receiver.start()

    def _warn_of_settings(self) -> None:
        """Say what is probably a mistake, and cannot be refused."""
        for mistake in self.settings.misspelt():
            _logger.warning(str(mistake))
        folder = self.settings.plugin_dir
        if folder != Settings.model_fields["plugin_dir"].default and not self._project.plugin_dir.exists():
            near = did_you_mean(folder, (path.name for path in self._root.iterdir() if path.is_dir()))
            problem = f"PLUGIN_DIR is {folder!r}, and there is no such folder.{near}"
            _logger.warning(problem, at=str(self._project.plugin_dir))

    async def _drain(self) -> None:
        await self.receiver.drain(timedelta(seconds=self.settings.drain_timeout))

    def _loader(self, settings: Settings, slack: SlackClient, dispatcher: Dispatcher) -> Loader:
        return Loader(self._project, slack, settings.all, self.plugin_storage, dispatcher)

    async def _files_changed(self, paths: set[Path]) -> None:
        for path, react in self._also_watch.items():
            if path in paths:
                await react()
        settings_file = self._settings_file.path
        if settings_file in paths:
            await self._settings_changed()
        await self._parts.plugins.reload(path for path in paths if path.suffix == ".py" and path != settings_file)

    def _watched_files(self) -> set[Path]:
        return {*self._parts.plugins.files(), *self._also_watch, self._settings_file.path}

    async def _settings_changed(self) -> bool:
        """Take over changed settings, except those that need a start; a mistake leaves the old ones in force.

        Returns:
            Whether they were taken over.
        """
        parts, settings = self._parts, self._settings_file.changes(self.settings)
        if settings is None:
            return False
        loader = self._loader(settings, parts.slack, parts.dispatcher)
        is_done = await parts.plugins.rebuild(loader, settings.plugins, self._settings_file.path)
        if is_done:
            self.settings = settings
            self._warn_of_settings()
            reader = Reader.of(parts.slack.identity, settings)
            parts.dispatcher.configure(reader, log_messages=settings.log_handled_messages)
            logging.getLogger().setLevel(settings.loglevel)
        return is_done
