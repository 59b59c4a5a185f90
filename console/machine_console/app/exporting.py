"""Taking things along: the selection as JSON, the screen as a picture."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar

from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen

from machine_console.app.tending import TendingWindow
from machine_console.history.export import as_json, event_facts, log_facts, value_facts, write_export
from machine_console.panes.logs.pane import LogsPane
from machine_console.text.formatting import counted


class ExportingWindow(TendingWindow):
    """The window whose selection can be written to a file."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "export", "Export JSON", show=False),
        Binding("X", "picture", "Save a picture", show=False),
    ]

    @property
    def project(self) -> Path:
        """Where files of this bot go."""
        raise NotImplementedError

    def selection(self) -> tuple[str, str, Sequence[Any]]:
        """What is selected in the active pane: a word for the file, what it is for a person, and the facts."""
        pane = self.active
        if pane is self.storage_pane:
            values = self.storage_pane.selected()
            return "storage", counted(len(values), "stored value"), [value_facts(value) for value in values]
        if pane is self.logs_pane:
            lines = self.logs_pane.selected()
            return "log", counted(len(lines), "log line"), [log_facts(record) for record in lines]
        events = [self.detail_pane.event] if pane is self.detail_pane else self.events_pane.selected()
        kept = [event for event in events if event is not None] if pane in (self.events_pane, self.detail_pane) else []
        return "events", counted(len(kept), "event"), [event_facts(event) for event in kept]

    def action_export(self) -> None:
        """Write what is selected to a file."""
        name, what, facts = self.selection()
        if not facts:
            self.tell(
                "There is nothing to export here. Choose events, an event's detail, stored values or the log.",
                title="Export",
                severity="warning",
            )
            return
        self.run_worker(self._export(name, what, facts), group="export", exit_on_error=False)

    async def _export(self, name: str, what: str, facts: Sequence[Any]) -> None:
        text = await asyncio.to_thread(as_json, {name: list(facts)})
        await self._write(name, "json", what, text)

    def on_logs_pane_copy_requested(self, event: LogsPane.CopyRequested) -> None:
        """Put log lines into the clipboard, as JSON."""
        self.copy_to_clipboard(as_json([log_facts(record) for record in event.records]))
        self.tell(f"{counted(len(event.records), 'log line')} copied as JSON.", title="Copied")

    def action_picture(self) -> None:
        """Save the screen as a picture."""
        text = self.export_screenshot(title=self.status.title)
        self.run_worker(self._write("console", "svg", "The screen", text), group="export", exit_on_error=False)

    async def _write(self, name: str, suffix: str, what: str, text: str) -> None:
        try:
            path = await asyncio.to_thread(write_export, self.project, name, suffix, text)
        except OSError as error:
            self.tell(f"Nothing was exported: {error}.", title="Export", severity="error")
            return
        self.copy_to_clipboard(str(path))
        self.tell(f"{what} in {path}\nThe path is copied.", title="Export")

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Everything one can do, by name."""
        yield from super().get_system_commands(screen)
        yield SystemCommand("Export the selection as JSON", "Key x: events, stored values or log lines", self._soon)
        yield SystemCommand("Save a picture (SVG)", "Key X: the screen as it is", self._picture_soon)

    def _soon(self) -> None:
        self.call_later(self.action_export)

    def _picture_soon(self) -> None:
        """Once the palette is gone: it should not be in the picture."""
        self.call_after_refresh(self.action_picture)
