"""`machine plugins`: what would be loaded, and what not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from machine.redaction import redact
from machine.terminal_text import visible
from machine_console.cli.launch import finish, project_settings

if TYPE_CHECKING:
    from machine.bot import Machine
    from machine.dispatch.registry import Handler
    from machine.errors import PluginError
    from machine.loading.loader import LoadedPlugin
    from machine.settings import Settings


def plugins(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List the plugins that would be loaded, with their handlers; exit code 1 if one fails to load."""
    settings, project = project_settings()
    finish(_list_plugins(settings, project, as_json=as_json))


async def _list_plugins(settings: Settings, project: Path, *, as_json: bool) -> int:
    from machine_console.runtime.offline_bot import loaded_machine

    async with loaded_machine(settings, project) as machine:
        lines = map(visible, _as_text(machine, project))
        print(json.dumps(_as_data(machine), indent=2) if as_json else "\n".join(lines))
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
    from machine.loading.handler_discovery import hidden_method

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
    from machine.loading.handler_discovery import hidden_method

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
