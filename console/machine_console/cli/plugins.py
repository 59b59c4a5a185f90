"""`machine plugins`: what would be loaded, and what not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from machine.bot import Machine
from machine.dispatch.registry import Handler
from machine.errors import PluginError
from machine.loading.handler_discovery import hidden_method
from machine.loading.loader import LoadedPlugin
from machine.redaction import redact
from machine.settings import Settings
from machine_console.runtime.offline_bot import loaded_machine


async def list_plugins(settings: Settings, project: Path, *, as_json: bool) -> int:
    """Print the plugins with their handlers, and what fails with file and line.

    Returns:
        The exit code: 1 if anything failed to load.
    """
    async with loaded_machine(settings, project) as machine:
        print(json.dumps(_as_data(machine), indent=2) if as_json else "\n".join(_as_text(machine, project)))
        return 1 if machine.failures else 0


def _as_data(machine: Machine) -> dict[str, Any]:
    return {
        "plugins": [_plugin_data(plugin) for plugin in machine.plugins.values()],
        "failures": [_failure_data(name, error) for name, error in machine.failures.items()],
    }


def _plugin_data(plugin: LoadedPlugin) -> dict[str, Any]:
    return {
        "name": plugin.name,
        "file": None if plugin.source is None else str(plugin.source),
        "handlers": [_handler_data(handler) for handler in plugin.handlers],
    }


def _handler_data(handler: Handler) -> dict[str, Any]:
    return {
        "name": handler.name,
        "trigger": handler.trigger.describe(),
        "file": handler.source_file,
        "line": handler.source_line,
        "doc": handler.doc,
        "hides": hidden_method(handler),
    }


def _failure_data(name: str, error: PluginError) -> dict[str, Any]:
    return {"name": name, "phase": error.phase, "problem": redact(str(error)), "file": error.file, "line": error.line}


def _as_text(machine: Machine, project: Path) -> Iterator[str]:
    for plugin in machine.plugins.values():
        where = "" if plugin.source is None else f"  ({_shown(str(plugin.source), project)})"
        yield f"{plugin.name}{where}"
        for handler in plugin.handlers:
            method = handler.name.rpartition(".")[2]
            hidden = hidden_method(handler)
            note = f"  WARNING: hides {hidden}, give it another name" if hidden else ""
            yield f"  @{handler.trigger.describe()}  {method}, line {handler.source_line}{note}"
    for name, error in machine.failures.items():
        place = _shown(error.file, project) if error.file else name
        line = f":{error.line}" if error.line else ""
        yield f"FAILED {name} ({error.phase})"
        yield f"  {place}{line}: {redact(str(error))}"
    handlers = sum(len(plugin.handlers) for plugin in machine.plugins.values())
    yield f"Plugins: {len(machine.plugins)}, handlers: {handlers}, failed: {len(machine.failures)}"


def _shown(file: str, project: Path) -> str:
    path = Path(file)
    return str(path.relative_to(project)) if path.is_relative_to(project) else file
