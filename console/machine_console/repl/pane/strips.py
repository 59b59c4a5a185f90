"""The prompt as prompt-toolkit drew it, to be laid over the output of the pane."""

from __future__ import annotations

from dataclasses import dataclass

from prompt_toolkit.layout.screen import Char, Screen
from prompt_toolkit.styles import BaseStyle
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Offset
from textual.strip import Strip

from machine_console.repl.pane.ptk_bridge import rich_style
from machine_console.repl.prompt.prompt import Prompt


@dataclass(frozen=True, slots=True)
class DrawnPrompt:
    """One drawing of the prompt, on all rows and columns of the pane.

    Attributes:
        screen: The cells.
        style: What the cells' style names stand for.
        top: The row in which the prompt begins; above it are menus only.
        cursor: Where the cursor is, if it is shown.
    """

    screen: Screen
    style: BaseStyle
    top: int
    cursor: Offset | None

    @classmethod
    def of(cls, prompt: Prompt) -> DrawnPrompt | None:
        """What was drawn last; `None` between two prompts."""
        renderer = prompt.app.renderer
        screen = renderer.last_rendered_screen
        if screen is None:
            return None
        position = screen.visible_windows_to_write_positions.get(prompt.window)
        cursor = None
        if screen.show_cursor:
            point = screen.get_cursor_position(prompt.app.layout.current_window)
            cursor = Offset(point.x, point.y)
        return cls(screen, renderer.style, position.ypos if position is not None else 0, cursor)

    def is_at(self, x: int, y: int) -> bool:
        """Whether prompt or menu, and not the output, is to be seen in this cell."""
        row = self.screen.data_buffer[y]
        return y >= self.top or (x in row and not _is_see_through(row[x]))

    def lay_over(self, base: Strip, y: int, style: Style, cursor_style: Style) -> Strip:
        """Put the cells of row `y` over `base`, which is as wide as the pane.

        Args:
            base: What shows through where nothing was drawn.
            y: The row.
            style: The pane's own.
            cursor_style: Added to the cell with the cursor.
        """
        row, width = self.screen.data_buffer[y], base.cell_length
        cursor = self.cursor.x if self.cursor is not None and self.cursor.y == y else None
        runs: list[tuple[int, list[Segment]]] = []
        end = -1
        for x in sorted(row):
            cell = row[x]
            if x >= width or (_is_see_through(cell) and x != cursor):
                continue
            if x > end:
                runs.append((x, []))
            if cell.char:  # a wide character is followed by an empty cell
                own = rich_style(self.style.get_attrs_for_style_str(cell.style))
                runs[-1][1].append(Segment(cell.char, style + own + cursor_style if x == cursor else style + own))
            end = x + max(cell.width, 1)
        for start, segments in runs:
            strip = Strip(segments)
            base = Strip.join([base.crop(0, start), strip, base.crop(start + strip.cell_length)])
        return base.adjust_cell_length(width, style)


def _is_see_through(cell: Char) -> bool:
    return cell.style.startswith("[transparent]")
