"""Which log lines a person wants to see: `level:warning plugin:greeter timeout`. Takes any text, needs no terminal."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from machine.trace import LogWritten
from machine_console.history.query import Term, parse_terms
from machine_console.history.ring import Ring

TRACEBACKS = frozenset({"exception", "stack"})
"""Fields that may have lines of their own; in others, a line break could pass for the next line of the log."""

_NAMES_OF_PLUGINS = ("handler", "plugin")
"""Fields in which the framework names the plugin that it writes about."""

Test: TypeAlias = Callable[[LogWritten], bool]

LOG_EXAMPLE = "text  level:warning (or worse)  plugin:greeter  -not"
_LEVELS = ("debug", "info", "warning", "error", "critical")


@dataclass(frozen=True, slots=True)
class LogFilter:
    """A filter, ready to be asked; `problems` says what was set aside, and why."""

    source: str = ""
    tests: tuple[Test, ...] = ()
    problems: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.tests)

    def accepts(self, record: LogWritten) -> bool:
        """Whether the line is wanted."""
        return all(test(record) for test in self.tests)


def parse_log_filter(text: str) -> LogFilter:
    """Understand a filter; whatever cannot be understood is named in `problems`."""
    return LogFilter(text, *parse_terms(text, _test_of))


def _test_of(term: Term) -> Test | str:
    value = term.value
    if term.field == "level":
        least = next((number for number, level in enumerate(_LEVELS) if value and level.startswith(value)), None)
        if least is None:
            return f"level: is one of {', '.join(_LEVELS)}"
        wanted = frozenset(_LEVELS[least:])
        return lambda record: record.level.lower() in wanted
    if term.field in ("plugin", "logger"):
        if not value:
            return f"{term.field}: which one?"
        names = _NAMES_OF_PLUGINS if term.field == "plugin" else ()
        return lambda record: any(
            value in one.lower() for one in (record.logger, *(str(record.fields.get(name, "")) for name in names))
        )
    word = f"{term.field}:{value}" if term.field else value
    return lambda record: word in record.message.lower() or any(word in str(one).lower() for one in _fields(record))


def _fields(record: LogWritten) -> list[object]:
    return list(record.fields.values())


class FilteredLogs:
    """The log lines that a filter lets through; a line never changes, so each is looked at once.

    Args:
        logs: All lines that are kept.
    """

    def __init__(self, logs: Ring[LogWritten]) -> None:
        self._logs = logs
        self._numbers: list[int] = []
        self._next = 0
        self.filter = LogFilter()

    def apply(self, log_filter: LogFilter) -> None:
        """Show what this filter lets through."""
        self.filter = log_filter
        self._numbers, self._next = [], 0

    def advance(self) -> None:
        """Look at the lines that are new, and forget those that are gone."""
        if not self.filter:
            return
        dropped, end = self._logs.dropped, self._logs.dropped + len(self._logs)
        self._next = max(self._next, dropped)
        self._numbers += [
            number for number in range(self._next, end) if self.filter.accepts(self._logs[number - dropped])
        ]
        self._next = end
        del self._numbers[: bisect_left(self._numbers, dropped)]

    def __len__(self) -> int:
        return len(self._numbers) if self.filter else len(self._logs)

    def __getitem__(self, index: int) -> LogWritten:
        if not self.filter:
            return self._logs[index]
        return self._logs[max(self._numbers[index] - self._logs.dropped, 0)]

    def number_at(self, index: int) -> int:
        """A number that stays with the line in this row."""
        return self._numbers[index] if self.filter else self._logs.dropped + index

    def index_of(self, number: int) -> int:
        """The row of the line with this number, or of the next one that is shown."""
        return bisect_left(self._numbers, number) if self.filter else max(number - self._logs.dropped, 0)
