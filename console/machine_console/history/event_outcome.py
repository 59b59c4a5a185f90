"""What an event led to, reduced to what should be the same when it happens again, and how two such outcomes differ.

Times, ids and durations change with every run; which handlers ran, what they raised, called, stored and emitted
should not, unless the code did. Needs no terminal: the console shows differences, `machine replay` reports them.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict

from machine.redaction import redact_value
from machine_console.history.history import EventTrace, InvocationTrace
from machine_console.text.formatting import short_handler

_NEW = re.compile(r"\b(?:\d{10}\.\d{6}|(?:V|Q|F|Bk)(?=[A-Z0-9]*\d)[A-Z0-9]{8,})\b")
"""What Slack makes anew for each message, view, scheduled message, file and bookmark."""
_FLEETING = frozenset({"trigger_id", "view_id", "hash", "client_msg_id", "token", "response_url"})
_LOOKUPS = frozenset({"users.info", "conversations.info"})
"""Methods that the framework calls when it meets somebody for the first time, so that a second run need not."""


class Call(BaseModel):
    """A call to Slack: the method, what was sent, and what Slack said; `error` is empty where it said `ok`."""

    model_config = ConfigDict(frozen=True)
    method: str
    arguments: Mapping[str, Any] = {}
    error: str = ""
    is_captured: bool = False


class Stored(BaseModel):
    """A storage operation, with what was written where that is known."""

    model_config = ConfigDict(frozen=True)
    operation: str
    key: str
    value: str | None = None


class Run(BaseModel):
    """One run of a handler."""

    model_config = ConfigDict(frozen=True)
    handler: str
    error: str = ""
    calls: tuple[Call, ...] = ()
    storage: tuple[Stored, ...] = ()
    emitted: tuple[str, ...] = ()


class Outcome(BaseModel):
    """Everything an event led to, its runs ordered by handler: concurrent handlers begin in any order."""

    model_config = ConfigDict(frozen=True)
    runs: tuple[Run, ...] = ()
    answer: Any = None

    @property
    def is_captured(self) -> bool:
        """Whether calls were kept back instead of being sent, so that nothing is known of what Slack would say."""
        return any(call.is_captured for run in self.runs for call in run.calls)


@dataclass(frozen=True, slots=True)
class Pair:
    """A line of the outcome before, beside what stands in its place after; either may be missing.

    Attributes:
        is_same: Whether the two say the same.
    """

    before: str | None
    after: str | None
    is_same: bool


@dataclass(frozen=True, slots=True)
class _Fact:
    text: str
    key: str


def outcome_of(event: EventTrace) -> Outcome:
    """What the event has led to so far, redacted."""
    runs = sorted((_run(run) for run in event.invocations), key=lambda run: run.handler)
    answer = event.acknowledged.answer if event.acknowledged is not None else None
    return Outcome(runs=tuple(runs), answer=answer)


def _run(run: InvocationTrace) -> Run:
    calls = (
        Call(
            method=call.method,
            arguments=redact_value(call.arguments),
            error=call.error or "",
            is_captured=call.is_captured,
        )
        for call in run.api_calls
        if call.method not in _LOOKUPS
    )
    stored = (
        Stored(operation=access.operation, key=access.key, value=access.value if access.operation == "set" else None)
        for access in run.storage
    )
    return Run(
        handler=run.handler,
        error=run.error or "",
        calls=tuple(calls),
        storage=tuple(stored),
        emitted=tuple(emitted.event for emitted in run.emitted),
    )


def compare(before: Outcome, after: Outcome, payload: Mapping[str, Any]) -> list[Pair]:
    """The two outcomes line by line, side by side.

    Args:
        before: The one that is known.
        after: The new one.
        payload: The event's; timestamps and ids of views and files that it names must be the same, others may differ.
    """
    known = frozenset(_NEW.findall(json.dumps(payload, default=str)))
    with_status = not (before.is_captured or after.is_captured)
    left, right = list(_facts(before, known, with_status)), list(_facts(after, known, with_status))
    matcher = difflib.SequenceMatcher(None, [one.key for one in left], [one.key for one in right], autojunk=False)
    return [pair for step in matcher.get_opcodes() for pair in _pairs(step, left, right)]


def _pairs(step: tuple[str, int, int, int, int], left: Sequence[_Fact], right: Sequence[_Fact]) -> Iterator[Pair]:
    tag, a, a_end, b, b_end = step
    for offset in range(max(a_end - a, b_end - b)):
        before = left[a + offset].text if a + offset < a_end else None
        after = right[b + offset].text if b + offset < b_end else None
        yield Pair(before, after, tag == "equal")


def _facts(outcome: Outcome, known: frozenset[str], with_status: bool) -> Iterator[_Fact]:
    if outcome.answer:
        text = f"answer {_json(outcome.answer)}"
        yield _Fact(text, _steady(text, known))
    if not outcome.runs:
        yield _Fact("no handler ran", "no handler ran")
    for run in outcome.runs:
        head = f"{'✗' if run.error else '✓'} {short_handler(run.handler)}"
        yield _Fact(head, f"{bool(run.error)} {run.handler}")
        for text, status in _deeds(run):
            key = _steady(text, known)
            yield _Fact(f"  {text}{status}", f"  {key}{status}" if with_status else f"  {key}")
        if run.error:
            yield _Fact(f"  {run.error}", f"  {run.error}")


def _deeds(run: Run) -> Iterator[tuple[str, str]]:
    for call in run.calls:
        said = "  not sent" if call.is_captured else f"  {call.error or 'ok'}"
        arguments = {name: value for name, value in call.arguments.items() if name not in _FLEETING}
        yield f"call {call.method} {_json(arguments)}", said
    for stored in run.storage:
        value = "" if stored.value is None else f" = {stored.value}"
        yield f"store {stored.operation} {stored.key}{value}", ""
    for event in run.emitted:
        yield f"emit {event}", ""


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=repr)


def _steady(text: str, known: frozenset[str]) -> str:
    return _NEW.sub(lambda found: found[0] if found[0] in known else "<new>", text)
