"""The panes: which of them are on screen, which one works in, and how one gets from one to the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.containers import Container
from textual.message import Message
from textual.widget import Widget

from machine_console.app.layout import Arrangement, Layout
from machine_console.app.status_bar import TabBar
from machine_console.panes.base import Pane

NARROW_COLUMNS = 60
"""Below this, the list of conversations gets narrower."""
LOW_ROWS = 10
"""Below this, the top and bottom lines are given up for content."""


class PaneGrid(Container):
    """Shares the room there is among the panes.

    Args:
        panes: All there are, in their order.
        arrangement: Says which are shown.
        tabs: Shows where one is.
    """

    @dataclass
    class PaneLeft(Message):
        """Work goes on in another pane than this one."""

        pane: Pane

    def __init__(self, panes: Sequence[Pane], arrangement: Arrangement, tabs: TabBar) -> None:
        super().__init__(*panes, id="panes")
        self.panes = panes
        self.arrangement = arrangement
        self._tabs = tabs

    def rearrange(self) -> None:
        """Give each pane its place for the size the terminal has; its news may come when the screen is gone."""
        if not self.is_attached:
            return
        size = self.app.size
        shown = self.arrangement.shown(size.width, size.height)
        for pane in self.panes:
            pane.display = pane in shown
        pane_columns = size.width // (2 if len(shown) > 2 else 1)
        self.screen.set_class(len(shown) > 2, "-wide")
        self.screen.set_class(pane_columns < NARROW_COLUMNS, "-narrow")
        self.screen.set_class(size.height < LOW_ROWS, "-low")
        self._tabs.show(str(self.arrangement.active.id), frozenset(str(pane.id) for pane in shown))

    def go_to(self, pane: Pane) -> None:
        """Show a pane and put the focus there."""
        self._activate(pane)
        # At once: a focus that waits in a queue lets the pane that is hidden now hand its own to a neighbour.
        self.screen.set_focus(pane.main())

    def go_on(self, step: int) -> None:
        """Go to the next pane, round and round."""
        position = self.panes.index(self.arrangement.active)
        self.go_to(self.panes[(position + step) % len(self.panes)])

    def zoom(self) -> None:
        """Give the active pane the whole window, or give the others their place back."""
        self.arrangement.is_zoomed = not self.arrangement.is_zoomed
        self.rearrange()

    def use(self, layout: Layout) -> None:
        """Share the window among the panes like this."""
        self.arrangement.use(layout)
        self.rearrange()

    def on_descendant_focus(self) -> None:
        """The pane one works in is the active one, however one came there.

        This tells of a focus that may have moved on since, so what counts is where the focus is now; and it may come
        when the screen is gone.
        """
        focused = self.screen.focused if self.is_attached else None
        pane = _pane_of(focused) if focused is not None else None
        if pane is not None and pane is not self.arrangement.active:
            self._activate(pane)

    def _activate(self, pane: Pane) -> None:
        left = self.arrangement.active
        self.arrangement.activate(pane)
        self.rearrange()
        if left is not pane:
            self.post_message(self.PaneLeft(left))


def _pane_of(widget: Widget) -> Pane | None:
    return next((node for node in widget.ancestors_with_self if isinstance(node, Pane)), None)
