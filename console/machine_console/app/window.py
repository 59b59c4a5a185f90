"""The window: the panes, how they share the room there is, and how one moves between them.

In a wide terminal four panes are seen at once: events and detail above, the chat and one more below. In a small one
it is one pane at a time, with tabs (`machine_console.app.layout`). Either way the panes are the same widgets and the
keys the same keys.

The window is fed; it knows nothing about a running bot. That is for `machine_console.app.application`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, tzinfo
from pathlib import Path
from typing import ClassVar

from textual import events
from textual.app import App, ComposeResult, SystemCommand
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.notifications import Notification, Notify
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets._toast import Toast

from machine_console.app.commands import PaneAction, pane_actions
from machine_console.app.footer import KeyFooter
from machine_console.app.layout import Layout
from machine_console.app.preferences import Habits
from machine_console.app.status_bar import Status, StatusBar, Tab, TabBar
from machine_console.app.theme import DARK, LIGHT
from machine_console.history.history import EventTrace, History
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
from machine_console.text.formatting import IdsOnly, Names, counted
from machine_console.text.styled_text import clean
from machine_console.widgets.document_view import DocumentView

FRAMES_PER_SECOND = 12
"""How often panes catch up with what happened: enough to look live, and cheap at a thousand events a second."""
_MUCH = 100
"""Records between two frames, some 150 events a second, of which nobody can read each."""
_FRAMES_SKIPPED = 3
"""Frames left out while so much arrives: with three a second, a burst of messages takes a tenth less time."""
NARROW_COLUMNS = 60
"""Below this, the list of conversations gets narrower."""
LOW_ROWS = 10
"""Below this, the top and bottom lines are given up for content."""
_MAX_LEADS = 50
"""Notices whose places are known; more are not on screen at a time."""
_ALWAYS_SHOWN = ("events", "detail", "chat")


class ConsoleWindow(App[int], inherit_bindings=False):
    """Eight panes, a status line, tabs and a footer.

    Args:
        history: What the panes show; whoever feeds it calls nothing else, the window looks at each frame.
        names: What people and channels are called.
        timezone: In which times are shown.
        status: The first state of the top line.
        repl_history: Where the prompt keeps its inputs from session to session.
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
    ]

    def __init__(
        self,
        history: History,
        *,
        names: Names | None = None,
        timezone: tzinfo = UTC,
        status: Status | None = None,
        repl_history: Path | None = None,
    ) -> None:
        super().__init__()
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        self.theme = DARK.name
        self.history = history
        names = names or IdsOnly()
        self.status = status or Status()
        self.events_pane = EventsPane(history, names, timezone)
        self.detail_pane = DetailPane(names, timezone)
        self.chat_pane = ChatPane(timezone, names)
        self.storage_pane = StoragePane()
        self.plugins_pane = PluginsPane(timezone)
        self.logs_pane = LogsPane(history, timezone)
        self.repl_pane = ReplPane(repl_history)
        self.bot_pane = BotPane(timezone)
        self.panes: tuple[Pane, ...] = (
            self.events_pane,
            self.detail_pane,
            self.chat_pane,
            self.storage_pane,
            self.plugins_pane,
            self.logs_pane,
            self.repl_pane,
            self.bot_pane,
        )
        self.active: Pane = self.events_pane
        self.layout_wanted = Layout.AUTO
        self._fourth: Pane = self.repl_pane
        self._lower: Pane = self.detail_pane
        self._is_zoomed = False
        self._leads: dict[str, Callable[[], None]] = {}
        self._seen_version = -1
        self._skipped = 0
        self._highlighted: EventTrace | None = None
        self._status_bar = StatusBar(self.status)
        self._tabs = TabBar([Tab(str(pane.id), pane.NUMBER, pane.TITLE) for pane in self.panes])

    def compose(self) -> ComposeResult:
        """Status, tabs, panes, keys."""
        yield self._status_bar
        yield self._tabs
        yield Container(*self.panes, id="panes")
        yield KeyFooter(show_command_palette=False)

    def on_mount(self) -> None:
        """Arrange the panes and begin to look at what happened."""
        self.title = self.status.title
        self._arrange()
        self.go_to(self.active)
        self.set_interval(1 / FRAMES_PER_SECOND, self.frame)

    # What is shown.

    def frame(self) -> None:
        """Let the panes catch up; does nothing while nothing happens."""
        news = self.history.version - self._seen_version
        if news > _MUCH and self._skipped < _FRAMES_SKIPPED:
            self._skipped += 1
        elif news:
            self._skipped = 0
            self._seen_version = self.history.version
            self.events_pane.sync()
            self.detail_pane.sync()
            self.logs_pane.sync()

    def show_status(self, status: Status) -> None:
        """Show how the bot stands."""
        self.status = status
        self._status_bar.show(status)

    def show_unread(self, number: int) -> None:
        """Show how much has been said that nobody looked at."""
        self._tabs.note(str(self.chat_pane.id), unread_label(number))

    def tell(
        self, text: str, *, title: str = "", severity: str = "information", leads_to: Callable[[], None] | None = None
    ) -> None:
        """Raise a notice; errors stay longer. A click on it goes where it leads to."""
        timeout = 12 if severity == "error" else 5
        shown = "\n".join(map(clean, text.splitlines()))
        if severity == "information":
            self.take_back(lambda old: old.severity == severity and old.title == clean(title))
        notice = Notification(shown, clean(title), severity, timeout, markup=False)  # type: ignore[arg-type]  # a plain str
        if leads_to is not None:
            self._leads[notice.identity] = leads_to
            while len(self._leads) > _MAX_LEADS:
                del self._leads[next(iter(self._leads))]
        self.post_message(Notify(notice))

    def take_back(self, is_over: Callable[[Notification], bool]) -> None:
        """Take notices off the screen that are no longer true, or in whose place there is another."""
        over = list(filter(is_over, self._notifications))
        for notice in over:
            self._unnotify(notice, refresh=False)  # which would leave the room that it took
        for screen in self.screen_stack:
            for toast in screen.query(Toast):
                if toast._notification in over and isinstance(toast.parent, Widget):  # noqa: SLF001 - as in `on_click`
                    toast.parent.remove()

    def on_click(self, event: events.Click) -> None:
        """A click on a notice leads to the place."""
        if isinstance(event.widget, Toast):
            lead = self._leads.pop(event.widget._notification.identity, None)  # noqa: SLF001 - nothing else tells which
            if lead is not None:
                lead()

    # Where things are.

    @property
    def arrangement(self) -> Layout:
        """How the panes share the window at its size."""
        return self.layout_wanted.fitting(self.size.width, self.size.height)

    def shown_panes(self) -> list[Pane]:
        """The panes that are on screen."""
        arrangement = self.arrangement
        if self._is_zoomed or arrangement is Layout.SINGLE:
            return [self.active]
        if arrangement is Layout.SPLIT:
            return [self.events_pane, self._lower]
        return [pane for pane in self.panes if pane.id in _ALWAYS_SHOWN or pane is self._fourth]

    def _arrange(self) -> None:
        """Give each pane its place for the size the terminal has."""
        if self.active.id not in _ALWAYS_SHOWN:
            self._fourth = self.active
        if self.active is not self.events_pane:
            self._lower = self.active
        shown = self.shown_panes()
        for pane in self.panes:
            pane.display = pane in shown
        pane_columns = self.size.width // (2 if len(shown) > 2 else 1)
        for screen in self.screen_stack[:1]:
            screen.set_class(len(shown) > 2, "-wide")
            screen.set_class(pane_columns < NARROW_COLUMNS, "-narrow")
            screen.set_class(self.size.height < LOW_ROWS, "-low")
        self._tabs.show(str(self.active.id), frozenset(str(pane.id) for pane in shown))

    def on_resize(self, event: events.Resize) -> None:
        """Arrange the panes anew."""
        del event
        self.call_after_refresh(self._arrange)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The pane one works in is the active one, however one came there.

        This tells of a focus that may have moved on since, so what counts is where the focus is now.
        """
        del event
        if not self.screen_stack:  # on the way out, news of a focus may come after the screens are gone
            return
        pane = self._pane_of(self.focused) if self.focused is not None else None
        if pane is not None and pane is not self.active:
            self._activate(pane)

    def _activate(self, pane: Pane) -> None:
        """Work goes on in this pane; where somebody has been reading an event, the detail catches up with the list."""
        has_read = self.active is self.detail_pane and pane is not self.detail_pane
        self.active = pane
        self._arrange()
        if has_read and self._highlighted is not None:
            self.detail_pane.show(self._highlighted)

    def _pane_of(self, widget: Widget) -> Pane | None:
        return next((node for node in widget.ancestors_with_self if isinstance(node, Pane)), None)

    def go_to(self, pane: Pane) -> None:
        """Show a pane and put the focus there."""
        self._activate(pane)
        main = pane.main()
        # At once: a focus that waits in a queue lets the pane that is hidden now hand its own to a neighbour.
        main.screen.set_focus(main)

    def open_event(self, event: EventTrace) -> None:
        """Show everything about an event."""
        self.events_pane.select(event)
        self.detail_pane.show(event)
        self.go_to(self.detail_pane)

    # What keys, clicks and the palette do.

    def action_go(self, number: int) -> None:
        """Go to the pane with this number."""
        self.go_to(self.panes[number - 1])

    def action_next_pane(self, step: int) -> None:
        """Go to the next pane, round and round."""
        position = self.panes.index(self.active)
        self.go_to(self.panes[(position + step) % len(self.panes)])

    def action_zoom(self) -> None:
        """Give the active pane the whole window, or give the others their place back."""
        self._is_zoomed = not self._is_zoomed
        self._arrange()

    def action_next_layout(self) -> None:
        """Show more panes at once, or fewer."""
        self.use_layout(self.layout_wanted.next())
        self.tell(f"{self.layout_wanted.title()}: {self.layout_wanted.meaning}", title="Layout")

    def use_layout(self, layout: Layout) -> None:
        """Share the window among the panes like this."""
        self.layout_wanted = layout
        self._is_zoomed = False
        self._arrange()

    def action_switch_theme(self) -> None:
        """From dark to light, and back."""
        self.theme = LIGHT.name if self.current_theme.dark else DARK.name

    def habits(self) -> Habits:
        """How the window stands, to be remembered."""
        return Habits(
            theme=self.theme,
            pane=str(self.active.id),
            is_zoomed=self._is_zoomed,
            events_filter=self.events_pane.filter_text,
            layout=str(self.layout_wanted),
            logs_filter=self.logs_pane.filter_text,
        )

    def restore_habits(self, habits: Habits) -> None:
        """Arrange the window as it was left."""
        if habits.theme in self.available_themes:
            self.theme = habits.theme
        if habits.layout in set(Layout):
            self.layout_wanted = Layout(habits.layout)
        self._is_zoomed = habits.is_zoomed
        if habits.events_filter:
            self.events_pane.set_filter(habits.events_filter)
        if habits.logs_filter:
            self.logs_pane.set_filter(habits.logs_filter)
        self.go_to(next((pane for pane in self.panes if pane.id == habits.pane), self.active))

    def action_help(self) -> None:
        """Show what the keys do."""
        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen())

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Everything one can do, by name."""
        del screen
        for pane in self.panes:
            also = {3: ", F3", 7: ", F7"}.get(pane.NUMBER, "")
            yield SystemCommand(f"Go to {pane.TITLE}", f"Key {pane.NUMBER}{also}", lambda pane=pane: self.go_to(pane))
        yield SystemCommand("Zoom the pane", "Key F4", self.action_zoom)
        for layout in Layout:
            yield SystemCommand(
                f"Layout: {layout}", f"Key F12; {layout.meaning}", lambda layout=layout: self.use_layout(layout)
            )
        yield SystemCommand("Next pane", "Key F6", lambda: self.action_next_pane(1))
        yield SystemCommand("Previous pane", "Key Shift+F6", lambda: self.action_next_pane(-1))
        yield SystemCommand("Light or dark", "Key F10", self.action_switch_theme)
        yield SystemCommand("Change the theme", "Light, dark and others", self.action_change_theme)
        yield SystemCommand("Help", "Key F1 or ?", self.action_help)
        yield SystemCommand("Quit", "Key Ctrl+Q: stop the bot and leave", self.action_quit)
        for pane in self.panes:
            for action in pane_actions(pane):
                keys = ", ".join(self.get_key_display(Binding(key, "")) for key in action.keys)
                yield SystemCommand(action.title, f"Key {keys}", lambda action=action: self._do_in_pane(action))

    def _do_in_pane(self, action: PaneAction) -> None:
        """Do in a pane what its key does there."""
        self.go_to(action.pane)
        if action.owner.focusable:
            action.owner.focus()
        self.call_later(self.run_action, action.binding.action, action.owner)

    def on_tab_bar_tab_clicked(self, event: TabBar.TabClicked) -> None:
        """Go to the pane whose tab was clicked."""
        self.go_to(self.query_one(f"#{event.name}", Pane))

    def on_events_pane_event_highlighted(self, event: EventsPane.EventHighlighted) -> None:
        """The detail shows what the list points at, unless somebody is reading there."""
        self._highlighted = event.event
        if self.active is not self.detail_pane or self.detail_pane.is_empty:
            self.detail_pane.show(event.event)

    def on_events_pane_event_opened(self, event: EventsPane.EventOpened) -> None:
        """Show everything about it."""
        self.open_event(event.event)

    def on_document_view_copy_requested(self, event: DocumentView.CopyRequested) -> None:
        """Copy it, through the terminal (OSC 52), so that it also works over ssh."""
        event.stop()
        self.copy_to_clipboard(event.text)
        self.tell(f"Copied {counted(len(event.text), 'character')}")

    def on_detail_pane_left(self) -> None:
        """Back to the list."""
        self.go_to(self.events_pane)
