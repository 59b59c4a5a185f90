"""What the REPL pane has shown, bounded, and as its rows show it: scrolled, selected with the mouse, and marked."""

from __future__ import annotations

from collections import deque

from rich.console import Console, RenderableType
from rich.segment import Segment
from rich.style import Style
from textual.selection import Selection
from textual.strip import Strip

MAX_LINES = 5_000
"""Lines kept; the oldest outputs go first, whole."""

_DIM = Style(dim=True)
_NO_STYLE = Style.null()


class OutputView:
    """The outputs as lines of cells, drawn anew when the width changes, and the part of them that is to be seen.

    Args:
        console: Draws outputs into cells.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._outputs: deque[tuple[RenderableType, int]] = deque()
        self._lines: list[Strip] = []
        self._width = 0
        self._scrolled_up = 0

    def __len__(self) -> int:
        """Lines at the present width."""
        return len(self._lines)

    @property
    def text(self) -> str:
        """All of it, without colours."""
        return "\n".join(strip.text.rstrip() for strip in self._lines)

    @property
    def is_scrolled_up(self) -> bool:
        """Whether the newest lines are out of sight."""
        return self._scrolled_up > 0

    def append(self, output: RenderableType) -> None:
        """Add an output below the others; who is reading older ones stays with them."""
        before = len(self)
        self._add(output)
        if self._scrolled_up:
            self._scrolled_up += max(len(self) - before, 0)

    def _add(self, output: RenderableType) -> None:
        drawn = self._draw(output) if self._width else []
        self._outputs.append((output, len(drawn)))
        self._lines.extend(drawn)
        while len(self._lines) > MAX_LINES and len(self._outputs) > 1:
            _, count = self._outputs.popleft()
            del self._lines[:count]

    def clear(self) -> None:
        """Forget everything."""
        self._outputs.clear()
        self._lines.clear()
        self._scrolled_up = 0

    def resize(self, width: int) -> None:
        """Draw everything for another width."""
        if width == self._width or width <= 0:
            return
        self._width = width
        outputs, self._outputs = self._outputs, deque()
        self._lines.clear()
        for output, _ in outputs:
            self._add(output)

    def follow(self) -> None:
        """Go down to the newest lines."""
        self._scrolled_up = 0

    def scroll(self, lines: int, rows: int) -> None:
        """Go up by `lines` (down, if negative) where `rows` can be seen at once."""
        hidden = max(len(self) - rows, 0)
        self._scrolled_up = min(max(self._scrolled_up + lines, 0), hidden)

    def line(self, y: int, rows: int, selection: Selection | None, selected: Style) -> Strip | None:
        """What stands in row `y` of `rows`; `None` where there is nothing."""
        lines = self._lines
        hidden_below = min(self._scrolled_up, max(len(lines) - rows, 0))
        if hidden_below and y == rows - 1:
            return Strip([Segment(f"↓ {hidden_below} more lines", _DIM)])
        index = len(lines) - rows - hidden_below + y
        if not 0 <= index < len(lines):
            return None
        return _selectable(lines[index], index, selection, selected)

    def _draw(self, output: RenderableType) -> list[Strip]:
        options = self._console.options.update(width=self._width, height=None, highlight=False)
        lines = self._console.render_lines(output, options, pad=False)
        return [Strip([_styled(segment) for segment in line if not segment.control]) for line in lines]


def _selectable(line: Strip, index: int, selection: Selection | None, selected: Style) -> Strip:
    """A line that the mouse can select, with what is selected of it marked."""
    span = selection.get_span(index) if selection is not None else None
    if span is not None:
        start, end = span
        end = line.cell_length if end == -1 else min(end, line.cell_length)
        line = Strip.join([line.crop(0, start), line.crop(start, end).apply_style(selected), line.crop(end)])
    return line.apply_offsets(0, index)


def _styled(segment: Segment) -> Segment:
    """Textual cannot draw a segment whose style is `None` when it must do without colours."""
    return segment if segment.style is not None else Segment(segment.text, _NO_STYLE)
