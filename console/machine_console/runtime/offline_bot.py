"""The plugins of a project without Slack: to be listed, to tell what they need of it, or to replay a recording."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from machine.bot import Machine
from machine.errors import MachineError
from machine.manifest import Derived, derive_manifest
from machine.sandbox import Sandbox
from machine.settings import Settings
from machine_console.runtime.runtime import Runtime, settings_for, workspace_of

_IN_MEMORY = {"STORAGE_BACKEND": "machine.storage.backends.memory.MemoryStorage"}


@contextlib.asynccontextmanager
async def loaded_machine(settings: Settings, project: Path) -> AsyncIterator[Machine]:
    """A bot with its plugins in a sandbox of its own, which takes no events and keeps nothing.

    Plugins are initialised, as only then it is known whether they load. What they store meanwhile is forgotten, so
    that a bot that runs in the same folder is not disturbed.

    Raises:
        MachineError: When the settings or `workspace.toml` cannot be used.
    """
    workspace = workspace_of(project)
    workspace.faults.clear()
    async with Sandbox(workspace) as sandbox:
        values = settings_for(settings, sandbox, **_IN_MEMORY)
        async with Machine(values, project=project, listens=False) as machine:
            yield machine


def replay_runtime(settings: Settings, project: Path) -> Runtime:
    """The project's plugins for a recording and for nothing else.

    Storage begins empty and is forgotten, no event is taken from anybody, no job runs, and what handlers send is
    captured: a recording may come from another workspace, whose channels and messages the sandbox does not have.
    """
    return Runtime(Settings.check({**settings.all, **_IN_MEMORY}), project, live=False, rehearses=True)


def manifest_of(machine: Machine, project: Path, name: str | None = None, url: str | None = None) -> Derived:
    """The Slack app manifest of a bot that has its plugins.

    Raises:
        MachineError: A plugin could not be loaded: what it needs is not known.
    """
    if machine.failures:
        failed = ", ".join(machine.failures)
        raise MachineError(f"These plugins fail to load: {failed}. `machine plugins` tells why; correct them first.")
    return derive_manifest(name or machine.identity.name, machine.registry.handlers, _sources(machine, project), url)


def _sources(machine: Machine, project: Path) -> Iterator[str]:
    """The Python of the plugins, and of the project's modules that they have imported."""
    files = {plugin.source for plugin in machine.plugins.values() if plugin.source is not None}
    for module in tuple(sys.modules.values()):
        file = Path(getattr(module, "__file__", None) or "")
        if file.suffix == ".py" and file.is_relative_to(project) and "site-packages" not in file.parts:
            relative = file.relative_to(project).parts
            files |= {file} if relative[0] not in ("machine", "console", "tests") else set()
    for file in sorted(files):
        yield file.read_text(encoding="utf-8-sig")
