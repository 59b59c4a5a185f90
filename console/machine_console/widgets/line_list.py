"""A long list of lines, drawn straight from its source.

Textual's own lists keep a widget or a rendered copy per row, which at a thousand events a second leaves the bot no
time. This one asks for the rows that are on screen and for nothing else, and is repainted when told to, at most as
often as the application's frames come.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.cache import LRUCache
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from machine_console.text.styled_text import STYLES, Line, cut, plain

_WHEEL_ROWS = 3
_CACHED_ROWS = 512


class LinesView(Widget, can_focus=True):
    """Rows of text with a cursor; subclasses say how many there are and what each says.

    Attributes:
        cursor: Index of the row the cursor is on; meaningless while there are no rows.
        top: Index of the row at the upper edge.
        is_following: Whether the newest row is kept in view. Scrolling up ends that, going to the end resumes it.
    """

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"line--{style}" for style in STYLES} | {
        "line--cursor",
        "line--cursor-away",
        "line--scrollbar",
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup,ctrl+b", "page(-1)", "Page up", show=False),
        Binding("pagedown,ctrl+f", "page(1)", "Page down", show=False),
        Binding("home,g", "first", "First", show=False),
        Binding("end,G", "last", "Last", show=False),
        Binding("enter", "choose", "Open", show=False),
    ]

    @dataclass
    class Highlighted(Message):
        """The cursor moved to another row."""

        view: LinesView
        index: int

        @property
        def control(self) -> LinesView:
            """The list."""
            return self.view

    @dataclass
    class Chosen(Message):
        """A row was chosen, by Enter or by a click."""

        view: LinesView
        index: int

        @property
        def control(self) -> LinesView:
            """The list."""
            return self.view

    def __init__(self, *, id: str | None = None, is_following: bool = False) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.cursor = 0
        self.top = 0
        self.is_following = is_following
        self._origin = 0
        self._cache: LRUCache[Hashable, Strip] = LRUCache(_CACHED_ROWS)
        self._known_base: Style | None = None

    # What a subclass says.

    @abstractmethod
    def row_count(self) -> int:
        """How many rows there are."""

    @abstractmethod
    def row(self, index: int, width: int) -> Line:
        """What the row says, in at most `width` cells; more is cut off."""

    def row_key(self, index: int) -> Hashable:  # noqa: ARG002 - for subclasses
        """Changes when the row would be drawn differently; `None` draws it anew each time."""
        return None

    def origin(self) -> int:
        """How many rows have been forgotten at the beginning, so that the view can stay where it is."""
        return 0

    def row_number(self, index: int) -> int:
        """A number that stays with what the row shows, whatever comes before it."""
        return self._origin + index

    def newest(self) -> int:
        """The row the cursor goes to while following."""
        return self.row_count() - 1

    def hint(self) -> Sequence[Line]:
        """What to say while there are no rows: what to do next."""
        return ()

    # What a view does with it.

    def sync(self) -> None:
        """Catch up with the source and repaint; called once per frame at most."""
        origin = self.origin()
        if forgotten := origin - self._origin:
            self._origin = origin
            if not self.is_following:
                self.cursor -= forgotten
                self.top -= forgotten
        if self.is_following:
            self._go(self.newest(), top=self.row_count())
        else:
            self._go(self.cursor, top=self.top)
        self.refresh()

    def redraw(self) -> None:
        """Draw every row anew: what they are drawn from means something else now."""
        self._cache.clear()
        self.sync()

    def go_to(self, index: int) -> None:
        """Put the cursor on a row and bring it into view; the last one resumes following."""
        self.is_following = self._can_follow and index >= self.row_count() - 1
        self._go(index, top=self._top_showing(index))
        self.refresh()

    def _top_showing(self, index: int) -> int:
        """The first row on screen when a row is brought into view, moving as little as can be."""
        return min(max(self.top, index - max(self.size.height, 1) + 1), index)

    _can_follow = False
    """Whether rows arrive at the end by themselves."""
    _keeps_cursor = False
    """Whether the row of the cursor stands out also while the focus is elsewhere."""

    def _go(self, index: int, *, top: int) -> None:
        count = self.row_count()
        index = max(0, min(index, count - 1))
        self.top = max(0, min(top, count - max(self.size.height, 1)))  # a view that is not shown has no height
        if index != self.cursor or self._is_new_row(index):
            self.cursor = index
            if count:
                self.post_message(self.Highlighted(self, index))

    _shown_number: int | None = None

    def _is_new_row(self, index: int) -> bool:
        number = self.row_number(index) if self.row_count() else None
        is_new = number != self._shown_number
        self._shown_number = number
        return is_new

    def action_move(self, rows: int) -> None:
        """Move the cursor by some rows."""
        self.go_to(max(0, min(self.cursor + rows, self.row_count() - 1)))

    def action_page(self, pages: int) -> None:
        """Move the cursor by a screenful."""
        self.action_move(pages * max(self.size.height - 1, 1))

    def action_first(self) -> None:
        """Go to the first row."""
        self.go_to(0)

    def action_last(self) -> None:
        """Go to the last row and follow what comes."""
        self.go_to(max(self.row_count() - 1, 0))

    def action_choose(self) -> None:
        """Choose the row under the cursor."""
        if self.row_count():
            self.post_message(self.Chosen(self, self.cursor))

    def _scroll(self, rows: int) -> None:
        """Move the window; the cursor stays on screen."""
        height, count = max(self.size.height, 1), self.row_count()
        top = max(0, min(self.top + rows, count - height))
        self.is_following = self._can_follow and top >= count - height and rows > 0
        self._go(max(top, min(self.cursor, top + height - 1)), top=top)
        self.refresh()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll with the wheel."""
        event.stop()
        self._scroll(_WHEEL_ROWS)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll with the wheel."""
        event.stop()
        self._scroll(-_WHEEL_ROWS)

    def on_click(self, event: events.Click) -> None:
        """Choose the row that was clicked, or jump to where the scrollbar was clicked."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        if self._has_scrollbar and offset.x == self.size.width - 1:
            self._scroll(round(offset.y / max(self.size.height - 1, 1) * self.row_count()) - self.top)
            return
        index = self.top + offset.y
        if index < self.row_count():
            self.go_to(index)
            self.post_message(self.Chosen(self, index))

    def on_resize(self) -> None:
        """Keep the right rows on screen, the one of the cursor among them."""
        self._cache.clear()
        if self.size.height and not self.is_following:
            self.top = self._top_showing(self.cursor)
        self.sync()

    def notify_style_update(self) -> None:
        """Draw everything in the new colours."""
        super().notify_style_update()
        self._cache.clear()
        self._known_base = None

    # Drawing.

    @property
    def _base(self) -> Style:
        """The widget's own colours, which Textual works out from all that lies behind each time it is asked."""
        if self._known_base is None:
            self._known_base = self.rich_style
        return self._known_base

    @property
    def _has_scrollbar(self) -> bool:
        return self.row_count() > self.size.height

    def render_line(self, y: int) -> Strip:
        """Draw one line of the widget."""
        width, index, count = self.size.width, self.top + y, self.row_count()
        if index >= count:
            return self._strip(self._hint_line(y) if not count else (), width, Style())
        bar = self._has_scrollbar
        room = width - 2 if bar else width
        under = self._cursor_style(index)
        strip = self._row_strip(index, room, under)
        return Strip.join([strip, self._bar_strip(y, under)]) if bar else strip

    def _hint_line(self, y: int) -> Line:
        hint = self.hint()
        return hint[y - 1] if 0 < y <= len(hint) else ()

    def _cursor_style(self, index: int) -> Style:
        if index != self.cursor:
            return Style()
        if self.has_focus:
            return component_style(self, "line--cursor")
        return component_style(self, "line--cursor-away") if self._keeps_cursor else Style()

    def _row_strip(self, index: int, width: int, under: Style) -> Strip:
        key = self.row_key(index)
        if key is None:
            return self._strip(self.row(index, width), width, under)
        cached = self._cache.get((key, width, under))
        if cached is None:
            cached = self._strip(self.row(index, width), width, under)
            self._cache[key, width, under] = cached
        return cached

    def _strip(self, parts: Line, width: int, under: Style) -> Strip:
        base = self._base + under
        segments = [
            Segment(part.text, base + self._style_of(part.style) if part.style else base)
            for part in cut(parts, width)
            if part.text
        ]
        return Strip(segments).adjust_cell_length(width, base)

    def _style_of(self, names: str) -> Style:
        """The style of these names together."""
        first, *others = names.split()
        style = component_style(self, f"line--{first}")
        for name in others:
            style += component_style(self, f"line--{name}")
        return style

    def _bar_strip(self, y: int, under: Style) -> Strip:
        height, count = self.size.height, self.row_count()
        size = max(1, height * height // count)
        start = round(self.top / max(count - height, 1) * (height - size))
        sign = "▐" if start <= y < start + size else " "
        base = self._base
        return Strip([Segment(" ", base + under), Segment(sign, base + component_style(self, "line--scrollbar"))], 2)

    def text(self) -> str:
        """What is on screen, for tests and for copying."""
        rows = range(self.top, min(self.top + self.size.height, self.row_count()))
        shown = [self.row(index, self.size.width) for index in rows] or list(self.hint())
        return "\n".join(plain(row) for row in shown)


def component_style(widget: Widget, name: str) -> Style:
    """A style of `app.tcss`: colours blended with what is behind the widget, a background only where it has its own."""
    own = widget.get_component_rich_style(name, partial=True)
    if own.color is None and own.bgcolor is None:
        return own
    blended = widget.get_component_rich_style(name)
    return own + Style(color=own.color and blended.color, bgcolor=own.bgcolor and blended.bgcolor)
