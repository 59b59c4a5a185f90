"""When things happened, drawn to the right of what happened: bars on one time axis."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from machine.trace import ApiCalled, Record, StorageAccessed
from machine_console.history.history import EventTrace, InvocationTrace
from machine_console.text.document_tree import Side
from machine_console.text.formatting import milliseconds
from machine_console.text.styled_text import Line, Part

_BAR, _POINT = "━", "┃"
_NO_TIME = timedelta()


@dataclass(frozen=True, slots=True)
class TimeAxis:
    """The time from an event's arrival to the end of the last thing it led to.

    Attributes:
        start: When the event arrived.
        length: How long all of it took.
    """

    start: datetime
    length: timedelta

    @classmethod
    def of(cls, event: EventTrace) -> TimeAxis:
        """The axis on which all of an event has its place."""
        start = event.received_at
        return cls(start, max((moment - start for moment in _moments(event)), default=_NO_TIME))

    def scale(self) -> Side:
        """The axis itself: its beginning and its end."""

        def draw(width: int) -> Line:
            end = milliseconds(self.length)
            left = f"0{'·' * max(width - len(end) - 3, 0)}"
            return (Part(f"{left} {end}".rjust(width)[-width:], "dim"),)

        return draw

    def bar(self, start: datetime, end: datetime, style: str) -> Side:
        """What lasted from `start` to `end`."""
        total = self.length / timedelta(microseconds=1) or 1.0
        first = min(max((start - self.start) / timedelta(microseconds=1) / total, 0.0), 1.0)
        last = min(max((end - self.start) / timedelta(microseconds=1) / total, first), 1.0)

        def draw(width: int) -> Line:
            left = min(int(first * width), width - 1)
            size = max(min(round(last * width), width) - left, 1)
            sign = _POINT if start == end else _BAR
            return (Part(" " * left), Part(sign * size, style), Part(" " * (width - left - size)))

        return draw

    def run(self, run: InvocationTrace) -> Side:
        """A handler's run; one that has not ended goes to the end of the axis."""
        end = self.start + self.length if run.duration is None else run.started_at + run.duration
        return self.bar(run.started_at, end, "bad" if run.error else "warn" if run.is_running else "good")

    def record(self, record: Record, style: str) -> Side:
        """A record: a bar where it took time, a point where it did not."""
        took = record.duration if isinstance(record, ApiCalled | StorageAccessed) else _NO_TIME
        return self.bar(record.at - took, record.at, style)


def _moments(event: EventTrace) -> Iterator[datetime]:
    if event.acknowledged is not None:
        yield event.received_at + event.acknowledged.duration
    for run in event.invocations:
        yield run.started_at + (run.duration or _NO_TIME)
        for records in (run.api_calls, run.storage, run.emitted, run.logs):
            if records:
                yield max(record.at for record in records)
