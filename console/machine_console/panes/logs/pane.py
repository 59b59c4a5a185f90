"""Log lines as they are written, newest last."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from datetime import tzinfo
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from machine.trace import LogWritten
from machine_console.history.export import as_json, log_facts
from machine_console.history.log_filter import LOG_EXAMPLE, FilteredLogs, parse_log_filter
from machine_console.panes.base import Pane, Selection
from machine_console.panes.events.event_document import log_parts
from machine_console.screens.text_viewer import ReadingScreen
from machine_console.session.bot_session import BotSession
from machine_console.text.document_tree import BLANK, json_node, text_nodes
from machine_console.text.formatting import clock, counted
from machine_console.text.styled_text import Line, Part, cut, line, width_of
from machine_console.widgets.filter_input import FilterLine
from machine_console.widgets.line_list import LinesView


class LogList(LinesView):
    """One row per log line.

    Attributes:
        marked: The numbers of the lines that a person has marked, to do something with all of them.
    """

    _can_follow = True

    def __init__(self, logs: FilteredLogs, timezone: tzinfo) -> None:
        super().__init__(id="log-list", is_following=True)
        self._logs = logs
        self._timezone = timezone
        self._held = (0, 0)
        self.marked: set[int] = set()

    def sync(self) -> None:
        """Catch up; what is being read stays where it is."""
        self._logs.advance()
        if not self.is_following:
            self.cursor, self.top = map(self._logs.index_of, self._held)
        super().sync()

    def _go(self, index: int, *, top: int) -> None:
        super()._go(index, top=top)
        if self.row_count():
            self._held = (self.row_number(self.cursor), self.row_number(self.top))

    def row_count(self) -> int:
        """How many lines are shown."""
        return len(self._logs)

    def row_number(self, index: int) -> int:
        """The number of the line."""
        return self._logs.number_at(index)

    def row_key(self, index: int) -> Hashable:
        """A log line never changes, but its mark does."""
        number = self._logs.number_at(index)
        return number, number in self.marked

    def row(self, index: int, width: int) -> Line:
        """Time, level, text, fields and, where there is room, the logger."""
        record = self._logs[index]
        at = clock(record.at, self._timezone)
        is_marked = self._logs.number_at(index) in self.marked
        start = (Part(at, "dim"), Part("●", "accent")) if is_marked else (Part(f"{at} ", "dim"),)
        head = (*start, *log_parts(record))
        logger = Part(f"  {record.logger}", "dim")
        return (*head, logger) if width_of((*head, logger)) <= width else cut(head, width)

    def hint(self) -> Sequence[Line]:
        """What will be here, or what hides it."""
        if self._logs.filter:
            return (line(Part("  No line matches.", "strong")), line(""), line(Part("  Esc shows all lines.", "dim")))
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
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter"),
        Binding("w", "level", "Warnings"),
        Binding("m,space", "mark", "Mark"),
        Binding("y", "copy", "Copy"),
        Binding("escape", "clear_filter", "Clear filter and marks", show=False),
    ]

    def __init__(self, session: BotSession) -> None:
        super().__init__(id="logs")
        self._history = session.history
        self._logs = FilteredLogs(self._history.logs)
        self._list = LogList(self._logs, session.timezone)
        self._filter_line = FilterLine(LOG_EXAMPLE)
        self._seen_version = -1

    def compose(self) -> ComposeResult:
        """The list fills the pane; the filter stands below it."""
        yield self._list
        yield self._filter_line

    def main(self) -> LogList:
        """The list."""
        return self._list

    @property
    def filter_text(self) -> str:
        """The filter as it is written; empty where there is none."""
        return self._filter_line.text

    def set_filter(self, text: str) -> None:
        """Show only what this filter lets through; all lines where it is empty."""
        self._filter_line.text = text
        self._apply(text)

    def selected(self) -> list[LogWritten]:
        """The marked lines in their order, else all that the filter lets through."""
        return self._marked() or [self._logs[index] for index in range(len(self._logs))]

    def _marked(self) -> list[LogWritten]:
        marked = self._list.marked
        shown = range(len(self._logs)) if marked else ()
        return [self._logs[index] for index in shown if self._logs.number_at(index) in marked]

    def selection(self) -> Selection | None:
        """The marked lines, else all that the filter lets through."""
        records = self.selected()
        if not records:
            return None
        return Selection("log", counted(len(records), "log line"), [log_facts(record) for record in records])

    def sync(self) -> None:
        """Show what has been logged since the last time."""
        if self._history.version != self._seen_version:
            self._catch_up()

    def _catch_up(self) -> None:
        self._seen_version = self._history.version
        self._list.sync()
        logs = self._history.logs
        state = "following" if self._list.is_following else "paused, End follows again"
        shown = f"{len(self._logs):,} of " if self._logs.filter else ""
        marked = f", {len(self._list.marked)} marked" if self._list.marked else ""
        forgotten = f", {logs.dropped:,} older ones forgotten" if logs.dropped else ""
        self.show_state(f"{shown}{counted(len(logs), 'line')}{marked}{forgotten}, {state}" if logs else "")

    def action_filter(self) -> None:
        """Type a filter."""
        self._filter_line.open()

    def action_level(self) -> None:
        """Show only warnings and worse, then only errors, then everything."""
        after = {"": "level:warning", "level:warning": "level:error"}
        self.set_filter(after.get(self.filter_text.strip(), ""))

    def action_clear_filter(self) -> None:
        """Show every line again, and forget the marks."""
        self._list.marked.clear()
        self._filter_line.close()
        self._catch_up()
        self._apply("")

    def action_mark(self) -> None:
        """Mark the line, or take the mark away, and go on to the next."""
        if self._list.cursor < len(self._logs):
            self._list.marked ^= {self._list.row_number(self._list.cursor)}
            self._list.action_move(1)
            self._catch_up()

    def action_copy(self) -> None:
        """Copy the marked lines as JSON, else the one under the cursor."""
        here = [self._logs[self._list.cursor]] if self._list.cursor < len(self._logs) else []
        if records := self._marked() or here:
            self.app.copy_to_clipboard(as_json([log_facts(record) for record in records]))
            self.tell(f"{counted(len(records), 'log line')} copied as JSON.", title="Copied")

    def _apply(self, text: str) -> None:
        if text == self._logs.filter.source:
            return
        self._logs.apply(parse_log_filter(text))
        self._filter_line.note("; ".join(self._logs.filter.problems))
        self._catch_up()

    def on_filter_line_changed(self, event: FilterLine.Changed) -> None:
        """Filter with each key."""
        event.stop()
        self._apply(event.text)

    def on_filter_line_left(self, event: FilterLine.Left) -> None:
        """Back to the list."""
        event.stop()
        self._list.focus()

    def on_lines_view_chosen(self, event: LinesView.Chosen) -> None:
        """Go to the event that the line belongs to, else show all of the line."""
        event.stop()
        if event.index >= len(self._logs):
            return
        record = self._logs[event.index]
        cause = self._history.by_id(record.envelope_id) if record.envelope_id else None
        if cause is not None:
            self.post_message(self.EventOpened(cause))
            return
        fields = [json_node("fields", record.fields, is_open=True)] if record.fields else []
        nodes = [*text_nodes(record.message), BLANK, *fields]
        self.app.push_screen(ReadingScreen(f"{record.level} from {record.logger}", nodes))
