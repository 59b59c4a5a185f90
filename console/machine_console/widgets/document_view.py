"""A foldable document on screen: nodes in, wrapped lines out, with what a person unfolded staying so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from machine.redaction import redact
from machine_console.text.document_tree import Node, Place
from machine_console.text.styled_text import Line, Part, highlight, plain, width_of, wrap
from machine_console.widgets.line_list import LinesView

_INDENT = 2
_MAX_INDENT = 24
"""Cells at which deep nesting stops moving to the right, so that something can still be read."""

_MIN_FOR_SIDE, _MAX_SIDE = 60, 60
"""Cells that a document must have for a column beside the text, and that the column may take (a third at most)."""
_MAX_SEARCHED = 20_000
"""Nodes looked at by one search."""

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One line on screen.

    Attributes:
        line: What it says, indented.
        node: The node it belongs to.
        path: The keys that lead to the node.
        about: What the node, or the nearest it lies under, is about.
    """

    line: Line
    node: Node
    path: Path
    about: str | Place | None = None


class DocumentView(LinesView):
    """Shows nodes, folded and wrapped."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "toggle_fold", "Fold"),
        Binding("left,h", "fold", "Fold up", show=False),
        Binding("right,l", "unfold", "Unfold", show=False),
        Binding("y", "copy", "Copy", show=False),
    ]

    @dataclass
    class CopyRequested(Message):
        """A person wants this text in the clipboard."""

        text: str

    def __init__(self, *, id: str | None = None, is_following: bool = False) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, is_following=is_following)
        self._document: Sequence[Node] = ()
        self._rows: list[Row] = []
        self._is_open: dict[Path, bool] = {}
        self._laid_out: dict[int, tuple[Node, list[Row]]] = {}
        self._laid_out_for = (0, 0)
        self._width = 0
        self._side_width = 0
        self._wanted = ""

    def show(self, nodes: Sequence[Node]) -> None:
        """Show another document, or a newer version of the same."""
        self._document = nodes
        self._lay_out()
        self.sync()

    def reset(self) -> None:
        """Forget what was unfolded and go back to the top: another document comes."""
        self._is_open.clear()
        self._wanted = ""
        self._rows = []
        self.cursor = self.top = 0

    def row_count(self) -> int:
        """Lines of the document as it is folded."""
        return len(self._rows)

    def row(self, index: int, width: int) -> Line:  # noqa: ARG002 - laid out for the width already
        """A line of the document."""
        shown = self._rows[index].line
        return highlight(shown, self._wanted) if self._wanted else shown

    def path_at(self, index: int) -> Path:
        """The keys that lead to the node the line belongs to."""
        return self._rows[index].path

    @property
    def about(self) -> str | Place | None:
        """What the row under the cursor is about, as its node or one above it says."""
        row = self._current()
        return row.about if row is not None else None

    def reveal(self, path: Path) -> bool:
        """Unfold all that hides a node and put the cursor on it; whether there is such a node."""
        for depth in range(1, len(path)):
            self._is_open[path[:depth]] = True
        self._lay_out()
        index = next((index for index, row in enumerate(self._rows) if row.path == path), None)
        if index is not None:
            self.go_to(index)
            self.refresh()
        return index is not None

    def find(self, text: str, step: int = 1, *, stays: bool = False) -> tuple[int, int]:
        """Go to the next node (the one before, for a `step` of -1) that says `text`, also where it is folded away.

        Args:
            text: What is looked for; its case does not matter.
            step: 1 or -1.
            stays: The node under the cursor counts as well.

        Returns:
            Which of the places found it is, counted from 1, and how many there are; at most the first 20,000 nodes are
            looked at.
        """
        self._wanted = text.lower()
        if not self._wanted:
            self.refresh()
            return 0, 0
        order: dict[Path, int] = {}
        found: list[Path] = []
        for path, node in islice(walk(self._document), _MAX_SEARCHED):
            order[path] = len(order)
            if self._wanted in plain(node.line).lower():
                found.append(path)
        if not found:
            self.refresh()
            return 0, 0
        row = self._current()
        here = order.get(row.path, -1) if row is not None else -1
        ahead = [index for index, path in enumerate(found) if (order[path] - here) * step > (-1 if stays else 0)]
        position = (ahead[0] if step > 0 else ahead[-1]) if ahead else (0 if step > 0 else len(found) - 1)
        self.reveal(found[position])
        return position + 1, len(found)

    def action_copy(self) -> None:
        """Ask for the row under the cursor to be copied: what it says, or all of the JSON it stands for."""
        row = self._current()
        if row is not None:
            text = row.node.whole() if row.node.whole is not None else plain(row.node.line)
            self.post_message(self.CopyRequested(redact(text)))

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
        self._lay_out()  # after which the list it is syncs

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
        """Make the rows; the cursor stays on its node, and the node where it is on the screen."""
        kept, above = self._current(), self.cursor - self.top
        self._make_rows()
        here = self._current()
        if kept is None or (here is not None and here.path == kept.path):
            return
        index = next((index for index, row in enumerate(self._rows) if row.path == kept.path), None)
        if index is not None:
            self.cursor = index
            if self.top:  # the beginning stays where it is
                self.top = max(index - above, 0)

    def _make_rows(self) -> None:
        self._width = max(self.size.width - 2, 10)
        has_side = self._width >= _MIN_FOR_SIDE and any(node.side is not None for node in self._document)
        self._side_width = min(self._width // 3, _MAX_SIDE) if has_side else 0
        self._rows = list(self._all_rows())

    def _all_rows(self) -> Iterator[Row]:
        """Every row; nodes that were there before, at the same width, keep theirs."""
        layout = (self._width, self._side_width)
        before = self._laid_out if layout == self._laid_out_for else {}
        self._laid_out, self._laid_out_for = {}, layout
        for position, node in enumerate(self._document):
            if node.children or not node.key:
                yield from self._flatten([node], (), 0, None, position)
                continue
            known = before.get(id(node))
            if known is None or known[0] is not node:
                known = (node, list(self._flatten([node], (), 0, None)))
            self._laid_out[id(node)] = known
            yield from known[1]

    def _flatten(
        self, nodes: Sequence[Node], path: Path, depth: int, about: str | Place | None, first: int = 0
    ) -> Iterator[Row]:
        gap = "  " if depth else ""
        for position, node in enumerate(nodes, first):
            own = (*path, node.key or f"#{position}")
            own_about = node.about or about
            margin = min(depth * _INDENT, _MAX_INDENT)
            sign = gap
            if node.is_foldable:
                sign = "▾ " if self._opened(node, own) else "▸ "
            parts = (Part(" " * margin), Part(sign, "dim"), *node.line)
            for wrapped in self._wrapped(node, parts, margin + len(sign) + 2):
                yield Row(wrapped, node, own, own_about)
            if sign == "▾ ":
                yield from self._flatten(node.unfold(), own, depth + 1, own_about)

    def _wrapped(self, node: Node, parts: Line, indent: int) -> Sequence[Line]:
        """The lines of a node; the first one with what stands beside it."""
        if node.side is None or not self._side_width:
            return _wrapped_before(parts, self._width, indent)
        room = self._width - self._side_width - 2
        first, *others = wrap(parts, room, indent)
        gap = Part(" " * (self._width - self._side_width - width_of(first)))
        return [(*first, gap, *node.side(self._side_width)), *others]


@lru_cache(maxsize=4_096)
def _wrapped_before(parts: Line, width: int, indent: int) -> Sequence[Line]:
    """A conversation is laid out anew with each message; wrapping what was there before was most of that."""
    return tuple(wrap(parts, width, indent))


def walk(nodes: Sequence[Node], path: Path = ()) -> Iterator[tuple[Path, Node]]:
    """Every node of a document with its path, in order, also what is folded away."""
    for position, node in enumerate(nodes):
        own = (*path, node.key or f"#{position}")
        yield own, node
        if node.is_foldable:
            yield from walk(node.unfold(), own)
