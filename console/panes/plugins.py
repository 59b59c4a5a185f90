"""The plugins: which are live, which failed and where, what they listen to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, tzinfo

from textual.app import ComposeResult

from console.line import Line, Part, line
from console.panes.document import DocumentView
from console.panes.pane import Pane
from console.plugin_list import FailureEntry, JobEntry, PluginEntry, plugin_nodes


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

    def __init__(self, timezone: tzinfo = UTC) -> None:
        super().__init__(id="plugins")
        self._timezone = timezone
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
        self._document.show(plugin_nodes(plugins, failures, jobs, self._timezone))
        failed = f", {len(failures)} failed" if failures else ""
        self.tell(f"{len(plugins)} live{failed}" if plugins or failures else "")
