"""Everything one can do, by name: for the command palette, and for whoever checks the documentation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from textual.app import SystemCommand
from textual.binding import Binding
from textual.widget import Widget

from machine_console.app.layout import Layout
from machine_console.panes.base import Pane
from machine_console.widgets.filter_input import FilterLine
from machine_console.widgets.line_list import LinesView

if TYPE_CHECKING:
    from machine_console.app.application import MachineApp


@dataclass(frozen=True, slots=True)
class PaneAction:
    """One thing that a key does in a pane.

    Attributes:
        pane: The pane.
        owner: The widget whose action it is: the pane, or a part of it.
        binding: The key, or several separated by commas, and the action.
    """

    pane: Pane
    owner: Widget
    binding: Binding

    @property
    def title(self) -> str:
        """What it does, for a person."""
        return f"{self.pane.TITLE}: {self.binding.description}"

    @property
    def keys(self) -> list[str]:
        """Its keys, as Textual names them."""
        return [key.strip() for key in self.binding.key.split(",")]


def pane_actions(pane: Pane) -> Iterator[PaneAction]:
    """What can be done in a pane by key, except moving about in lists, which nobody does by name."""
    known: set[tuple[str, str]] = set()
    for owner in (pane, *pane.query(Widget)):
        if any(isinstance(node, FilterLine) for node in owner.ancestors_with_self):
            continue  # keys of a line one types in
        for binding in _bindings(type(owner)):
            if (binding.action, binding.description) not in known:
                known.add((binding.action, binding.description))
                yield PaneAction(pane, owner, binding)


def _bindings(kind: type[Widget]) -> Iterator[Binding]:
    for one in kind.__mro__:
        if one.__module__.startswith("machine_console.") and one is not LinesView:
            yield from (binding for binding in one.__dict__.get("BINDINGS", ()) if isinstance(binding, Binding))


def window_commands(app: MachineApp) -> Iterator[SystemCommand]:
    """What keys do, wherever one is, and in each pane."""
    for pane in app.grid.panes:
        also = {3: ", F3", 7: ", F7"}.get(pane.NUMBER, "")
        yield SystemCommand(f"Go to {pane.TITLE}", f"Key {pane.NUMBER}{also}", partial(app.go_to, pane))
    yield SystemCommand("Zoom the pane", "Key F4", app.grid.zoom)
    for layout in Layout:
        yield SystemCommand(f"Layout: {layout}", f"Key F12; {layout.meaning}", partial(app.grid.use, layout))
    yield SystemCommand("Next pane", "Key F6", partial(app.grid.go_on, 1))
    yield SystemCommand("Previous pane", "Key Shift+F6", partial(app.grid.go_on, -1))
    yield SystemCommand("Light or dark", "Key F10", app.action_switch_theme)
    yield SystemCommand("Change the theme", "Light, dark and others", app.action_change_theme)
    yield SystemCommand("Help", "Key F1 or ?", app.action_help)
    yield SystemCommand("Quit", "Key Ctrl+Q: stop the bot and leave", app.action_quit)
    for pane in app.grid.panes:
        for action in pane_actions(pane):
            keys = ", ".join(app.get_key_display(Binding(key, "")) for key in action.keys)
            yield SystemCommand(action.title, f"Key {keys}", partial(_do, app, action))
    yield SystemCommand("Try a text", "Key F8: which handlers would it run?", app.action_playground)
    yield SystemCommand("Go to the last error", "Key F9", app.action_go_to_error)
    # Later, so that the palette is gone: it is not what is exported, and should not be in the picture.
    export, picture = partial(app.call_later, app.action_export), partial(app.call_after_refresh, app.action_picture)
    yield SystemCommand("Export the selection as JSON", "Key x: events, stored values or log lines", export)
    yield SystemCommand("Save a picture (SVG)", "Key X: the screen as it is", picture)
    yield SystemCommand("Reload plugins", "Key F5: take over changed files now", app.action_reload_plugins)
    chat = app.chat_pane
    for person in chat.people:
        yield SystemCommand(f"Speak as {person.name}", "In the chat", partial(chat.speak_as, person.id))
    for channel in chat.channels:
        yield SystemCommand(f"Open {channel.label}", "In the chat", partial(_open_channel, app, channel.id))


def _do(app: MachineApp, action: PaneAction) -> None:
    """Do in a pane what its key does there."""
    app.go_to(action.pane)
    if action.owner.focusable:
        action.owner.focus()
    app.call_later(app.run_action, action.binding.action, action.owner)


def _open_channel(app: MachineApp, channel_id: str) -> None:
    app.chat_pane.pick(channel_id)
    app.go_to(app.chat_pane)
