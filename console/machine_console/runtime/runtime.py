"""What a command runs: the bot, and a sandbox to run it in where there are no tokens."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from machine.bot import Machine
from machine.errors import MachineError
from machine.logger import get_logger
from machine.settings import CaseInsensitiveDict, Settings, settings_file
from machine.trace import Trace

if TYPE_CHECKING:
    from machine.sandbox import Sandbox, Workspace

_logger = get_logger(__name__)

WORKSPACE_FILE = "workspace.toml"


class Runtime:
    """A bot and what it needs to run.

    Args:
        settings: As read from file and environment.
        project: The folder of the bot.
        watch: Take over changed plugin files while the bot runs.
        live: `True` asks for Slack (and its tokens), `False` for the sandbox; `None` takes Slack where a token is
            set, and the sandbox otherwise.
        listens: See `Machine`; in its own sandbox the bot always listens, as nobody else does.
        loads_plugins: See `Machine`; in its own sandbox the bot has its plugins.
        rehearses: Nobody reaches the bot and it reaches nobody: no event, job or changed file comes in, and what its
            handlers send is captured, as in a live workspace.
        hosting: A sandbox that serves bots in other processes and runs already: the bot here has no plugins and does
            not listen.

    Attributes:
        trace: What happens, from before the bot starts.
        is_live: Whether the bot talks to Slack (or to a server that `SLACK_API_URL` names) and not to its own sandbox.
        is_host: Whether the workspace is there for bots in other processes.
        sandbox: The embedded workspace; `None` against Slack. It runs once `start()` has returned.
    """

    def __init__(
        self,
        settings: Settings,
        project: Path,
        *,
        watch: bool = False,
        live: bool | None = None,
        listens: bool = True,
        loads_plugins: bool = True,
        rehearses: bool = False,
        hosting: Sandbox | None = None,
    ) -> None:
        self.settings = settings
        self.is_host = hosting is not None
        self.project = project
        self.trace = Trace()
        self._watch = watch
        self._resources = contextlib.AsyncExitStack()
        # One token alone is a mistake to be told, not a wish for the sandbox.
        has_tokens = settings.slack_app_token is not None or settings.slack_bot_token is not None
        self.is_live = hosting is None and (has_tokens if live is None else live)
        self.sandbox = None if self.is_live else hosting or self._make_sandbox()
        self._listens = not self.is_host and (listens or not self.is_live)
        self._loads_plugins = not self.is_host and (loads_plugins or not self.is_live)
        self._rehearses = rehearses
        self._machine: Machine | None = None
        self._is_started = False

    @property
    def machine(self) -> Machine:
        """The bot, once `start()` has begun.

        Raises:
            MachineError: It has not.
        """
        if self._machine is None:
            raise MachineError("The bot has not started yet.")
        return self._machine

    @property
    def started_machine(self) -> Machine | None:
        """The bot, with its storage open and its plugins loaded; `None` before `start()` has returned."""
        return self._machine if self._is_started else None

    async def start(self) -> None:
        """Start the sandbox, where there is one, and the bot.

        Raises:
            MachineError: When either cannot start; the message says what to do.
        """
        settings = self.settings
        if self.sandbox is not None:
            if self.is_host:
                _logger.info("The workspace is open to bots in other processes", api_url=self.sandbox.api_url)
            else:
                await self._resources.enter_async_context(self.sandbox)
                _logger.info("No Slack: the bot runs in the embedded workspace", api_url=self.sandbox.api_url)
            settings = settings_for(settings, self.sandbox)
        self._machine = self._make_machine(settings)
        try:
            await self._resources.enter_async_context(self._machine)
        except BaseException:
            await self.stop()
            raise
        self._is_started = True

    def _make_machine(self, settings: Settings) -> Machine:
        if self._rehearses:
            return Machine(settings, trace=self.trace, project=self.project, listens=False, is_live=True)
        return Machine(
            settings,
            trace=self.trace,
            project=self.project,
            watch=self._watch,
            reload_settings=self._reload_settings,
            settings_file=settings_file(self.project),
            also_watch={self.project / WORKSPACE_FILE: self._workspace_changed} if self.sandbox else None,
            listens=self._listens,
            loads_plugins=self._loads_plugins,
        )

    @property
    def abandoned(self) -> Sequence[str]:
        """Handlers that did not end when the bot stopped, although they were cancelled."""
        return self._machine.abandoned if self._machine is not None else ()

    async def stop(self) -> None:
        """Stop both: no more events, handlers end, everything is closed."""
        await self._resources.aclose()

    def _reload_settings(self) -> Settings:
        settings = Settings.load(self.project)
        return settings if self.sandbox is None else settings_for(settings, self.sandbox)

    async def _workspace_changed(self) -> None:
        """Take over a changed `workspace.toml`; a mistake in it leaves the workspace as it is."""
        if self.sandbox is None:
            return
        from machine.sandbox.workspace_file.reload import reload_workspace  # noqa: PLC0415 - see `_make_sandbox`

        try:
            done = reload_workspace(self.sandbox.workspace, self.project / WORKSPACE_FILE)
        except MachineError as error:
            _logger.error("The workspace stays as it is", problem=str(error))
            return
        _logger.info("The workspace changed", done=done)

    def _make_sandbox(self) -> Sandbox:
        # Here, because the sandbox takes 0.15 s to import, and a bot against Slack has none.
        from machine.sandbox import Sandbox  # noqa: PLC0415

        return Sandbox(workspace_of(self.project))


def workspace_of(project: Path, users: int | None = None) -> Workspace:
    """The workspace that a project describes in its `workspace.toml`; the usual one without.

    Args:
        project: The folder of the bot.
        users: Generate so many people besides.

    Raises:
        MachineError: The file cannot be used.
    """
    from machine.sandbox import Workspace  # noqa: PLC0415 - see `_make_sandbox`

    description = project / WORKSPACE_FILE
    return Workspace.from_toml(description, users=users) if description.exists() else Workspace.default(users=users)


def settings_for(settings: Settings, sandbox: Sandbox, **others: object) -> Settings:
    """The settings of a bot that runs in a sandbox; `others` replace those they name."""
    values: CaseInsensitiveDict = settings.all
    overrides: dict[str, Any] = {
        **others,
        "SLACK_API_URL": sandbox.api_url,
        "SLACK_BOT_TOKEN": sandbox.bot_token,
        "SLACK_APP_TOKEN": sandbox.app_token,
        "SLACK_SIGNING_SECRET": None,  # what the server would wait for comes over Socket Mode
    }
    values.update(overrides)
    return Settings.check(values)
