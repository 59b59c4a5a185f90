"""A bot to replay a recording with: its own plugins, a sandbox, storage in memory, and nobody else to hear it."""

from __future__ import annotations

from pathlib import Path

from machine.bot import Machine
from machine.settings import CaseInsensitiveDict, Settings
from machine_console.runtime.runtime import Runtime

_MEMORY = "machine.storage.backends.memory.MemoryStorage"


class ReplayRuntime(Runtime):
    """Runs the project's plugins for a recording and for nothing else.

    Storage begins empty and is forgotten, no event is taken from anybody, no job runs, and what handlers send is
    captured: a recording may come from another workspace, whose channels and messages the sandbox does not have.

    Args:
        settings: As read from file and environment.
        project: The folder of the bot.
    """

    def __init__(self, settings: Settings, project: Path) -> None:
        values: CaseInsensitiveDict = settings.all
        values.update({"STORAGE_BACKEND": _MEMORY})
        super().__init__(Settings.check(values), project, live=False)

    def make_machine(self, settings: Settings) -> Machine:
        """A bot that hears nobody and sends nothing."""
        return Machine(settings, trace=self.trace, project=self.project, listens=False, is_live=True)
