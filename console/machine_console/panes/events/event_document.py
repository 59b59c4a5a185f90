"""The account of one event: who was asked, who ran and why, and what each run did, as a foldable document."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, tzinfo
from typing import Any

from machine.redaction import redact
from machine.trace import ApiCalled, Considered, EventEmitted, LogWritten, Record, StorageAccessed
from machine_console.history.history import JOB_KIND, EventTrace, InvocationTrace
from machine_console.history.log_filter import TRACEBACKS
from machine_console.text.document_tree import BLANK, MAX_TEXT, Node, Place, json_node, text_nodes
from machine_console.text.formatting import (
    Names,
    byte_size,
    clock,
    counted,
    kind_of,
    mark_of,
    milliseconds,
    readable,
    short_handler,
    subject_of,
)
from machine_console.text.styled_text import Line, Part, line
from machine_console.text.timeline import TimeAxis

_SHORT = 60
"""Characters of an argument shown in the line of its call; all of it is shown under it."""
_TOLD_BY_NAME = {"channel": "channel", "user": "person"}
_RUNNING, _FAILED, _RAN = Part("… ", "warn"), Part("✗ ", "bad"), Part("✓ ", "good")
_REFUSED = Part("⊘ ", "warn")

_LEVELS = {"warning": "warn", "critical": "crit"}
LEVEL_STYLES = {"debug": "dim", "info": "accent", "warning": "warn", "error": "bad", "critical": "alarm"}


def account_of(event: EventTrace, names: Names, timezone: tzinfo = UTC) -> list[Node]:
    """Everything that is known about `event`, most important first."""
    axis = TimeAxis.of(event)
    return [
        *_head(event, names, timezone, axis),
        *_runs(event, names, axis),
        *_passed_over(event),
        *_loose_logs(event),
        BLANK,
        json_node("Payload", event.envelope.payload, key="payload"),
    ]


def _head(event: EventTrace, names: Names, timezone: tzinfo, axis: TimeAxis) -> Iterator[Node]:
    envelope, mark = event.envelope, mark_of(event)
    title = [Part(f"{mark.sign} ", mark.style), Part(kind_of(envelope), "strong")]
    if envelope.user_id:
        title += [Part(" by ", "dim"), Part(names.person(envelope.user_id), "name")]
    if envelope.channel_id:
        title += [Part(" in ", "dim"), Part(names.channel(envelope.channel_id), "place")]
    title.append(Part(f"  {clock(event.received_at, timezone)}", "dim"))
    yield Node(tuple(title))
    text = readable(envelope.text[:MAX_TEXT], names) or subject_of(envelope, names)
    for row in text_nodes(text):
        yield Node((Part("  "), *row.line))
    acknowledged = event.acknowledged
    start, style = event.received_at, "accent"
    side = axis.bar(start, start + acknowledged.duration, style) if acknowledged and axis.length else None
    yield Node((Part(f"  {_delivery(event)}", "dim"),), side=side)
    yield BLANK


def _delivery(event: EventTrace) -> str:
    if event.envelope.kind == JOB_KIND:
        return "started by the scheduler"
    if event.envelope.is_simulated:
        said = "simulated"
    elif event.acknowledged is None:
        said = "not acknowledged yet"
    else:
        said = f"acknowledged after {milliseconds(event.acknowledged.duration)}"
    if event.envelope.retry_attempt:
        said += f", delivery {event.envelope.retry_attempt + 1}"
    return f"{said}, dropped: {event.dropped}" if event.dropped else said


def _runs(event: EventTrace, names: Names, axis: TimeAxis) -> Iterator[Node]:
    asked = {one.handler: one for one in event.matched}
    started = {run.handler for run in event.invocations}
    waiting = [one for one in event.matched if one.handler not in started]
    number = len(event.invocations) + len(waiting)
    if not number:
        yield Node(_section("No handler ran"))
        return
    refused = sum(run.refused is not None for run in event.invocations)
    title = f"{counted(number - refused, 'handler').capitalize()} ran" if number > refused else "No handler ran"
    yield Node(_section(f"{title}, {refused} refused" if refused else title), side=axis.scale())
    for position, run in enumerate(event.invocations):
        yield _run(run, asked.get(run.handler), names, axis, f"run{position}")
    for one in waiting:
        head = (Part("  ", ""), Part(short_handler(one.handler), "strong"), Part("  not started", "dim"))
        yield Node(head, f"wait:{one.handler}", tuple(_why(one)), about=one.handler)


def _section(title: str) -> Line:
    return (Part(title, "accent"),)


def _run(run: InvocationTrace, asked: Considered | None, names: Names, axis: TimeAxis, key: str) -> Node:
    state = _RUNNING if run.is_running else _FAILED if run.error is not None else _RAN
    if run.refused is not None:
        state = _REFUSED
    took = "running" if run.is_running else milliseconds(run.duration)
    begun = milliseconds(run.started_at - axis.start)
    head = (
        state,
        Part(short_handler(run.handler), "strong"),
        Part(f"  {took}", "number"),
        Part(f"  at {begun}", "dim"),
        Part(f"  {run.refused}" if run.refused is not None else "", "warn"),
    )
    under = (*(_why(asked) if asked else ()), *_deeds(run, names, axis))
    return Node(head, key, under, side=axis.run(run), about=run.handler)


def _why(asked: Considered) -> Iterator[Node]:
    yield Node((Part(asked.trigger, "code"), Part(f"  {asked.reason}", "dim")))
    if asked.span is not None:
        yield Node(_highlighted(asked.text, asked.span))
    for name, value in asked.groups.items():
        shown = Part("not in the text", "dim") if value is None else Part(_quoted(value), "string")
        yield Node((Part(name, "key"), Part(" = "), shown))


def why_nodes(considered: Sequence[Considered]) -> list[Node]:
    """Each handler that an event was, or would be, held against: those that match first, each with the reason."""
    matching = [one for one in considered if one.is_match]
    nodes = [Node(_section(f"{counted(len(matching), 'handler').capitalize()} would run"))] if considered else []
    for one in matching:
        head = (_RAN, Part(short_handler(one.handler), "strong"))
        nodes.append(Node(head, one.handler + one.trigger, tuple(_why(one)), about=one.handler))
    return [*nodes, *_not_matching(considered)]


def _highlighted(text: str, span: tuple[int, int]) -> Line:
    text, (start, end) = text[:MAX_TEXT], span
    if redact(text) != text:  # cutting a secret into parts would hide it from redaction
        return (Part(text),)
    return (Part(text[:start]), Part(text[start:end] or "∅", "match"), Part(text[end:]))


def _deeds(run: InvocationTrace, names: Names, axis: TimeAxis) -> Iterator[Node]:
    earlier = {id(access): run.before.get(position) for position, access in enumerate(run.storage)}
    records: list[Record] = [*run.api_calls, *run.storage, *run.emitted, *run.logs]
    records.sort(key=lambda record: record.at)
    for position, record in enumerate(records):
        deed = _deed(record, names, f"deed{position}", earlier.get(id(record)))
        yield replace(deed, side=axis.record(record, _BAR_STYLES.get(type(record), "dim")))
    if run.omitted:
        yield Node((Part(f"… and {counted(run.omitted, 'record')} more, not kept", "warn"),))
    if run.error is not None:
        yield Node((Part(run.error, "bad"),), "error", [*_frames(run), *_traceback(run)])


_BAR_STYLES: Mapping[type[Record], str] = {ApiCalled: "number", StorageAccessed: "string", EventEmitted: "name"}


def _frames(run: InvocationTrace) -> Iterator[Node]:
    """Where the exception passed through, the innermost place open."""
    for position, frame in enumerate(run.frames):
        is_last = position == len(run.frames) - 1
        head = (
            Part(f"{frame.file.rpartition('/')[2]}:{frame.line}", "code"),
            Part(f" in {frame.function}", "dim"),
        )
        under = [_source_line(number, text, frame.line) for number, text in frame.source.items()]
        if frame.variables:
            variables = [Node((Part(name, "key"), Part(" = "), Part(value))) for name, value in frame.variables.items()]
            under.append(Node((Part("variables", "dim"),), "variables", variables))
        yield Node(head, f"frame{position}", under, is_open=is_last, about=Place(frame.file, frame.line))


def _source_line(number: int, text: str, current: int) -> Node:
    is_current = number == current
    sign, style = ("→", "strong") if is_current else (" ", "dim")
    return Node((Part(f"{sign}{number:>5} ", "bad" if is_current else "dim"), Part(text.expandtabs(4), style)))


def _traceback(run: InvocationTrace) -> Iterator[Node]:
    text = text_nodes(run.traceback, "dim")
    if not run.frames:
        yield from text
    elif text:
        yield Node((Part("traceback", "dim"),), "traceback", text, is_open=False, whole=lambda: run.traceback)


def _deed(record: Record, names: Names, key: str, before: str | None = None) -> Node:
    match record:
        case ApiCalled():
            return _api_call(record, names, key)
        case StorageAccessed():
            return _storage_node(record, key, before)
        case EventEmitted():
            heard = ", ".join(map(short_handler, record.listeners)) or "nobody listens"
            return Node(
                (Part("emit  ", "dim"), Part(record.event, "strong"), Part(f"  → {heard}", "dim")),
                key,
                (json_node("arguments", record.arguments),) if record.arguments else (),
                is_open=False,
            )
        case LogWritten():
            return Node(log_parts(record), key)
        case _:
            return Node(line(type(record).__name__), key)


def _api_call(call: ApiCalled, names: Names, key: str) -> Node:
    if call.is_captured:
        outcome = Part("not sent", "warn")
    else:
        outcome = Part("ok", "good") if call.is_ok else Part(call.error or "failed", "bad")
    head = (
        Part("call  ", "dim"),
        Part(call.method, "strong"),
        Part("  "),
        outcome,
        Part(f"  {milliseconds(call.duration)}", "number"),
        Part(f"  {_arguments(call.arguments, names)}", "dim"),
    )
    under = (json_node("arguments", call.arguments, is_open=True), json_node("answer", call.response))
    return Node(head, key, under, is_open=False)


def _arguments(arguments: Mapping[str, Any], names: Names) -> str:
    return " ".join(
        f"{name}={_argument(name, value, names)}"
        for name, value in arguments.items()
        if value not in (None, "", [], {})
    )


def _argument(name: str, value: Any, names: Names) -> str:
    if isinstance(value, str):
        if name in _TOLD_BY_NAME:
            return names.channel(value) if name == "channel" else names.person(value)
        return _quoted(value)
    if isinstance(value, Mapping):
        return f"{{{len(value)}}}"
    if isinstance(value, Sequence):
        return f"[{len(value)}]"
    return str(value)


def _quoted(text: str) -> str:
    text = redact(text[:MAX_TEXT])
    return json.dumps(text if len(text) <= _SHORT else f"{text[:_SHORT]}…", ensure_ascii=False)


def _storage_node(access: StorageAccessed, key: str, before: str | None) -> Node:
    under: list[Node] = []
    if before is not None:
        under.append(Node((Part("before ", "dim"), Part(before, "dim")), "before"))
    if access.value is not None:
        under.append(Node((Part("value  ", "dim"), Part(access.value, "string")), "value"))
    return Node(_storage(access), key, under, is_open=before is not None and before != access.value)


def _storage(access: StorageAccessed) -> Line:
    missed = access.is_found is False
    return (
        Part("store ", "dim"),
        Part(access.operation, "strong"),
        Part("  "),
        Part(access.key, "key"),
        Part("  not there" if missed else f"  {byte_size(access.size)}".rstrip(), "warn" if missed else "dim"),
        Part(f"  {milliseconds(access.duration)}", "number"),
        Part("  shared" if access.plugin == "shared" else "", "dim"),
    )


def log_parts(record: LogWritten) -> Line:
    """A log line: level, text, fields."""
    level = record.level.lower()
    style = LEVEL_STYLES.get(level, "")
    fields = " ".join(f"{name}={_in_a_line(name, value)}" for name, value in record.fields.items())
    return (
        Part(f"{_LEVELS.get(level, level)[:5]:<5} ", style),
        Part(record.message, "bad" if style in {"bad", "alarm"} else ""),
        Part(f"  {fields}" if fields else "", "dim"),
    )


def _in_a_line(name: str, value: object) -> object:
    """The value of a field; of a traceback what was raised, as all of it would hide the fields beside it."""
    if name in TRACEBACKS and isinstance(value, str):
        return next(filter(None, map(str.strip, reversed(value.splitlines()))), "")
    return value


def _passed_over(event: EventTrace) -> Iterator[Node]:
    yield from _not_matching(event.considered)


def _not_matching(considered: Sequence[Considered]) -> Iterator[Node]:
    others = [one for one in considered if not one.is_match]
    if not others:
        return
    yield BLANK
    yield Node(_section(f"{counted(len(others), 'handler').capitalize()} did not match"))
    for one in others:
        yield Node(
            (
                Part("· ", "dim"),
                Part(short_handler(one.handler)),
                Part("  "),
                Part(one.trigger, "code"),
                Part(f"  {one.reason}", "dim"),
            ),
            about=one.handler,
        )


def _loose_logs(event: EventTrace) -> Iterator[Node]:
    if event.logs:
        yield BLANK
        yield Node(_section("Log"))
        for record in event.logs:
            yield Node(log_parts(record))
