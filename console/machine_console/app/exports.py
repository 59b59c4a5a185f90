"""Taking things along: what is selected as JSON, the screen as a picture."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path

from textual.app import App

from machine_console.app.notices import Notices
from machine_console.history.export import as_json, write_export
from machine_console.panes.base import Selection


class Exports:
    """Writes files in the folder of the bot, and says where they are.

    Args:
        app: What there is a picture of.
        notices: Where it is said.
        project: The folder of the bot.
    """

    def __init__(self, app: App[int], notices: Notices, project: Path) -> None:
        self._app = app
        self._notices = notices
        self._project = project

    def save(self, selection: Selection | None) -> None:
        """Write what is selected."""
        if selection is None:
            self._notices.tell(
                "There is nothing to export here. Choose events, an event's detail, stored values or the log.",
                title="Export",
                severity="warning",
            )
            return
        make = partial(as_json, {selection.name: list(selection.facts)})
        self._start(selection.name, "json", selection.title, make)

    def save_picture(self) -> None:
        """Write the screen."""
        picture = self._app.export_screenshot(title=self._app.title)
        self._start("console", "svg", "The screen", lambda: picture)

    def _start(self, name: str, suffix: str, what: str, make: Callable[[], str]) -> None:
        self._app.run_worker(self._write(name, suffix, what, make), group="export", exit_on_error=False)

    async def _write(self, name: str, suffix: str, what: str, make: Callable[[], str]) -> None:
        try:
            text = await asyncio.to_thread(make)
            path = await asyncio.to_thread(write_export, self._project, name, suffix, text)
        except OSError as error:
            self._notices.tell(f"Nothing was exported: {error}.", title="Export", severity="error")
            return
        self._app.copy_to_clipboard(str(path))
        self._notices.tell(f"{what} in {path}\nThe path is copied.", title="Export")
