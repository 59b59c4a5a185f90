"""The plugins of a project, loaded without Slack: to be listed, or to tell what they need of it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from machine.bot import Machine
from machine.sandbox import Sandbox, Workspace
from machine.settings import Settings
from machine_console.runtime.runtime import WORKSPACE_FILE


@contextlib.asynccontextmanager
async def loaded_machine(settings: Settings, project: Path) -> AsyncIterator[Machine]:
    """A bot with its plugins in a sandbox of its own, which takes no events and keeps nothing.

    Plugins are initialised, as only then it is known whether they load. What they store meanwhile is forgotten, so
    that a bot that runs in the same folder is not disturbed.

    Raises:
        MachineError: When the settings or `workspace.toml` cannot be used.
    """
    description = project / WORKSPACE_FILE
    workspace = Workspace.from_toml(description) if description.exists() else Workspace.default()
    workspace.faults.clear()
    async with Sandbox(workspace) as sandbox:
        values = settings.all
        values.update(
            {
                "SLACK_API_URL": sandbox.api_url,
                "SLACK_BOT_TOKEN": sandbox.bot_token,
                "SLACK_APP_TOKEN": sandbox.app_token,
                "STORAGE_BACKEND": "machine.storage.backends.memory.MemoryStorage",
            }
        )
        async with Machine(Settings.check(values), project=project, listens=False) as machine:
            yield machine
