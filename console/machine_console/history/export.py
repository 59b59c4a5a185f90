"""What is selected, as a file: JSON for programs, SVG for people. Secrets are redacted before anything is written."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from machine.redaction import redact, redact_value
from machine.trace import LogWritten
from machine_console.history.history import EventTrace
from machine_console.history.private_files import make_ignored_folder, open_private
from machine_console.text.document_tree import shown_repr

FOLDER = ".machine/exports"
_MAX_DEPTH = 60
"""Levels of nesting that are written out; what lies deeper is shortened, as no parser need take more."""


def event_facts(event: EventTrace) -> dict[str, Any]:
    """An event and everything it led to, in the order in which it happened."""
    return {
        "number": event.number + 1,
        "received_at": event.received_at,
        "id": event.envelope.id,
        "kind": event.envelope.kind,
        "is_simulated": event.envelope.is_simulated,
        "payload": event.envelope.payload,
        "acknowledged": event.acknowledged,
        "dropped": event.dropped,
        "duration_s": event.duration,
        "considered": event.considered,
        "invocations": list(event.invocations),
        "logs": list(event.logs),
    }


def log_facts(record: LogWritten) -> dict[str, Any]:
    """A log line with its fields, and the event it belongs to."""
    return {field.name: getattr(record, field.name) for field in fields(record)}


def as_json(facts: Any) -> str:
    """Facts as indented JSON: moments in ISO 8601, durations in seconds, anything else as Python shows it."""
    return json.dumps(redact_value(_plain(facts, ())), ensure_ascii=False, indent=2) + "\n"


def _plain(value: Any, above: tuple[int, ...]) -> Any:
    """A value in JSON's own types; `above` are the containers that it lies in, for one may hold itself."""
    match value:
        case None | bool() | int() | str():
            return value
        case float() if math.isfinite(value):
            return value
        case datetime():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
    if id(value) in above or len(above) >= _MAX_DEPTH:
        return shown_repr(value)
    return _members(value, (*above, id(value)))


def _members(value: Any, above: tuple[int, ...]) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name), above) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item, above) for key, item in list(value.items())}
    if isinstance(value, Sequence | set | frozenset) and not isinstance(value, bytes | bytearray):
        return [_plain(item, above) for item in list(value)]
    return shown_repr(value)


def write_export(project: Path, name: str, suffix: str, text: str) -> Path:
    """Write a file that this user alone may read, where git does not look; returns its place within the project.

    Args:
        project: The folder of the bot.
        name: What the file holds, in a word.
        suffix: `json` or `svg`.
        text: What is written, redacted once more.

    Raises:
        OSError: The folder cannot be written to.
    """
    folder = project / FOLDER
    make_ignored_folder(folder)
    path = folder / f"{name}-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}.{suffix}"
    with open_private(path, is_new=True) as file:
        file.write(redact(text))
    return path.relative_to(project)
