"""The plugins of a bot as values, and as a foldable document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

from machine_console.status.handler_stats import HandlerCalls
from machine_console.text.document_tree import BLANK, Node, text_nodes
from machine_console.text.formatting import clock, counted, milliseconds, short_handler
from machine_console.text.styled_text import Part

if TYPE_CHECKING:
    from machine.bot import Machine


@dataclass(frozen=True, slots=True)
class HandlerEntry:
    """A handler of a plugin: its method, its trigger as the decorator reads, where it is written, how it has run."""

    name: str
    trigger: str
    place: str = ""
    calls: HandlerCalls | None = None


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


def plugin_nodes(
    plugins: Sequence[PluginEntry],
    failures: Sequence[FailureEntry],
    jobs: Sequence[JobEntry],
    timezone: tzinfo = UTC,
) -> list[Node]:
    """Failures first, because they need somebody; then the live plugins, then the jobs."""
    nodes = [_failure(failure) for failure in failures]
    if nodes and plugins:
        nodes.append(BLANK)
    nodes += [_plugin(plugin, timezone) for plugin in plugins]
    if jobs:
        nodes += [BLANK, Node((Part("Scheduled", "accent"),), "jobs", [_job(job, timezone) for job in jobs])]
    return nodes


def _failure(failure: FailureEntry) -> Node:
    head = (
        Part("✗ ", "bad"),
        Part(failure.name, "strong"),
        Part(f"  failed to {failure.phase}", "bad"),
        Part("  the old version is still live" if failure.is_old_version_live else "", "warn"),
    )
    return Node(head, f"failed:{failure.name}", list(_failure_lines(failure)))


def _failure_lines(failure: FailureEntry) -> Iterator[Node]:
    if failure.place:
        yield Node((Part(failure.place, "code"),))
    for row in failure.error.splitlines():
        yield Node((Part(row, "bad"),))
    yield from text_nodes(failure.traceback, "dim")


def _plugin(plugin: PluginEntry, timezone: tzinfo) -> Node:
    loaded = f"  {clock(plugin.loaded_at, timezone)}" if plugin.loaded_at else ""
    took = f" in {milliseconds(plugin.duration)}" if plugin.duration is not None else ""
    head = (
        Part("○ ", "warn") if plugin.is_off else Part("✓ ", "good"),
        Part(plugin.title or plugin.name, "dim" if plugin.is_off else "strong"),
        Part("  switched off, o switches it on" if plugin.is_off else "", "warn"),
        Part(f"  {counted(len(plugin.handlers), 'handler')}", "number"),
        Part(f"  {plugin.source or plugin.name}{loaded}{took}", "dim"),
    )
    return Node(head, plugin.name, [_handler(handler) for handler in plugin.handlers])


def _handler(handler: HandlerEntry) -> Node:
    method = handler.name.rpartition(".")[2]
    parts = [Part(f"{method}  "), Part(handler.trigger, "code")]
    calls = handler.calls
    if calls is not None and calls.count:
        parts += [
            Part(f"  {counted(calls.count, 'call')}", "number"),
            Part(f"  {calls.failed} failed" if calls.failed else "", "bad"),
            Part(f"  p50 {milliseconds(calls.median)}  max {milliseconds(calls.longest)}", "dim"),
        ]
    return Node((*parts, Part(f"  {handler.place}", "dim")), handler.name)


def _job(job: JobEntry, timezone: tzinfo) -> Node:
    when = f"next {job.next_run.astimezone(timezone):%a %d %b %H:%M:%S}" if job.next_run else "never runs again"
    return Node((Part(job.handler), Part(f"  {when}", "dim")), job.id or job.handler)


def plugins_of(machine: Machine, calls: Mapping[str, HandlerCalls] | None = None) -> list[PluginEntry]:
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
                    (calls or {}).get(one.name),
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


def _place(file: str | Path | None, line: int | None = None) -> str:
    """A file as a person would write it here: relative to the project where it is in it."""
    if file is None:
        return ""
    path = Path(file)
    shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else Path(path.name)
    return f"{shown}:{line}" if line else str(shown)
