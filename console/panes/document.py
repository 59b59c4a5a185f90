"""A foldable document on screen: nodes in, wrapped lines out, with what a person unfolded staying so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType

from console.line import Line, Part, wrap
from console.nodes import Node
from console.panes.lines import LinesView

_INDENT = 2
_MAX_INDENT = 24
"""Cells at which deep nesting stops moving to the right, so that something can still be read."""

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One line on screen.

    Attributes:
        line: What it says, indented.
        node: The node it belongs to.
        path: The keys that lead to the node.
    """

    line: Line
    node: Node
    path: Path


class DocumentView(LinesView):
    """Shows nodes, folded and wrapped."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "toggle_fold", "Fold"),
        Binding("left,h", "fold", "Fold", show=False),
        Binding("right,l", "unfold", "Unfold", show=False),
    ]

    def __init__(self, *, id: str | None = None, is_following: bool = False) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, is_following=is_following)
        self._document: Sequence[Node] = ()
        self._rows: list[Row] = []
        self._is_open: dict[Path, bool] = {}
        self._width = 0

    def show(self, nodes: Sequence[Node]) -> None:
        """Show another document, or a newer version of the same."""
        self._document = nodes
        self._lay_out()
        self.sync()

    def reset(self) -> None:
        """Forget what was unfolded and go back to the top: another document comes."""
        self._is_open.clear()
        self.cursor = self.top = 0

    def row_count(self) -> int:
        """Lines of the document as it is folded."""
        return len(self._rows)

    def row(self, index: int, width: int) -> Line:  # noqa: ARG002 - laid out for the width already
        """A line of the document."""
        return self._rows[index].line

    def node_at(self, index: int) -> Node:
        """The node that the line belongs to."""
        return self._rows[index].node

    def path_at(self, index: int) -> Path:
        """The keys that lead to the node the line belongs to."""
        return self._rows[index].path

    def action_toggle_fold(self) -> None:
        """Fold or unfold what the cursor is on; what cannot be folded is chosen."""
        row = self._current()
        if row is not None and row.node.is_foldable:
            self._fold(None)
        else:
            self.action_choose()

    def action_fold(self) -> None:
        """Fold what the cursor is on, or go to what it lies under."""
        row = self._current()
        if row is None:
            return
        if row.node.is_foldable and self._opened(row.node, row.path):
            self._fold(False)
        elif row.path[:-1]:
            parents = (index for index, other in enumerate(self._rows) if other.path == row.path[:-1])
            self.go_to(next(parents, self.cursor))

    def action_unfold(self) -> None:
        """Unfold what the cursor is on."""
        self._fold(True)

    def on_lines_view_chosen(self, event: LinesView.Chosen) -> None:
        """A click folds and unfolds."""
        if event.view is self and self._rows[event.index].node.is_foldable:
            self._fold(None)

    def on_resize(self) -> None:
        """Wrap the document to the new width."""
        self._lay_out()
        super().on_resize()

    def _current(self) -> Row | None:
        return self._rows[self.cursor] if 0 <= self.cursor < len(self._rows) else None

    def _fold(self, is_open: bool | None) -> None:
        row = self._current()
        if row is None or not row.node.is_foldable:
            return
        self._is_open[row.path] = not self._opened(row.node, row.path) if is_open is None else is_open
        self._lay_out()
        first = next(index for index, other in enumerate(self._rows) if other.path == row.path)
        self.go_to(first)

    def _opened(self, node: Node, path: Path) -> bool:
        return self._is_open.get(path, node.is_open)

    def _lay_out(self) -> None:
        self._width = max(self.size.width - 2, 10)
        self._rows = list(self._flatten(self._document, (), 0))

    def _flatten(self, nodes: Sequence[Node], path: Path, depth: int) -> Iterator[Row]:
        gap = "  " if depth else ""
        for position, node in enumerate(nodes):
            own = (*path, node.key or f"#{position}")
            margin = min(depth * _INDENT, _MAX_INDENT)
            sign = gap
            if node.is_foldable:
                sign = "▾ " if self._opened(node, own) else "▸ "
            parts = (Part(" " * margin), Part(sign, "dim"), *node.line)
            for wrapped in wrap(parts, self._width, margin + len(sign) + 2):
                yield Row(wrapped, node, own)
            if sign == "▾ ":
                yield from self._flatten(node.unfold(), own, depth + 1)
