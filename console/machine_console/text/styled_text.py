"""A line of text on its way to the terminal, as styled parts that cannot do harm.

Whatever Slack, a plugin or a traceback says ends up in a `Part`, and a `Part` cleans its text as it is made: secrets
are redacted, and nothing that a terminal would act on is left. So there is one place to get that right, and no pane
needs to think of it. Styles are names (`bad`, `dim`); which colours they mean is decided by the theme, in `app.tcss`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from rich.cells import cell_len, chop_cells, set_cell_size

from machine.redaction import redact
from machine.terminal_text import visible

STYLES = (
    "dim", "strong", "accent", "good", "warn", "bad", "name", "place", "code", "match", "key", "number", "string",
    "alarm", "bot", "italic", "strike", "link", "heading", "button", "primary", "danger", "field", "focus", "flash",
)  # fmt: skip
"""Every style a part can have besides none; each has a component class `line--STYLE` in the style sheet."""

_SHORT = 80
"""Characters up to which a cleaned text is remembered."""


def clean(text: str, limit: int | None = None) -> str:
    r"""Make `text` safe to show: redacted, and without anything that a terminal would interpret.

    Control characters become their pictures (`\x1b` is shown as ``␛``, a newline as ``↵``), and what would turn the
    direction of writing around or hide text becomes ``�``.

    Args:
        text: Anything, from anywhere.
        limit: Characters to look at, so that a megabyte of text costs no more than what fits on a screen.
    """
    if limit is not None and len(text) > limit:
        text = text[:limit] + "…"
    return _clean_short(text) if len(text) <= _SHORT else _clean(text)


def _clean(text: str) -> str:
    return visible(redact(text))


_clean_short = lru_cache(maxsize=8192)(_clean)
"""Names, signs and triggers come again with each frame; looking for secrets in them once is enough."""


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a line in one style, clean by construction.

    Attributes:
        text: What is shown; cleaned when the part is made.
        style: One or several of `STYLES`, or empty.
    """

    text: str
    style: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", clean(self.text))


Line: TypeAlias = tuple[Part, ...]


def line(*pieces: str | Part) -> Line:
    """A line of the given pieces; plain strings get no style."""
    return tuple(piece if isinstance(piece, Part) else Part(piece) for piece in pieces)


def plain(parts: Iterable[Part]) -> str:
    """The text of a line, without its styles."""
    return "".join(part.text for part in parts)


def width_of(parts: Iterable[Part]) -> int:
    """How many terminal cells a line takes; wide characters take two."""
    return sum(cell_len(part.text) for part in parts)


def fit(text: str, width: int) -> str:
    """Clean `text` and bring it to exactly `width` cells, with an ellipsis where something is cut off."""
    text = clean(text, limit=max(width, 1) * 4)
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    return set_cell_size(text, max(width - 1, 0)) + "…" if width > 0 else ""


def cut(parts: Iterable[Part], width: int) -> Line:
    """The beginning of a line that fits into `width` cells, ending in an ellipsis where something is cut off."""
    parts = tuple(parts)
    if width_of(parts) <= width:
        return parts
    kept: list[Part] = []
    room = max(width - 1, 0)
    for part in parts:
        size = cell_len(part.text)
        if size > room:
            kept.append(Part(set_cell_size(part.text, room) + "…", part.style))
            break
        kept.append(part)
        room -= size
    return tuple(kept)


def wrap(parts: Iterable[Part], width: int, indent: int = 0) -> list[Line]:
    """Break a line between words so that each piece fits into `width` cells.

    Args:
        parts: The line.
        width: Cells per line; words that are longer are broken anywhere.
        indent: Blanks in front of every line but the first.
    """
    parts = tuple(parts)
    if width_of(parts) <= width:
        return [parts]
    width = max(width, indent + 4)
    lines: list[Line] = []
    current: list[Part] = []
    used = 0
    for word in _words(parts, width - indent):
        size = cell_len(word.text)
        if used + size > width and used > (indent if lines else 0):
            lines.append(tuple(current))
            current, used = [Part(" " * indent)], indent
            if word.text.isspace():
                continue
        current.append(word)
        used += size
    if len(current) > 1 or not lines:
        lines.append(tuple(current))
    return lines


def _words(parts: Iterable[Part], width: int) -> Iterator[Part]:
    """The words of a line and the blanks between them, none wider than `width`."""
    for part in parts:
        start = 0
        for end in range(1, len(part.text) + 1):
            is_boundary = end == len(part.text) or (part.text[end] == " ") != (part.text[end - 1] == " ")
            if not is_boundary:
                continue
            word = part.text[start:end]
            for piece in chop_cells(word, width) or [word]:  # rich leaves out what takes no cells at all
                yield Part(piece, part.style)
            start = end


def highlight(parts: Iterable[Part], wanted: str, style: str = "match") -> Line:
    """A line in which each occurrence of `wanted` (in lower case) stands out."""
    pieces: list[Part] = []
    for part in parts:
        lower, start = part.text.lower(), 0
        if len(lower) != len(part.text):  # some letters grow when they are made small
            lower = part.text
        while wanted and (at := lower.find(wanted, start)) >= 0:
            pieces += [Part(part.text[start:at], part.style), Part(part.text[at : at + len(wanted)], style)]
            start = at + len(wanted)
        pieces.append(Part(part.text[start:], part.style))
    return tuple(piece for piece in pieces if piece.text)
