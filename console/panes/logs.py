"""Log lines as they are written, newest last."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo

from textual.app import ComposeResult
from textual.message import Message

from console.account import log_parts
from console.history import History
from console.line import Line, Part, cut, line, width_of
from console.panes.lines import LinesView
from console.panes.pane import Pane
from console.summary import clock, counted
from machine.trace import LogWritten


class LogList(LinesView):
    """One row per log line."""

    _can_follow = True

    def __init__(self, history: History, timezone: tzinfo) -> None:
        super().__init__(id="log-list", is_following=True)
        self._history = history
        self._timezone = timezone

    def row_count(self) -> int:
        """How many lines are kept."""
        return len(self._history.logs)

    def origin(self) -> int:
        """How many lines have been forgotten."""
        return self._history.logs.dropped

    def row_key(self, index: int) -> Hashable:
        """A log line never changes."""
        return self._history.logs.dropped + index

    def row(self, index: int, width: int) -> Line:
        """Time, level, text, fields and, where there is room, the logger."""
        record = self._history.logs[index]
        head = (Part(f"{clock(record.at, self._timezone)} ", "dim"), *log_parts(record))
        logger = Part(f"  {record.logger}", "dim")
        return (*head, logger) if width_of((*head, logger)) <= width else cut(head, width)

    def hint(self) -> Sequence[Line]:
        """What will be here."""
        return (
            line(Part("  No log lines yet.", "strong")),
            line(""),
            line(Part("  What plugins write with self.log or the logger argument appears here.", "dim")),
            line(Part("  LOGLEVEL in local_settings.py decides how much that is.", "dim")),
        )


class LogsPane(Pane):
    """The log."""

    NUMBER = 6
    TITLE = "Logs"

    @dataclass
    class RecordOpened(Message):
        """A person wants to read the whole line, and the event it belongs to."""

        record: LogWritten

    def __init__(self, history: History, timezone: tzinfo = UTC) -> None:
        super().__init__(id="logs")
        self._history = history
        self._list = LogList(history, timezone)

    def compose(self) -> ComposeResult:
        """The list fills the pane."""
        yield self._list

    def main(self) -> LogList:
        """The list."""
        return self._list

    def sync(self) -> None:
        """Show what has been logged since the last time."""
        self._list.sync()
        logs = self._history.logs
        state = "following" if self._list.is_following else "paused, End follows again"
        self.tell(f"{counted(len(logs), 'line')}, {state}" if logs else "")

    def on_lines_view_chosen(self, event: LinesView.Chosen) -> None:
        """Say which line it is."""
        event.stop()
        if event.index < len(self._history.logs):
            self.post_message(self.RecordOpened(self._history.logs[event.index]))
