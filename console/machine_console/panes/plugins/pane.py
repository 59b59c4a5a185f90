"""The plugins: which are live, which failed and where, what they listen to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from machine_console.panes.base import Pane
from machine_console.panes.plugins.document import plugin_nodes
from machine_console.panes.throttle import Throttle
from machine_console.session.bot_session import BotSession
from machine_console.session.plugins import FailureEntry, JobEntry, PluginEntry
from machine_console.text.styled_text import Line, Part, line
from machine_console.widgets.document_view import DocumentView

_CALLS_EVERY_S = 1.0
"""Seconds between two looks at how handlers have run."""


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

    def __init__(self, session: BotSession) -> None:
        super().__init__(id="plugins")
        self._session = session
        self._seen = (-1, -1)
        self._throttle = Throttle()
        self._document = PluginsDocument(id="plugins-document")

    def compose(self) -> ComposeResult:
        """The document fills the pane."""
        yield self._document

    def main(self) -> PluginsDocument:
        """The document."""
        return self._document

    def sync(self) -> None:
        """Show at once what plugins there are, and once a second how their handlers have run."""
        session = self._session
        versions = (session.plugins_version, session.calls_version)
        if versions[0] != self._seen[0] or (versions != self._seen and self.display and self._throttle.is_open):
            self._seen = versions
            self._throttle.close(_CALLS_EVERY_S)
            self._show(session.plugins(), session.failures(), session.jobs())

    def _show(self, plugins: Sequence[PluginEntry], failures: Sequence[FailureEntry], jobs: Sequence[JobEntry]) -> None:
        self._document.show(plugin_nodes(plugins, failures, jobs, self._session.timezone))
        off = sum(plugin.is_off for plugin in plugins)
        counts = ((len(plugins) - off, "live"), (off, "switched off"), (len(failures), "failed"))
        self.show_state(", ".join(f"{number} {what}" for number, what in counts if number))

    def reveal(self, *path: str) -> None:
        """Put the cursor on a plugin, or on `failed:` and the name of one that could not be loaded."""
        self._document.reveal(path)

    def reload(self) -> None:
        """Take over changed plugin files now."""
        self.attempt(self._session.reload(), title="Reload", group="reload")

    def action_switch(self) -> None:
        """Switch the plugin under the cursor off, or on."""
        path = self._path()
        for plugin in self._session.plugins():
            if path[:1] == (plugin.name,):
                switch = self._session.enable_plugin if plugin.is_off else self._session.disable_plugin
                self.attempt(switch(plugin.name))

    def action_run_now(self) -> None:
        """Run the job under the cursor."""
        path = self._path()
        for job in self._session.jobs():
            if path == ("jobs", job.id or job.handler):
                self.attempt(self._session.run_job(job.id), title="Jobs")

    def _path(self) -> tuple[str, ...]:
        return self._document.path_at(self._document.cursor) if self._document.row_count() else ()
