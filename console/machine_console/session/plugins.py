"""The plugins of a bot as values: which are live, which failed, what they listen to, how that has run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from machine.plugins.triggers import SlashCommand
from machine_console.status.handler_stats import CallSummary, HandlerStats
from machine_console.text.formatting import short_handler

if TYPE_CHECKING:
    from machine.bot import Machine


@dataclass(frozen=True, slots=True)
class HandlerEntry:
    """A handler of a plugin: its method, its trigger as the decorator reads, where it is written, how it has run."""

    name: str
    trigger: str
    place: str = ""
    calls: CallSummary | None = None


@dataclass(frozen=True, slots=True)
class PluginEntry:
    """A live plugin.

    Attributes:
        name: As settings name it.
        title: What it calls itself.
        handlers: What it listens to.
        loaded_at: When it went live.
        duration: How long loading took.
        source: Its file, as a person would write it.
        is_off: Whether it is switched off.
    """

    name: str
    title: str
    handlers: tuple[HandlerEntry, ...] = ()
    loaded_at: datetime | None = None
    duration: timedelta | None = None
    source: str = ""
    is_off: bool = False


@dataclass(frozen=True, slots=True)
class FailureEntry:
    """A plugin that could not be loaded.

    Attributes:
        phase: The step that failed.
        place: File and line to look at.
        is_old_version_live: Whether the version before it still runs.
    """

    name: str
    phase: str
    error: str
    traceback: str = ""
    place: str = ""
    is_old_version_live: bool = False


@dataclass(frozen=True, slots=True)
class JobEntry:
    """A scheduled job; `next_run` is `None` if it never runs again."""

    handler: str
    next_run: datetime | None
    id: str = ""


def plugins_of(machine: Machine, stats: HandlerStats) -> list[PluginEntry]:
    """The plugins that are live."""
    return [
        PluginEntry(
            name=plugin.name,
            title=plugin.title,
            handlers=tuple(
                HandlerEntry(
                    one.name,
                    one.trigger.describe(),
                    _place(one.source_file, one.source_line),
                    stats.of(one.name),
                )
                for one in plugin.handlers
            ),
            loaded_at=plugin.loaded_at,
            duration=plugin.duration,
            source=_place(plugin.source),
            is_off=plugin.name in machine.disabled_plugins,
        )
        for plugin in machine.plugins.values()
    ]


def failures_of(machine: Machine) -> list[FailureEntry]:
    """The plugins that could not be loaded."""
    live = {name for plugin in machine.plugins for name in (plugin, plugin.rpartition(".")[0])}
    return [
        FailureEntry(
            name=name,
            phase=error.phase,
            error=str(error),
            traceback=error.traceback,
            place=_place(error.file, error.line),
            is_old_version_live=name in live,
        )
        for name, error in machine.failures.items()
    ]


def jobs_of(machine: Machine) -> list[JobEntry]:
    """What the scheduler will start."""
    return [JobEntry(short_handler(job.handler.name), job.next_run, job.id) for job in machine.jobs()]


def commands_of(machine: Machine) -> list[str]:
    """The slash commands that plugins handle."""
    triggers = (handler.trigger for handler in machine.registry.handlers)
    return sorted({trigger.command for trigger in triggers if isinstance(trigger, SlashCommand)})


def _place(file: str | Path | None, line: int | None = None) -> str:
    """A file as a person would write it here: relative to the project where it is in it."""
    if file is None:
        return ""
    path = Path(file)
    shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else Path(path.name)
    return f"{shown}:{line}" if line else str(shown)
