"""Output where there is no terminal: lines for a pipe, or JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time, timedelta
from enum import Enum
from pathlib import PurePath
from typing import Any, Protocol

from pydantic import BaseModel
from rich.console import Console, RenderableType
from rich.text import Text
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from machine.redaction import redact_value
from machine_console.history.history import EventTrace
from machine_console.repl.prompt.rendering import render
from machine_console.repl.verbs.collections import Collection
from machine_console.repl.verbs.display import Everything, Rows

PIPE_WIDTH = 160
"""Cells of a line where there is no terminal."""
_MAX_DEPTH = 12


class TextStream(Protocol):
    """As much of a text stream as is needed here."""

    def write(self, text: str, /) -> object:
        """Take in a text."""

    def flush(self) -> None:
        """Pass it on."""


class PlainOutput:
    """Writes results and errors to two streams.

    Args:
        results: For results and what is printed.
        errors: For the rest.
        as_json: Results are JSON, one line each; what is printed goes to the errors, so that a pipe gets JSON only.
    """

    def __init__(self, results: TextStream, errors: TextStream, *, as_json: bool = False) -> None:
        self._results, self._errors = _console(results), _console(errors)
        self._stream = results
        self._as_json = as_json

    @property
    def width(self) -> int:
        """Cells of a line."""
        return self._results.width

    def write(self, output: RenderableType) -> None:
        """Write something printed."""
        _print(self._errors if self._as_json else self._results, output)

    def write_error(self, output: RenderableType) -> None:
        """Write an error."""
        _print(self._errors, output)

    def display(self, value: object) -> None:
        """Write a result."""
        if self._as_json:
            self._stream.write(json.dumps(plain_value(value), ensure_ascii=_is_terminal(self._stream)) + "\n")
            self._stream.flush()
        else:
            _print(self._results, render(value, self.width))


def plain_value(value: object) -> Any:
    """What JSON can express of a value, without secrets: models and dataclasses as objects, the rest as text."""
    return redact_value(_plain(value, _MAX_DEPTH))


def _plain(value: Any, depth: int) -> Any:  # noqa: PLR0911 - one line per kind of value
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if depth == 0:
        return repr(value)
    if isinstance(value, Everything):
        return _plain(value.value, depth)
    if isinstance(value, EventTrace):
        return _event(value)
    if isinstance(value, AsyncSlackResponse):
        return _plain(value.data, depth - 1)
    if isinstance(value, BaseModel):
        return _plain(value.model_dump(mode="json"), depth - 1)
    if isinstance(value, Rows):
        return [dict(zip(value.columns, row, strict=False)) for row in value.rows]
    if isinstance(value, Mapping):
        return {str(key): _plain(item, depth - 1) for key, item in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name), depth - 1) for field in fields(value) if field.repr}
    if isinstance(value, Collection | Sequence | set | frozenset) and not isinstance(value, bytes | bytearray):
        return [_plain(item, depth - 1) for item in value]
    return _scalar(value)


def _scalar(value: object) -> Any:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Enum):
        return value.value
    return str(value) if isinstance(value, PurePath) else repr(value)


def _event(event: EventTrace) -> dict[str, Any]:
    return {
        "number": event.number,
        "at": event.received_at.isoformat(),
        "kind": event.envelope.kind,
        "type": event.envelope.type,
        "is_simulated": event.envelope.is_simulated,
        "payload": _plain(event.envelope.payload, _MAX_DEPTH - 1),
        "dropped": event.dropped,
        "matched": [one.handler for one in event.matched],
        "invocations": [
            {
                "handler": run.handler,
                "seconds": run.duration.total_seconds() if run.duration is not None else None,
                "error": run.error,
                "api_calls": [
                    {
                        "method": call.method,
                        "arguments": call.arguments,
                        "error": call.error,
                        "sent": not call.is_captured,
                    }
                    for call in run.api_calls
                ],
            }
            for run in event.invocations
        ],
    }


def _console(stream: Any) -> Console:
    return Console(file=stream, highlight=False, width=None if _is_terminal(stream) else PIPE_WIDTH)


def _is_terminal(stream: Any) -> bool:
    return bool(getattr(stream, "isatty", lambda: False)())


def _print(console: Console, output: RenderableType) -> None:
    console.print(output, soft_wrap=isinstance(output, Text))
