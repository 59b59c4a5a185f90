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
    from machine.sandbox import Sandbox

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
        hosting: A workspace that is served to bots in other processes: the bot here has no plugins and does not listen.

    Attributes:
        trace: What happens, from before the bot starts.
        is_live: Whether the bot talks to Slack (or to a server that `SLACK_API_URL` names) and not to its own sandbox.
        is_host: Whether the workspace is there for bots in other processes.
        sandbox: The embedded workspace; `None` against Slack. It runs once `start()` has returned.
        machine: The bot; there once `start()` has begun.
    """

    machine: Machine

    def __init__(
        self,
        settings: Settings,
        project: Path,
        *,
        watch: bool = False,
        live: bool | None = None,
        listens: bool = True,
        loads_plugins: bool = True,
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
            settings = _settings_for(settings, self.sandbox)
        self.machine = self.make_machine(settings)
        try:
            await self._resources.enter_async_context(self.machine)
        except BaseException:
            await self.stop()
            raise

    def make_machine(self, settings: Settings) -> Machine:
        """The bot, not started yet, for settings that lead to where it shall run."""
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
        return self.machine.abandoned if hasattr(self, "machine") else ()

    async def stop(self) -> None:
        """Stop both: no more events, handlers end, everything is closed."""
        await self._resources.aclose()

    def _reload_settings(self) -> Settings:
        settings = Settings.load(self.project)
        return settings if self.sandbox is None else _settings_for(settings, self.sandbox)

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
        from machine.sandbox import Sandbox, Workspace  # noqa: PLC0415

        description = self.project / WORKSPACE_FILE
        return Sandbox(Workspace.from_toml(description) if description.exists() else Workspace.default())


def _settings_for(settings: Settings, sandbox: Sandbox) -> Settings:
    values: CaseInsensitiveDict = settings.all
    overrides: dict[str, Any] = {
        "SLACK_API_URL": sandbox.api_url,
        "SLACK_BOT_TOKEN": sandbox.bot_token,
        "SLACK_APP_TOKEN": sandbox.app_token,
        "SLACK_SIGNING_SECRET": None,  # what the server would wait for comes over Socket Mode
    }
    values.update(overrides)
    return Settings.check(values)
