"""The output of the REPL pane as its rows show it: scrolled, selected with the mouse, and marked."""

from __future__ import annotations

from rich.console import Console, RenderableType
from rich.segment import Segment
from rich.style import Style
from textual.selection import Selection
from textual.strip import Strip

from machine_console.repl.pane.scrollback import Scrollback

_DIM = Style(dim=True)


class OutputView:
    """The part of the output that is to be seen.

    Args:
        console: Draws outputs into cells.
    """

    def __init__(self, console: Console) -> None:
        self._scrollback = Scrollback(console)
        self._scrolled_up = 0

    def __len__(self) -> int:
        """Lines at the present width."""
        return len(self._scrollback.lines)

    @property
    def text(self) -> str:
        """All of it, without colours."""
        return "\n".join(strip.text.rstrip() for strip in self._scrollback.lines)

    @property
    def is_scrolled_up(self) -> bool:
        """Whether the newest lines are out of sight."""
        return self._scrolled_up > 0

    def append(self, output: RenderableType) -> None:
        """Add an output below the others; who is reading older ones stays with them."""
        before = len(self)
        self._scrollback.append(output)
        if self._scrolled_up:
            self._scrolled_up += max(len(self) - before, 0)

    def clear(self) -> None:
        """Forget everything."""
        self._scrollback.clear()
        self._scrolled_up = 0

    def resize(self, width: int) -> None:
        """Draw everything for another width."""
        self._scrollback.resize(width)

    def follow(self) -> None:
        """Go down to the newest lines."""
        self._scrolled_up = 0

    def scroll(self, lines: int, rows: int) -> None:
        """Go up by `lines` (down, if negative) where `rows` can be seen at once."""
        hidden = max(len(self) - rows, 0)
        self._scrolled_up = min(max(self._scrolled_up + lines, 0), hidden)

    def line(self, y: int, rows: int, selection: Selection | None, selected: Style) -> Strip | None:
        """What stands in row `y` of `rows`; `None` where there is nothing."""
        lines = self._scrollback.lines
        hidden_below = min(self._scrolled_up, max(len(lines) - rows, 0))
        if hidden_below and y == rows - 1:
            return Strip([Segment(f"↓ {hidden_below} more lines", _DIM)])
        index = len(lines) - rows - hidden_below + y
        if not 0 <= index < len(lines):
            return None
        return _selectable(lines[index], index, selection, selected)


def _selectable(line: Strip, index: int, selection: Selection | None, selected: Style) -> Strip:
    """A line that the mouse can select, with what is selected of it marked."""
    span = selection.get_span(index) if selection is not None else None
    if span is not None:
        start, end = span
        end = line.cell_length if end == -1 else min(end, line.cell_length)
        line = Strip.join([line.crop(0, start), line.crop(start, end).apply_style(selected), line.crop(end)])
    return line.apply_offsets(0, index)
