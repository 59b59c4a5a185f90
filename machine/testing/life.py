"""The life of a bot in a test: it starts in a workspace of its own, is watched, and leaves its process as it was."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from machine.bot import Machine
from machine.plugins import MachineBasePlugin
from machine.sandbox import Sandbox, Workspace
from machine.testing.idle import Settling
from machine.testing.recorded_trace import RecordedTrace
from machine.trace import Trace

__tracebackhide__ = True  # pytest shows the line of the test, not those in here

T = TypeVar("T")

PATIENCE = timedelta(seconds=10)
"""How long a test waits for what is under way; only a net, as what ends is seen at once."""


class Life:
    """The real bot, talking with its real clients to a sandbox on loopback.

    Args:
        workspace: What the sandbox shows.
        project: A folder for what the bot keeps in files.
        patience: How long it waits for what is under way.

    Attributes:
        sandbox: Between workspace and bot; started with the bot.
        machine: The bot, once it is started.
        trace: What the bot does, as it happens.
        recorded: The same, as far as it has happened.
        settling: What is under way.
    """

    machine: Machine

    def __init__(self, workspace: Workspace, project: Path, *, patience: timedelta = PATIENCE) -> None:
        self.workspace = workspace
        self.sandbox = Sandbox(workspace)
        self.trace = Trace()
        self.recorded = RecordedTrace()
        self.settling = Settling(patience)
        self._project = project
        self._resources = AsyncExitStack()

    async def start(
        self,
        plugins: Iterable[type[MachineBasePlugin]],
        settings: Mapping[str, Any],
        *,
        clock: Callable[[], float] | None = None,
        watch: bool = False,
    ) -> None:
        """Start sandbox and bot; by default without any built-in plugin and with storage in memory.

        Without a clock of its own the bot goes by the system's, and so do its jobs.
        """
        self._restore_afterwards()
        await self._resources.enter_async_context(self.sandbox)
        self.trace.subscribe(self.recorded.records.append)
        self.trace.subscribe(self.settling.notice)
        self.workspace.subscribe(self.settling.notice)
        given = {
            "SLACK_API_URL": self.sandbox.api_url,
            "SLACK_BOT_TOKEN": self.sandbox.bot_token,
            "SLACK_APP_TOKEN": self.sandbox.app_token,
            "PLUGINS": (),
            "STORAGE_BACKEND": "machine.storage.backends.memory.MemoryStorage",
            **settings,
        }
        self.machine = Machine(
            given, trace=self.trace, project=self._project, watch=watch, plugins=tuple(plugins), clock=clock
        )
        if "LOGLEVEL" in settings:
            logging.getLogger().setLevel(self.machine.settings.loglevel)
        await self._resources.enter_async_context(self.machine)

    async def stop(self) -> None:
        """Stop both."""
        await self._resources.aclose()

    async def settled(self) -> None:
        """Wait until nothing is under way: events have arrived, handlers have ended, and so has what they caused."""
        await self.settling.settled(self.sandbox, self.machine)

    async def until(self, condition: Callable[[], T | None], what: str = "the condition") -> T:
        """The first value of `condition` that is true, looked at again after whatever happens."""
        return await self.settling.until(condition, what)

    def _restore_afterwards(self) -> None:
        """Undo afterwards what a bot changes in its process: it usually has one to itself."""
        root, path, level = logging.getLogger(), list(sys.path), logging.getLogger().level
        self._resources.callback(root.setLevel, level)
        self._resources.callback(lambda: sys.path.__setitem__(slice(None), path))
