"""What has been shown in the REPL pane: output as lines of cells, bounded, and drawn anew when the width changes."""

from __future__ import annotations

from collections import deque

from rich.console import Console, RenderableType
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

MAX_LINES = 5_000
"""Lines kept; the oldest outputs go first, whole."""
_NO_STYLE = Style.null()


class Scrollback:
    """The output of a pane, oldest first.

    Args:
        console: Draws outputs into cells.

    Attributes:
        lines: Every line at the present width.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._outputs: deque[tuple[RenderableType, int]] = deque()
        self._width = 0
        self.lines: list[Strip] = []

    def append(self, output: RenderableType) -> None:
        """Add an output below the others."""
        drawn = self._draw(output) if self._width else []
        self._outputs.append((output, len(drawn)))
        self.lines.extend(drawn)
        while len(self.lines) > MAX_LINES and len(self._outputs) > 1:
            _, count = self._outputs.popleft()
            del self.lines[:count]

    def clear(self) -> None:
        """Forget everything."""
        self._outputs.clear()
        self.lines.clear()

    def resize(self, width: int) -> None:
        """Draw everything for another width."""
        if width == self._width or width <= 0:
            return
        self._width = width
        outputs, self._outputs = self._outputs, deque()
        self.lines.clear()
        for output, _ in outputs:
            self.append(output)

    def _draw(self, output: RenderableType) -> list[Strip]:
        options = self._console.options.update(width=self._width, height=None, highlight=False)
        lines = self._console.render_lines(output, options, pad=False)
        return [Strip([_styled(segment) for segment in line if not segment.control]) for line in lines]


def _styled(segment: Segment) -> Segment:
    """Textual cannot draw a segment whose style is `None` when it must do without colours."""
    return segment if segment.style is not None else Segment(segment.text, _NO_STYLE)
