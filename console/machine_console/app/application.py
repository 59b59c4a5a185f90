"""The window: the panes, how they share the room there is, how one moves between them, and how it all ends.

In a wide terminal four panes are seen at once: events and detail above, the chat and one more below. In a small one
it is one pane at a time, with tabs (`machine_console.app.layout`). Either way the panes are the same widgets and the
keys the same keys. What a pane shows and does is its own affair and the session's.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from textual import constants, events
from textual.app import App, ComposeResult, SystemCommand
from textual.binding import Binding, BindingType
from textual.driver import Driver
from textual.screen import Screen
from textual.widgets._toast import Toast

from machine.trace import InvocationFailed, PluginFailed, PluginLoaded, PluginsReloaded
from machine_console.app import gc_tuning
from machine_console.app.commands import window_commands
from machine_console.app.exports import Exports
from machine_console.app.footer import KeyFooter
from machine_console.app.layout import Arrangement, Layout
from machine_console.app.lifecycle import Lifecycle
from machine_console.app.notices import Notices
from machine_console.app.pane_grid import PaneGrid
from machine_console.app.preferences import preferences_to_begin_with, restore
from machine_console.app.status_bar import StatusBar, Tab, TabBar
from machine_console.app.theme import DARK, LIGHT
from machine_console.history.history import EventTrace
from machine_console.panes.base import Pane
from machine_console.panes.bot.pane import BotPane
from machine_console.panes.chat.pane import ChatPane
from machine_console.panes.chat.transcript import unread_label
from machine_console.panes.events.detail import DetailPane
from machine_console.panes.events.pane import EventsPane
from machine_console.panes.logs.pane import LogsPane
from machine_console.panes.plugins.pane import PluginsPane
from machine_console.panes.repl.pane import ReplPane
from machine_console.panes.storage.pane import StoragePane
from machine_console.screens.help import HelpScreen
from machine_console.screens.playground import PlaygroundScreen
from machine_console.session.bot_session import BotSession
from machine_console.session.plugins import FailureEntry
from machine_console.status.notifications import Notification, is_failure_of
from machine_console.text.formatting import counted
from machine_console.widgets.document_view import DocumentView

FRAMES_PER_SECOND = 12
"""How often panes catch up with what happened: enough to look live, and cheap at a thousand events a second."""
_MUCH = 100
"""Records between two frames, some 150 events a second, of which nobody can read each."""
_FRAMES_SKIPPED = 3
"""Frames left out while so much arrives: with three a second, a burst of messages takes a tenth less time."""
_TIDY_EVERY_S = 1.0


class MachineApp(App[int], inherit_bindings=False):
    """Shows a bot and everything it does: eight panes, a status line, tabs and a footer.

    The bot is started when the window is there, and stopped (its handlers finish first) before the window goes. A bot
    that cannot start ends the application with the reason on stderr and exit code 1.

    Args:
        session: The bot.
        title: The name in the top line.
        layout: How many panes are seen at once; as it was left in this project, if not given.
    """

    CSS_PATH = Path(__file__).with_name("app.tcss")
    COMMAND_PALETTE_BINDING = "f2"  # its usual Ctrl-P is "previous line" in the REPL
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        # Help first: the footer is cut off where there is no room, and help names what is missing.
        Binding("f1", "help", "Help", priority=True),
        Binding("question_mark", "help", "Help", show=False),
        Binding("f2", "command_palette", "Actions", priority=True),
        Binding("ctrl+q", "quit", "Quit", priority=True),
        Binding("ctrl+c", "help_quit", show=False, system=True),  # with Quit the only ones that Textual has of itself
        Binding("f3", "go(3)", "Chat", show=False, priority=True),
        Binding("f4", "zoom", "Zoom", priority=True),
        Binding("f12", "next_layout", "Layout", show=False, priority=True),
        Binding("f10", "switch_theme", "Light or dark", show=False, priority=True),
        Binding("f6", "next_pane(1)", "Next pane", priority=True),
        Binding("shift+f6,f18", "next_pane(-1)", "Previous pane", show=False, priority=True),
        Binding("f7", "go(7)", "REPL", show=False, priority=True),
        *(Binding(str(number), f"go({number})", f"Pane {number}", show=False) for number in range(1, 9)),
        Binding("f8", "playground", "Try a text", show=False, priority=True),
        Binding("f9", "go_to_error", "Last error", show=False, priority=True),
        Binding("f5", "reload_plugins", "Reload", show=False, priority=True),
        Binding("x", "export", "Export JSON", show=False),
        Binding("X", "picture", "Save a picture", show=False),
    ]

    def __init__(self, session: BotSession, *, title: str = "machine", layout: Layout | None = None) -> None:
        super().__init__()
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        self.theme = DARK.name
        self.title = title
        self.session = session
        self.status = session.status
        self.events_pane = EventsPane(session)
        self.detail_pane = DetailPane(session)
        self.chat_pane = ChatPane(session)
        self.storage_pane = StoragePane(session)
        self.plugins_pane = PluginsPane(session)
        self.logs_pane = LogsPane(session)
        self.repl_pane = ReplPane(session)
        self.bot_pane = BotPane(session)
        panes: tuple[Pane, ...] = (
            self.events_pane,
            self.detail_pane,
            self.chat_pane,
            self.storage_pane,
            self.plugins_pane,
            self.logs_pane,
            self.repl_pane,
            self.bot_pane,
        )
        arrangement = Arrangement(panes, always=panes[:3], lower=self.detail_pane, fourth=self.repl_pane)
        self._status_bar = StatusBar(title, self.status)
        self._tabs = TabBar([Tab(str(pane.id), pane.NUMBER, pane.TITLE) for pane in panes])
        self.grid = PaneGrid(panes, arrangement, self._tabs)
        self.notices = Notices(self)
        self._exports = Exports(self, self.notices, session.project)
        self._lifecycle = Lifecycle(self, session)
        self._tidying = gc_tuning.Tidying()
        self._layout_given = layout
        self._seen_version = -1
        self._skipped = 0
        self._highlighted: EventTrace | None = None

    def compose(self) -> ComposeResult:
        """Status, tabs, panes, keys."""
        yield self._status_bar
        yield self._tabs
        yield self.grid
        yield KeyFooter(show_command_palette=False)

    def get_driver_class(self) -> type[Driver]:
        """The driver that never waits for the terminal, unless another one is asked for (`TEXTUAL_DRIVER`)."""
        if sys.platform == "win32" or constants.DRIVER:
            return super().get_driver_class()
        from machine_console.app.driver import SafeDriver  # noqa: PLC0415 - needs termios

        return SafeDriver

    def run(self, **options: Any) -> int:
        """Run until a person quits; see `textual.app.App.run` for the options.

        Returns:
            The exit code for the process: 0, or 1 if the bot could not start.
        """
        result = super().run(**options)
        return result if result is not None else self.return_code or 0

    # From the start to the end.

    def on_mount(self) -> None:
        """Arrange the panes, begin to look at what happens, and start the bot behind the window."""
        kept = preferences_to_begin_with(self.session.project, is_live=self.session.is_live, layout=self._layout_given)
        restore(self, kept)
        self._lifecycle.begin(self._started)
        self.set_interval(1 / FRAMES_PER_SECOND, self.frame)
        self.set_interval(_TIDY_EVERY_S, self._tidy)

    async def _started(self) -> None:
        self.events_pane.redraw()  # people and channels have names now
        results = await self.session.replay_recording()
        if results is not None:
            self.events_pane.show_replayed(results)

    def on_safe_driver_terminal_gone(self) -> None:
        """Nobody can see or say anything any more."""
        self._lifecycle.quit_unhurried()

    async def action_quit(self) -> None:
        """Stop the bot, then leave; a second time leaves at once."""
        self._lifecycle.quit()

    async def on_unmount(self) -> None:
        """However the application ended, the bot does not outlive it."""
        await self._lifecycle.stop()

    # Frames.

    def frame(self) -> None:
        """Let everything catch up; does nothing while nothing happens."""
        version = self.session.history.version
        if version - self._seen_version > _MUCH and self._skipped < _FRAMES_SKIPPED:
            self._skipped += 1
            return
        self._skipped, self._seen_version = 0, version
        for notification in self.session.take_notifications():
            self._announce(notification)
        self.status = self.session.status
        self._status_bar.show(self.status)
        for pane in self.grid.panes:
            pane.sync()
        self._tabs.note(str(self.chat_pane.id), unread_label(self.chat_pane.unread))

    def _announce(self, notification: Notification) -> None:
        record = notification.record
        if isinstance(record, PluginsReloaded):
            gc_tuning.collect_all(len(self.session.history.events))
        if isinstance(record, PluginLoaded):
            self.notices.take_back(lambda old: is_failure_of(record.plugin, old.title))
        self.notices.announce(notification, self._place_of(notification))

    def _place_of(self, notification: Notification) -> Callable[[], None] | None:
        """Where a click on a notice about this leads to."""
        match notification.record:
            case PluginFailed(plugin=plugin):
                return partial(self.show_plugin, f"failed:{plugin}")
            case PluginsReloaded():
                return partial(self.go_to, self.plugins_pane)
            case InvocationFailed() as record:
                event = self.session.history.event_of_run(record.invocation_id or "")
                return partial(self.show_failed_event, event) if event is not None else None
            case _:
                return None

    def _tidy(self) -> None:
        events = self.session.history.events
        self._tidying.settle(events.dropped + len(events))

    # Where things are.

    @property
    def active(self) -> Pane:
        """The pane one works in."""
        return self.grid.arrangement.active

    def go_to(self, pane: Pane) -> None:
        """Show a pane and put the focus there."""
        self.grid.go_to(pane)

    def on_resize(self) -> None:
        """Arrange the panes anew."""
        self.call_after_refresh(self.grid.rearrange)

    def open_event(self, event: EventTrace) -> None:
        """Show everything about an event."""
        self.events_pane.select(event)
        self.detail_pane.show(event)
        self.go_to(self.detail_pane)

    def show_failed_event(self, event: EventTrace) -> None:
        """Show what a handler raised."""
        self.open_event(event)
        self.detail_pane.go_to_error()

    def show_plugin(self, name: str) -> None:
        """Show a plugin among the others; `failed:` and a name show why that could not be loaded."""
        self.go_to(self.plugins_pane)
        self.plugins_pane.reveal(name)

    # What panes and views tell.

    def on_pane_told(self, event: Pane.Told) -> None:
        """Raise a notice."""
        self.notices.tell(event.text, title=event.title, severity=event.severity)

    def on_pane_left(self) -> None:
        """Back to the events."""
        self.go_to(self.events_pane)

    def on_pane_event_opened(self, event: Pane.EventOpened) -> None:
        """Show everything about it."""
        self.open_event(event.event)

    def on_pane_plugin_opened(self, event: Pane.PluginOpened) -> None:
        """Show it among the others."""
        self.show_plugin(event.plugin)

    def on_events_pane_event_highlighted(self, event: EventsPane.EventHighlighted) -> None:
        """The detail shows what the list points at, unless somebody is reading there."""
        self._highlighted = event.event
        if self.active is not self.detail_pane or self.detail_pane.is_empty:
            self.detail_pane.show(event.event)

    def on_pane_grid_pane_left(self, event: PaneGrid.PaneLeft) -> None:
        """Where somebody has been reading an event, the detail catches up with the list."""
        if event.pane is self.detail_pane and self._highlighted is not None:
            self.detail_pane.show(self._highlighted)

    def on_document_view_copy_requested(self, event: DocumentView.CopyRequested) -> None:
        """Copy it, through the terminal (OSC 52), so that it also works over ssh."""
        event.stop()
        self.copy_to_clipboard(event.text)
        self.notices.tell(f"Copied {counted(len(event.text), 'character')}")

    def on_tab_bar_tab_clicked(self, event: TabBar.TabClicked) -> None:
        """Go to the pane whose tab was clicked."""
        self.go_to(next(pane for pane in self.grid.panes if pane.id == event.name))

    def on_click(self, event: events.Click) -> None:
        """A click on a notice leads to the place."""
        if isinstance(event.widget, Toast):
            self.notices.follow(event.widget)

    # What keys and the palette do.

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Everything one can do, by name."""
        del screen
        yield from window_commands(self)

    def action_go(self, number: int) -> None:
        """Go to the pane with this number."""
        self.go_to(self.grid.panes[number - 1])

    def action_next_pane(self, step: int) -> None:
        """Go to the next pane, round and round."""
        self.grid.go_on(step)

    def action_zoom(self) -> None:
        """Give the active pane the whole window, or give the others their place back."""
        self.grid.zoom()

    def action_next_layout(self) -> None:
        """Show more panes at once, or fewer."""
        layout = self.grid.arrangement.wanted.next()
        self.grid.use(layout)
        self.notices.tell(f"{layout.title()}: {layout.meaning}", title="Layout")

    def action_switch_theme(self) -> None:
        """From dark to light, and back."""
        self.theme = LIGHT.name if self.current_theme.dark else DARK.name

    def action_help(self) -> None:
        """Show what the keys do."""
        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen())

    def action_reload_plugins(self) -> None:
        """Take over changed plugin files now."""
        self.plugins_pane.reload()

    def action_playground(self) -> None:
        """Try out what a text would run."""
        if isinstance(self.screen, PlaygroundScreen):
            self.pop_screen()
        else:
            self.events_pane.try_text()

    def action_go_to_error(self) -> None:
        """Go to what failed last: a plugin that could not be loaded, or the event of a handler that failed.

        The notices of errors have done their work then, and no longer cover the place.
        """
        self.notices.take_back(lambda notice: notice.severity == "error")
        match self.session.last_failure():
            case FailureEntry(name=name):
                self.show_plugin(f"failed:{name}")
            case EventTrace() as event:
                self.show_failed_event(event)
            case _:
                self.notices.tell("Nothing has failed.")

    def action_export(self) -> None:
        """Write what is selected in the active pane to a file."""
        self._exports.save(self.active.selection())

    def action_picture(self) -> None:
        """Save the screen as a picture."""
        self._exports.save_picture()
