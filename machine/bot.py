"""The bot: builds the parts from the settings, and starts and stops them in order."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import aiohttp
import slack_sdk.web.async_client  # noqa: F401 - first, as importing it takes 2.4 MB for a moment, which pydantic then has

from machine.address import Address
from machine.dispatch.bot_mention import Addressing
from machine.dispatch.dispatcher import Dispatcher
from machine.dispatch.matching import Reader
from machine.dispatch.registry import Handler, Registry
from machine.envelope import Envelope
from machine.errors import MachineError, Mistake, PluginError, SettingsError
from machine.gc_tuning import raise_gc_threshold
from machine.loading.importing import Project
from machine.loading.loader import LoadedPlugin, Loader
from machine.loading.plugin_manager import Plugins
from machine.loading.reports import Reports
from machine.logger import get_logger
from machine.logs import TraceLogHandler
from machine.plugins.base import MachineBasePlugin
from machine.read_only import require_writable
from machine.receiving.deduplication import Claims, SharedDeliveries
from machine.receiving.event_queue import Handover
from machine.receiving.inbox import FOLDER as INBOX_FOLDER
from machine.receiving.inbox import Inbox
from machine.receiving.intake import Intake
from machine.receiving.socket_mode import SocketMode
from machine.receiving.thread import BotLoop, Housed, ReceivingThread, RelayedTrace, Transport
from machine.redaction import redact
from machine.scheduler import Job, Scheduler, SteppedScheduler
from machine.settings import DEFAULT_SETTINGS_FILE, CaseInsensitiveDict, Settings
from machine.slack.client import SlackClient
from machine.slack.directory import PAGE_EVERY_S, Directory
from machine.slack.directory_cache import FILE as SNAPSHOT_FILE
from machine.slack.directory_cache import DirectoryCache
from machine.slack.identity import Identity, identify
from machine.slack.web import SlackWebClient, is_loopback, open_session
from machine.storage import PluginStorage
from machine.storage.backends.base import MachineBaseStorage
from machine.storage.expiry import Clock
from machine.storage.factory import open_storage
from machine.trace import Considered, Trace
from machine.watchdog import Watchdog

_logger = get_logger(__name__)


if TYPE_CHECKING:
    from machine.receiving.http import HttpMode


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
        slack: What the bot can do in its workspace; there once it has started.
        storage: Where plugins keep their values; there once it has started.
    """

    slack: SlackClient
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
        self._reload_settings = reload_settings
        file = settings_file or self._root / DEFAULT_SETTINGS_FILE
        self._settings_file = file.parent.resolve() / file.name  # as the watcher names it, but not where a link leads
        self._also_watch = dict(also_watch or {})
        self._listens = listens
        self._loads_plugins = loads_plugins
        self._is_live = is_live
        self._clock = clock
        self._log_handler = TraceLogHandler(self.trace)
        self._started: list[Any] = []
        self._stopping = asyncio.Lock()
        self._stopped = asyncio.Event()
        self._fatal: MachineError | None = None
        self._http: HttpMode | None = None
        self._all_settings = self.settings.all
        self._project = Project(self._root, self._root / self.settings.plugin_dir)

    @property
    def is_live(self) -> bool:
        """Whether the bot talks to Slack itself, and not to a sandbox on this machine."""
        return not is_loopback(self.settings.slack_api_url) if self._is_live is None else self._is_live

    @property
    def listens(self) -> bool:
        """Whether the bot takes events and runs scheduled jobs, or only uses the Web API."""
        return self._listens

    @property
    def loads_plugins(self) -> bool:
        """Whether the bot has the plugins that its settings name."""
        return self._loads_plugins

    @property
    def identity(self) -> Identity:
        """Who the bot is, and where."""
        return self.slack.identity

    @property
    def workspace_name(self) -> str:
        """The workspace's name; empty until the bot has started."""
        return self.slack.identity.team if hasattr(self, "slack") else ""

    @property
    def plugins(self) -> Mapping[str, LoadedPlugin]:
        """The live plugins by name."""
        return self._plugins.live

    @property
    def failures(self) -> Mapping[str, PluginError]:
        """What could not be loaded, by the name of its module or class."""
        return self._plugins.failures

    @property
    def registry(self) -> Registry[Handler]:
        """Who listens, at this moment."""
        return self._dispatcher.registry

    @property
    def http_address(self) -> Address | None:
        """Where the bot takes requests over HTTP, once it has started; `None` where it takes none."""
        return self._http.address if self._http is not None else None

    def jobs(self) -> list[Job]:
        """The scheduled jobs, the next one first."""
        return self._scheduler.jobs()

    def run_job_now(self, job_id: str) -> None:
        """Start a scheduled job at once, besides its schedule; an unknown id does nothing."""
        require_writable("Running a job")
        for job in self._scheduler.jobs():
            if job.id == job_id:
                self._dispatcher.run_job(job.handler)

    @property
    def disabled_plugins(self) -> frozenset[str]:
        """Names of the plugins that are switched off."""
        return frozenset(self._plugins.off)

    def disable_plugin(self, name: str) -> None:
        """Let a live plugin hear nothing, and run none of its jobs, until it is enabled or the bot ends.

        Raises:
            KeyError: No plugin of this name is live.
        """
        self._plugins.disable(name)

    def enable_plugin(self, name: str) -> None:
        """Let a plugin that was disabled hear again."""
        self._plugins.enable(name)

    def run_due_jobs(self) -> None:
        """Start the scheduled jobs that are due by the `clock` that was given; without one they start by themselves."""
        self._scheduler.run_due()

    def plugin_storage(self, name: str) -> PluginStorage:
        """The storage of the plugin with this name (module and class)."""
        return PluginStorage(name, self.storage, trace=self.trace, secret=self.settings.storage_secret)

    def explain(self, envelope: Envelope) -> tuple[Considered, ...]:
        """Which handlers an envelope would run, and why or why not; nothing is run."""
        return self._dispatcher.explain(envelope)

    async def explain_with_roles(self, envelope: Envelope) -> tuple[Considered, ...]:
        """The same, asking the storage as well whether the person has the roles that matching handlers need."""
        return await self._dispatcher.explain_with_roles(envelope)

    async def handle(self, envelope: Envelope) -> None:
        """Dispatch an envelope as if it had just arrived, and wait until its handlers have ended."""
        require_writable("Running handlers")
        tasks = await self._dispatcher.dispatch(envelope)
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def abandoned(self) -> Sequence[str]:
        """Handlers that did not end when the bot stopped, although they were cancelled."""
        return self._dispatcher.supervisor.abandoned if hasattr(self, "_dispatcher") else ()

    @property
    def queue_depth(self) -> int:
        """How many events and handlers wait for others to end before they begin."""
        if not hasattr(self, "_handover"):
            return 0
        return self._handover.depth + self._dispatcher.supervisor.waiting

    async def wait_until_idle(self) -> None:
        """Wait until everything that was received has been handled, and no handler runs."""
        while self._handover.depth or self._dispatcher.supervisor.is_busy:
            await self._handover.idle()
            await self._dispatcher.supervisor.idle()

    async def reload(self, changed: Iterable[Path] | None = None) -> bool:
        """Take over changed plugin files now; what fails leaves the old version live.

        Args:
            changed: The files to look at; all of the project's by default.

        Returns:
            Whether anything was replaced.
        """
        require_writable("Reloading plugins")
        return await self._plugins.reload(changed)

    async def start(self) -> None:
        """Connect and load the plugins; returns when the bot is listening.

        Raises:
            SettingsError: When a setting that is needed is missing.
            SlackRefusedError: When Slack does not accept the tokens.
            StorageError: When the storage cannot be used.
            MachineError: When Slack cannot be reached.
        """
        self._require_tokens()
        self._log_handler.belong_here()
        logging.getLogger().addHandler(self._log_handler)
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Take no more events, finish what runs (`DRAIN_TIMEOUT` at most), and close everything; safe to call twice."""
        async with self._stopping:  # each part is needed by those before it until they are closed
            while self._started:
                part = self._started.pop()
                try:
                    await part()
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

    async def _start(self) -> None:
        settings = self.settings
        raise_gc_threshold()
        self._project.check()
        self._project.install()
        self._started.append(self._uninstall)
        self.storage = open_storage(settings, self._root, self._clock)
        self._started.append(self.storage.close)
        await self.storage.init()

        session = open_session()
        self._started.append(session.close)
        web = SlackWebClient(settings, session, self.trace, is_live=self.is_live)
        self.slack = await self._meet_workspace(web)
        identity = self.identity

        self._dispatcher = Dispatcher(
            self.slack, self._reader(settings), self.trace, log_messages=settings.log_handled_messages
        )
        self._scheduler = self._make_scheduler()
        self._plugins = Plugins(
            self._project,
            self._loader(self._all_settings),
            self._dispatcher,
            self._scheduler,
            self.trace,
            settings.plugins,
            self._classes,
        )
        self._inbox = Inbox(self._root / INBOX_FOLDER, settings.inbox, self.trace)
        self._handover = Handover(self._dispatcher, self.trace, self._shared_deliveries(), self._inbox.handled)
        self._receiving = ReceivingThread()
        transports = self._make_transports()
        # Stopped in the opposite order: what handlers answer while they end must still reach Slack.
        self._started += [self._inbox.close, self._plugins.close, self._receiving.close]
        self._started += [*(transport.stop for transport in transports), self._drain]
        if self._loads_plugins:
            await self._plugins.load_all()
        if self._listens:
            await self._listen(transports)
        _logger.info(
            "Bot started",
            workspace=identity.team,
            where="Slack" if self.is_live else "sandbox",
            name=identity.name,
            plugins=len(self.plugins),
        )

    async def _listen(self, transports: Sequence[Housed]) -> None:
        watchdog = Watchdog(self.trace, self._project.owns)
        await watchdog.start()
        self._started.append(watchdog.close)
        self._scheduler.start()
        self._started.append(self._stop_scheduler)
        if self._watch:
            from machine.loading.watcher import Watcher  # noqa: PLC0415 - watchfiles takes 10 ms to import

            watcher = Watcher(self._project.root, self._project.folders, self._files_changed, files=self._watched_files)
            await watcher.start()
            self._started += [watcher.close, self._stop_reloading]

        self._handover.start()
        unfinished = await self._inbox.recover()
        self._intake.remember(unfinished)
        self._handover.run_again(unfinished)
        await self._receiving.start()
        for transport in transports:
            await transport.start()
            self._started.append(transport.pause)

    def _make_transports(self) -> list[Housed]:
        """The server, if one is wanted; and Socket Mode, unless Slack sends to the server."""
        settings, bot_loop = self.settings, BotLoop()
        trace = RelayedTrace(self.trace, bot_loop)
        intake = self._intake = Intake(self._handover, self._dispatcher.may_be_answered, self._inbox.keep)
        transports: list[Transport] = []
        if settings.http is not None:
            # Here, because aiohttp's server takes 50 to 60 ms to import, and most bots have none.
            from machine.receiving.http import HttpMode  # noqa: PLC0415
            from machine.receiving.webhooks import Webhooks  # noqa: PLC0415

            secret = settings.slack_signing_secret
            webhooks = Webhooks(self._dispatcher, bot_loop)
            address = Address.parse(settings.http)
            plain = secret.get_secret_value() if secret else None
            self._http = HttpMode(address, plain, intake, webhooks, trace)
            transports.append(self._http)
        if not self._slack_sends_to_us:
            on_fatal = partial(bot_loop.soon, self.request_stop)
            transports.append(SocketMode(settings, intake, trace, self.identity.team, on_fatal))
        return [Housed(transport, self._receiving) for transport in transports]

    def _shared_deliveries(self) -> SharedDeliveries | None:
        return SharedDeliveries(self.storage) if isinstance(self.storage, Claims) else None

    @property
    def _slack_sends_to_us(self) -> bool:
        return self.settings.http is not None and self.settings.slack_signing_secret is not None

    async def _meet_workspace(self, web: SlackWebClient) -> SlackClient:
        try:
            identity = await identify(web)
            workspace = f"{self.settings.slack_api_url} {identity.team_id} {identity.user_id}"
            # Who only looks at plugins (`machine plugins`, a replay) leaves the folder of a bot as it is.
            keeps_it = self._listens or not self._loads_plugins
            cache = DirectoryCache(self._root / SNAPSHOT_FILE if keeps_it else None, workspace)
            directory = Directory(web, identity.user_id, cache, page_every_s=PAGE_EVERY_S if self.is_live else 0.0)
            self._started.append(directory.close)
            web.answer_dry_run = partial(_dry_run_answer, identity, directory)
            await directory.fill()
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise MachineError(
                f"Slack cannot be reached at {self.settings.slack_api_url}: {redact(str(error)) or 'no answer'}. "
                "Check the network, HTTP_PROXY and SLACK_API_URL; without a network, `machine dev` runs in the sandbox."
            ) from error
        return SlackClient(web, directory, identity, self.settings.tz)

    def _require_tokens(self) -> None:
        missing = [
            Mistake(name, "is not set", f"Export SM_{name} or put it into local_settings.py, or try `machine dev`.")
            for name in ("SLACK_APP_TOKEN", "SLACK_BOT_TOKEN")
            if not self._all_settings[name]
            and (name != "SLACK_APP_TOKEN" or (self._listens and not self._slack_sends_to_us))
        ]
        if missing:
            raise SettingsError(missing)

    def _make_scheduler(self) -> Scheduler:
        tz, run = self.settings.tz, self._dispatcher.run_job
        return Scheduler(tz, run) if self._clock is None else SteppedScheduler(tz, run, self._clock)

    def _reader(self, settings: Settings) -> Reader:
        identity = self.identity
        names = [identity.name, str(identity.bot_info.get("name") or "")]
        return Reader(
            user_id=identity.user_id,
            bot_id=identity.bot_id,
            addressing=Addressing(identity.user_id, names, settings.aliases),
            hears_bots=settings.listen_to_bots,
        )

    def _loader(self, values: CaseInsensitiveDict) -> Loader:
        return Loader(self._project, self.slack, values, self.plugin_storage, self._dispatcher)

    async def _files_changed(self, paths: set[Path]) -> None:
        for path, react in self._also_watch.items():
            if path in paths:
                await react()
        if self._settings_file in paths:
            await self._settings_changed()
        await self._plugins.reload(path for path in paths if path.suffix == ".py" and path != self._settings_file)

    def _watched_files(self) -> set[Path]:
        return {*self._plugins.files(), *self._also_watch, self._settings_file}

    async def _settings_changed(self) -> None:
        """Take over changed settings, except those that need a start; a mistake leaves the old ones in force."""
        path = self._settings_file
        if self._reload_settings is None:
            return
        try:
            wanted = self._reload_settings()
        except SettingsError as error:
            failure = PluginError(path.name, str(error), phase="settings", file=str(path))
            Reports(self.trace, self._root).failed(path.name, failure, is_live=True)
            return
        settings, later = self.settings.changed_to(wanted)
        if later:
            _logger.warning("These settings take effect at the next start", settings=", ".join(later))
        if settings == self.settings:
            return
        if await self._plugins.rebuild(self._loader(settings.all), settings.plugins, path):
            self.settings, self._all_settings = settings, settings.all
            self._dispatcher.configure(self._reader(settings), log_messages=settings.log_handled_messages)
            logging.getLogger().setLevel(settings.loglevel)

    async def _stop_reloading(self) -> None:
        self._plugins.stop_reloading()

    async def _stop_scheduler(self) -> None:
        self._scheduler.stop()

    async def _drain(self) -> None:
        ends = time.monotonic() + self.settings.drain_timeout
        await self._handover.close(timedelta(seconds=self.settings.drain_timeout))
        await self._dispatcher.supervisor.drain(timedelta(seconds=max(0.0, ends - time.monotonic())))

    async def _uninstall(self) -> None:
        self._project.uninstall()


def _dry_run_answer(
    identity: Identity, directory: Directory, method: str, arguments: Mapping[str, Any]
) -> dict[str, Any]:
    from machine.slack.dry_run import dry_run_answer  # noqa: PLC0415 - only simulations in a real workspace need it

    return dry_run_answer(method, arguments, identity, directory)
