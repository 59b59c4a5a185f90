"""How the panes share the window: as a person wants it, or as the room there is allows."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

from machine.errors import MachineError

if TYPE_CHECKING:
    from machine_console.panes.base import Pane

WIDE_COLUMNS, WIDE_ROWS = 120, 32
"""From which size on `auto` shows four panes at once."""
SPLIT_COLUMNS, SPLIT_ROWS = 60, 40
"""From which size on `auto` shows two panes, one above the other."""
_LEAST_FOR_WIDE = (60, 16)
"""Four panes in less than that are not readable, whoever asks for them."""
_LEAST_FOR_SPLIT = (30, 14)


class Layout(StrEnum):
    """How many panes are seen at once."""

    AUTO = "auto"
    WIDE = "wide"
    SPLIT = "split"
    SINGLE = "single"

    @property
    def meaning(self) -> str:
        """What it does, in a few words."""
        return _MEANINGS[self]

    def next(self) -> Layout:
        """The layout after this one, round and round."""
        layouts = list(Layout)
        return layouts[(layouts.index(self) + 1) % len(layouts)]

    def fitting(self, columns: int, rows: int) -> Layout:
        """What it comes to in a terminal of this size; never `auto`.

        What is asked for gives way where there is no room for it, so that a terminal can be made tiny and large again.
        """
        if self is Layout.AUTO:
            if columns >= WIDE_COLUMNS and rows >= WIDE_ROWS:
                return Layout.WIDE
            return Layout.SPLIT if columns >= SPLIT_COLUMNS and rows >= SPLIT_ROWS else Layout.SINGLE
        least = {Layout.WIDE: _LEAST_FOR_WIDE, Layout.SPLIT: _LEAST_FOR_SPLIT}.get(self, (0, 0))
        return self if columns >= least[0] and rows >= least[1] else Layout.SINGLE


_MEANINGS = {
    Layout.AUTO: "as many panes as there is room for",
    Layout.WIDE: "four panes at once",
    Layout.SPLIT: "the events above, another pane below",
    Layout.SINGLE: "one pane at a time",
}


def layout_named(name: str) -> Layout:
    """The layout of this name.

    Raises:
        MachineError: There is none; the message names those that there are.
    """
    try:
        return Layout(name.strip().lower())
    except ValueError:
        there_are = ", ".join(f"{layout} ({layout.meaning})" for layout in Layout)
        raise MachineError(f"There is no layout {name!r}. There are: {there_are}.") from None


class Arrangement:
    """Which panes are on screen.

    Args:
        panes: All there are, in their order.
        always: Those that are seen in a wide window whatever else is; the first is above in a split one.
        lower: The one below it at first.
        fourth: The one beside `always` at first.

    Attributes:
        wanted: The layout a person wants.
        is_zoomed: Whether the active pane has the whole window.
        active: The pane that one works in.
    """

    def __init__(self, panes: Sequence[Pane], always: Sequence[Pane], lower: Pane, fourth: Pane) -> None:
        self.wanted = Layout.AUTO
        self.is_zoomed = False
        self.active = always[0]
        self._panes = panes
        self._always = always
        self._lower = lower
        self._fourth = fourth

    def activate(self, pane: Pane) -> None:
        """Work goes on in this pane."""
        self.active = pane
        if pane not in self._always:
            self._fourth = pane
        if pane is not self._always[0]:
            self._lower = pane

    def use(self, layout: Layout) -> None:
        """Share the window among the panes like this."""
        self.wanted, self.is_zoomed = layout, False

    def shown(self, columns: int, rows: int) -> list[Pane]:
        """The panes that are on screen in a terminal of this size."""
        layout = self.wanted.fitting(columns, rows)
        if self.is_zoomed or layout is Layout.SINGLE:
            return [self.active]
        if layout is Layout.SPLIT:
            return [self._always[0], self._lower]
        return [pane for pane in self._panes if pane in self._always or pane is self._fourth]
