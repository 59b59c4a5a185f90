"""The plugins of a bot as a foldable document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, tzinfo

from machine_console.session.plugins import FailureEntry, HandlerEntry, JobEntry, PluginEntry
from machine_console.text.document_tree import BLANK, Node, text_nodes
from machine_console.text.formatting import clock, counted, milliseconds
from machine_console.text.styled_text import Part


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
    if calls is not None:
        parts += [
            Part(f"  {counted(calls.count, 'call')}", "number"),
            Part(f"  {calls.failed} failed" if calls.failed else "", "bad"),
            Part(f"  p50 {milliseconds(calls.median)}  max {milliseconds(calls.longest)}", "dim"),
        ]
    return Node((*parts, Part(f"  {handler.place}", "dim")), handler.name)


def _job(job: JobEntry, timezone: tzinfo) -> Node:
    when = f"next {job.next_run.astimezone(timezone):%a %d %b %H:%M:%S}" if job.next_run else "never runs again"
    return Node((Part(job.handler), Part(f"  {when}", "dim")), job.id or job.handler)
