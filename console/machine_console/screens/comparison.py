"""What events led to before and now, side by side, differences marked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from machine_console.history.event_outcome import Pair
from machine_console.history.replay import Replayed
from machine_console.text.formatting import counted
from machine_console.text.styled_text import Line, Part, wrap
from machine_console.widgets.line_list import LinesView

_GAP = 3


class ComparisonView(LinesView):
    """Two columns: before, and now."""

    def __init__(self, results: Sequence[Replayed], note: str = "") -> None:
        super().__init__(id="comparison-view")
        self._results = results
        self._note = note
        self._rows: list[Line] = []
        self._different: list[int] = []

    def on_resize(self) -> None:
        """Lay out both columns."""
        half = max((self.size.width - 2 - _GAP) // 2, 8)
        self._different.clear()
        self._rows = list(self._lay_out(half))

    def _lay_out(self, half: int) -> Iterator[Line]:
        count = 0

        def numbered(rows: Sequence[Line]) -> Iterator[Line]:
            nonlocal count
            for row in rows:
                count += 1
                yield row

        yield from numbered([_columns((Part("before", "accent"),), (Part("now", "accent"),), half, " ")])
        if self._note:
            yield from numbered(wrap((Part(self._note, "warn"),), half * 2 + _GAP))
        for result in self._results:
            late = () if result.is_over else (Part("  still running", "warn"),)
            differing = len(result.differences)
            told = Part(f"  {counted(differing, 'difference')}", "bad" if differing else "good")
            yield from numbered([(), (Part(result.title, "strong"), told, *late)])
            for pair in result.pairs:
                if not pair.is_same:
                    self._different.append(count)
                yield from numbered(_pair(pair, half))

    @property
    def differences(self) -> int:
        """How many lines differ."""
        return sum(len(result.differences) for result in self._results)

    def row_count(self) -> int:
        """How many lines there are."""
        return len(self._rows)

    def row(self, index: int, width: int) -> Line:  # noqa: ARG002 - laid out for the width already
        """Both columns of a line."""
        return self._rows[index]

    def go_to_difference(self, step: int) -> None:
        """Go to the next difference, or the one before."""
        ahead = [row for row in self._different if (row - self.cursor) * step > 0]
        if ahead:
            self.go_to(ahead[0] if step > 0 else ahead[-1])


def _pair(pair: Pair, half: int) -> list[Line]:
    style = "dim" if pair.is_same else ""
    left = wrap((Part(pair.before or "", style or "bad"),), half, 4)
    right = wrap((Part(pair.after or "", style or "good"),), half, 4)
    height = max(len(left), len(right))
    left += [()] * (height - len(left))
    right += [()] * (height - len(right))
    sign = " " if pair.is_same else "≠"
    return [_columns(before, after, half, sign) for before, after in zip(left, right, strict=True)]


def _columns(before: Line, after: Line, half: int, sign: str) -> Line:
    room = half - sum(Text(part.text).cell_len for part in before)
    return (*before, Part(" " * max(room, 0)), Part(f" {sign} ", "warn"), *after)


class ComparisonScreen(ModalScreen[None]):
    """Shows what was replayed until Escape is pressed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "dismiss", "Close"),
        Binding("n", "next(1)", "Next difference"),
        Binding("N", "next(-1)", "Previous difference", show=False),
    ]

    def __init__(self, results: Sequence[Replayed], *, is_captured: bool = False) -> None:
        super().__init__()
        note = "Nothing was sent: what the handlers sent was captured." if is_captured else ""
        self.view = ComparisonView(results, note)
        self._count = len(results)

    def compose(self) -> ComposeResult:
        """Both columns in a frame."""
        with Vertical(id="comparison") as frame:
            differing = counted(self.view.differences, "difference")
            frame.border_title = Text(f"Replayed {counted(self._count, 'event')}: {differing}", style="bold")
            frame.border_subtitle = Text("n next difference, Esc closes", style="dim")
            yield self.view

    def on_mount(self) -> None:
        """Begin at the top."""
        self.view.focus()

    def on_lines_view_chosen(self) -> None:
        """Enter closes, also on a line."""
        self.dismiss()

    def action_next(self, step: int) -> None:
        """Go to the next difference, or the one before."""
        self.view.go_to_difference(step)
