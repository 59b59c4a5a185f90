"""An event in a few words, as one row: how it went, when, who, where, what, how long."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, tzinfo

from machine_console.history.history import EventTrace
from machine_console.text.formatting import (
    Names,
    clock,
    is_from_a_bot,
    kind_of,
    mark_of,
    milliseconds,
    short_handler,
    subject_of,
)
from machine_console.text.styled_text import Line, Part, fit

_DURATION = 7


@dataclass(frozen=True, slots=True)
class _Columns:
    """How many cells each part of an event's row gets; none leaves it out."""

    time: int
    kind: int
    person: int
    channel: int
    handlers: int


_COLUMNS = (
    (110, _Columns(time=8, kind=18, person=14, channel=16, handlers=26)),
    (72, _Columns(time=8, kind=14, person=8, channel=10, handlers=2)),
    (50, _Columns(time=8, kind=8, person=6, channel=9, handlers=0)),
    (0, _Columns(time=0, kind=8, person=6, channel=0, handlers=0)),
)
"""The parts by the width that a row must have for them; a narrow pane leaves room for the text."""


@dataclass(frozen=True, slots=True)
class _Cell:
    text: str
    width: int
    style: str


def event_line(event: EventTrace, names: Names, width: int, timezone: tzinfo = UTC) -> Line:
    """One event as one row of `width` cells: mark, time, kind, person, channel, text, handlers, duration."""
    mark, envelope = mark_of(event), event.envelope
    columns = next(columns for least, columns in _COLUMNS if width >= least)
    is_bot = is_from_a_bot(envelope)
    is_quiet = is_bot or not event.matched
    person = names.person(envelope.user_id) if envelope.user_id else ("bot" if is_bot else "")
    channel = names.channel(envelope.channel_id) if envelope.channel_id else ""
    cells = [
        _Cell(mark.sign, 1, mark.style),
        _Cell(clock(event.received_at, timezone), columns.time, "dim"),
        _Cell(kind_of(envelope), columns.kind, "dim" if is_quiet else "accent"),
        _Cell(person, columns.person, "bot" if is_bot else "name"),
        _Cell(channel, columns.channel, "place"),
        _Cell("", 0, ""),  # the text, as wide as the others leave room
        _Cell(_handlers(event, columns.handlers), columns.handlers, "bad" if event.failed else "dim"),
        _Cell(_duration(event).rjust(_DURATION), _DURATION, "bad" if event.failed else "number"),
    ]
    room = width - sum(cell.width + 1 for cell in cells if cell.width)
    cells[5] = _Cell(subject_of(envelope, names), max(room, 1), "dim" if is_quiet else "")
    shown = [Part(fit(cell.text, cell.width), cell.style) for cell in cells if cell.width]
    return tuple(part for cell in shown for part in (cell, Part(" ")))[:-1]


def _handlers(event: EventTrace, width: int) -> str:
    ran = [("⊘ " if run.refused is not None else "") + short_handler(run.handler) for run in event.invocations] or [
        short_handler(one.handler) for one in event.matched
    ]
    if not ran:
        return " " * width
    if width < 10:
        return str(len(ran)).rjust(width)
    return fit(ran[0] if len(ran) == 1 else f"{ran[0]} +{len(ran) - 1}", width)


def _duration(event: EventTrace) -> str:
    if event.dropped is not None:
        return "dropped"
    return "running" if event.is_running else milliseconds(event.duration)
