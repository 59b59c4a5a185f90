"""The top two lines: what this is, how it stands, and the tabs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.message import Message
from textual.widget import Widget

from machine_console.status.bot_status import Status
from machine_console.status.rate_limit_usage import TIGHT
from machine_console.text.styled_text import clean
from machine_console.widgets.line_list import component_style

_WIDE_ENOUGH = 90
_WIDE_ENOUGH_FOR_CALLS = 120
_SLOW_MS = 100
"""From here on, people notice that the bot answers late."""
_CONNECTION_STYLES = {"connected": "good", "connecting": "warn", "reconnecting": "warn", "stopping": "warn"}


class StatusBar(Widget):
    """One line: the name, SANDBOX or LIVE, the workspace, the connection, plugins and errors."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"status--{name}" for name in ("title", "sandbox", "live", "good", "warn", "bad", "dim")
    }

    def __init__(self, title: str, status: Status) -> None:
        super().__init__(id="status")
        self._title = title
        self._status = status

    def show(self, status: Status) -> None:
        """Show how things stand now."""
        if status != self._status:
            self._status = status
            self.refresh()

    def render(self) -> Text:
        """The line, with counts at the right where there is room."""
        left, right = self._left(), self._right()
        room = self.size.width - left.cell_len - right.cell_len
        if room > 0:
            return Text.assemble(left, " " * room, right, no_wrap=True)
        left.truncate(max(self.size.width - right.cell_len - 1, 0), overflow="ellipsis", pad=True)
        return Text.assemble(left, " ", right, no_wrap=True, overflow="crop")

    def _left(self) -> Text:
        status = self._status
        mode = (" LIVE ", "live") if status.is_live else (" SANDBOX ", "sandbox")
        style = _CONNECTION_STYLES.get(status.connection, "bad")
        is_narrow = self.size.width < 60
        parts = [] if is_narrow else [(f" {self._title} ", "title"), (" ", "")]
        parts += [mode, (f" {status.workspace}" if status.workspace else "", ""), ("  ● ", style)]
        if not is_narrow or style != "good":
            parts.append((status.connection, "dim" if style == "good" else style))
        if status.limited:
            parts.append((f"  ◷ {status.limited}" if not is_narrow else "  ◷", "warn"))
        return self._text(parts)

    def _right(self) -> Text:
        status = self._status
        errors = "no errors" if not status.errors else f"{status.errors} error{'' if status.errors == 1 else 's'}"
        plugins = f"{status.plugins} plugin{'' if status.plugins == 1 else 's'}"
        if self.size.width < 60:
            return self._text([(f"✗{status.errors} ", "bad")] if status.errors else [])
        vitals: list[tuple[str, str]] = []
        if status.memory_mb and self.size.width >= _WIDE_ENOUGH:
            lag = (f"lag {status.lag_ms} ms   ", "warn" if status.lag_ms >= _SLOW_MS else "dim")
            if status.calls_allowed and self.size.width >= _WIDE_ENOUGH_FOR_CALLS:
                is_tight = status.calls >= TIGHT * status.calls_allowed
                calls = f"calls {status.calls}/{status.calls_allowed} a minute   "
                vitals.append((calls, "warn" if is_tight else "dim"))
            vitals += [lag, (f"{status.memory_mb} MB   ", "dim")]
        return self._text([*vitals, (f"{plugins}   ", "dim"), (f"{errors} ", "bad" if status.errors else "dim")])

    def _text(self, parts: Sequence[tuple[str, str]]) -> Text:
        return Text.assemble(
            *((clean(text), component_style(self, f"status--{style}") if style else "") for text, style in parts)
        )


@dataclass(frozen=True, slots=True)
class Tab:
    """One pane's tab."""

    name: str
    number: int
    title: str


class TabBar(Widget):
    """The panes by number and name; the one in use stands out."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {"tab--active", "tab--shown", "tab--number"}

    @dataclass
    class TabClicked(Message):
        """A person wants to go to this pane."""

        name: str

    def __init__(self, tabs: Sequence[Tab]) -> None:
        super().__init__(id="tabs")
        self._tabs = tabs
        self._active = tabs[0].name
        self._shown: frozenset[str] = frozenset()
        self._notes: dict[str, str] = {}

    def note(self, name: str, what: str) -> None:
        """Say something short on a tab, as how much there is unread; nothing if it is empty."""
        if self._notes.get(name, "") != what:
            self._notes[name] = what
            self.refresh()

    def show(self, active: str, shown: frozenset[str]) -> None:
        """Mark the pane in use, and those that are on screen."""
        self._active, self._shown = active, shown
        self.refresh()

    def _labels(self) -> list[tuple[Tab, str]]:
        """What each tab says; only the one in use keeps its name where there is little room."""
        notes = {tab.name: f" ({note})" if (note := self._notes.get(tab.name)) else "" for tab in self._tabs}
        full = [(tab, f" {tab.number} {tab.title}{notes[tab.name]} ") for tab in self._tabs]
        if sum(len(label) for _, label in full) <= self.size.width:
            return full
        short = {tab.name: f" {tab.number}{notes[tab.name].strip()} " for tab in self._tabs}
        return [(tab, label if tab.name == self._active else short[tab.name]) for tab, label in full]

    def render(self) -> Text:
        """The tabs in a row."""
        text = Text(no_wrap=True, overflow="crop")
        for tab, label in self._labels():
            style = component_style(self, "tab--active" if tab.name == self._active else "tab--number")
            if tab.name in self._shown and tab.name != self._active:
                style = component_style(self, "tab--shown")
            text.append(label, style)
        return text

    def on_click(self, event: events.Click) -> None:
        """Go to the pane whose tab was clicked."""
        position = 0
        for tab, label in self._labels():
            position += len(label)
            if event.x < position:
                self.post_message(self.TabClicked(tab.name))
                return
