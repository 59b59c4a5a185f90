"""The plugins: which are live, which failed and where, what they listen to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message

from machine_console.panes.base import Pane
from machine_console.panes.plugins.document import FailureEntry, JobEntry, PluginEntry, plugin_nodes
from machine_console.text.styled_text import Line, Part, line
from machine_console.widgets.document_view import DocumentView


class PluginsDocument(DocumentView):
    """Plugins and their handlers."""

    def hint(self) -> Sequence[Line]:
        """How to get a plugin."""
        return (
            line(Part("  No plugins are loaded.", "strong")),
            line(""),
            line(
                Part("  Save a Python file in ", "dim"),
                Part("plugins/", "code"),
                Part(" and it goes live at once,", "dim"),
            ),
            line(Part("  or name one in ", "dim"), Part("PLUGINS", "code"), Part(" in local_settings.py.", "dim")),
        )


class PluginsPane(Pane):
    """The plugins, their handlers and the scheduled jobs."""

    NUMBER = 5
    TITLE = "Plugins"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("o", "switch", "Off/on"),
        Binding("n", "run_now", "Run job now"),
    ]

    @dataclass
    class SwitchRequested(Message):
        """A person wants to switch a plugin off, or on."""

        plugin: PluginEntry

    @dataclass
    class RunRequested(Message):
        """A person wants a scheduled job to run now."""

        job: JobEntry

    def __init__(self, timezone: tzinfo = UTC) -> None:
        super().__init__(id="plugins")
        self._timezone = timezone
        self._plugins: Sequence[PluginEntry] = ()
        self._jobs: Sequence[JobEntry] = ()
        self._document = PluginsDocument(id="plugins-document")

    def compose(self) -> ComposeResult:
        """The document fills the pane."""
        yield self._document

    def main(self) -> PluginsDocument:
        """The document."""
        return self._document

    def show(
        self, plugins: Sequence[PluginEntry], failures: Sequence[FailureEntry], jobs: Sequence[JobEntry] = ()
    ) -> None:
        """Show how things stand."""
        self._plugins, self._jobs = plugins, jobs
        self._document.show(plugin_nodes(plugins, failures, jobs, self._timezone))
        off = sum(plugin.is_off for plugin in plugins)
        counts = ((len(plugins) - off, "live"), (off, "switched off"), (len(failures), "failed"))
        self.tell(", ".join(f"{number} {what}" for number, what in counts if number))

    def action_switch(self) -> None:
        """Ask for the plugin under the cursor to be switched."""
        path = self._path()
        for plugin in self._plugins:
            if path[:1] == (plugin.name,):
                self.post_message(self.SwitchRequested(plugin))

    def action_run_now(self) -> None:
        """Ask for the job under the cursor to run."""
        path = self._path()
        for job in self._jobs:
            if path == ("jobs", job.id or job.handler):
                self.post_message(self.RunRequested(job))

    def _path(self) -> tuple[str, ...]:
        return self._document.path_at(self._document.cursor) if self._document.row_count() else ()
