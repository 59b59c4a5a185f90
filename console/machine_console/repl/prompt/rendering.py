"""Results as people want to read them: cards, tables, coloured Python, folded where they are long.

Everything shown here is redacted and free of control characters, whatever a value's `repr` says;
`machine_console.text.styled_text.clean` does both. Nothing of a value is left in what is returned, so drawing it later
runs no code of anybody's.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.highlighter import ReprHighlighter
from rich.panel import Panel
from rich.pretty import pretty_repr
from rich.table import Table
from rich.text import Text
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from machine.redaction import REDACTED, is_secret_name, redact
from machine_console.repl.verbs.display import Card, Everything, Rows, shape_of
from machine_console.text.styled_text import clean

MAX_ROWS = 40
MAX_LINES = 60
MAX_ITEMS = 200
"""Items of one container that are looked at while folded."""
MAX_STRING = 2_000
MAX_EVERYTHING = 1_000
"""Rows or lines that `show(value)` shows; drawing more would hold up the bot for a second, and again at each resize."""
MAX_TEXT = 1_000_000
"""Characters of a `repr` that are looked at."""
MAX_LINE = 4_000
"""Characters of one line; a terminal line of megabytes helps nobody."""
_MAX_DEPTH = 8
_CARD_WIDTH = 100
_WHOLE = {"name", "id", "#", "at", "handler", "for example"}
"""Columns whose cells are not broken into lines."""

_highlight = ReprHighlighter()


def render(value: object, width: int = 80) -> RenderableType:
    """What to draw for `value`, for a terminal `width` cells wide."""
    is_folded = not isinstance(value, Everything)
    if isinstance(value, Everything):
        value = value.value
    shape = shape_of(value)
    if isinstance(shape, Card):
        return _card(shape, width)
    if isinstance(shape, Rows):
        return _table(shape, MAX_ROWS if is_folded else MAX_EVERYTHING)
    return _python(value, width, is_folded)


def safe_text(text: str, style: str = "") -> Text:
    """`text` without secrets and control characters, keeping its lines."""
    return Text("\n".join(_clean_lines(text)), style=style)


def render_error(text: str) -> Text:
    """An error; of a traceback, the last line stands out."""
    lines = _clean_lines(text)
    if len(lines) == 1:
        return Text(lines[0], style="red")
    return Text("\n").join([*(Text(line, style="dim") for line in lines[:-1]), Text(lines[-1], style="bold red")])


def _clean_lines(text: str) -> list[str]:
    return [clean(line, limit=MAX_LINE) for line in redact(text).split("\n")]


def _card(card: Card, width: int) -> RenderableType:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for label, value in card.fields:
        if value:
            grid.add_row(Text(label), safe_text(value))
    parts: list[RenderableType] = [grid]
    parts += [safe_text(line) for line in _folded(card.body, MAX_LINES)]
    return Panel(
        Group(*parts),
        title=Text(clean(card.title), style="bold"),
        title_align="left",
        border_style="dim",
        box=box.ROUNDED,
        expand=False,
        width=None if width > _CARD_WIDTH else width,
    )


def _table(table: Rows, limit: int) -> RenderableType:
    if not table.rows:
        return Text(f"no {table.title or 'rows'}", style="dim")
    drawn = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False, show_edge=False)
    for heading in table.columns:
        drawn.add_column(heading, overflow="fold", no_wrap=heading in _WHOLE)
    for row in table.rows[:limit]:
        drawn.add_row(*(_cell(cell) for cell in row))
    hidden = max(len(table.rows), table.total) - limit
    return Group(drawn, _fold_note(hidden, "rows", limit)) if hidden > 0 else drawn


def _cell(text: str) -> Text:
    return Text(clean(text, limit=MAX_LINE), style={"✓": "green", "✗": "red"}.get(text[:1], ""))


def _python(value: object, width: int, is_folded: bool) -> RenderableType:
    if isinstance(value, AsyncSlackResponse):
        value = value.data
    text = pretty_repr(
        _without_secrets(value),
        max_width=max(width, 20),
        max_length=MAX_ITEMS if is_folded else MAX_EVERYTHING,
        max_string=MAX_STRING if is_folded else MAX_TEXT,
        max_depth=_MAX_DEPTH if is_folded else None,
    )
    lines = list(_folded(_clean_lines(text[:MAX_TEXT]), MAX_LINES if is_folded else MAX_EVERYTHING))
    return _highlight(Text("\n".join(lines)))


def _folded(lines: Iterable[str], limit: int) -> Iterable[str]:
    lines = list(lines)
    yield from lines[:limit]
    if len(lines) > limit:
        yield _fold_note(len(lines) - limit, "lines", limit).plain


def _fold_note(hidden: int, what: str, limit: int) -> Text:
    remedy = "show(_) shows more" if limit < MAX_EVERYTHING else "look at a slice"
    return Text(f"… {hidden:,} more {what}: {remedy}", style="dim")


def _without_secrets(value: Any, depth: int = _MAX_DEPTH) -> Any:
    """A copy of plain containers in which fields with the name of a secret are redacted; other values stay."""
    if depth == 0:
        return value
    if type(value) is dict:
        items = iter(value.items())  # only the beginning can be shown, so only that is worth redacting
        return {
            **{
                key: REDACTED
                if isinstance(key, str) and item and is_secret_name(key)
                else _without_secrets(item, depth - 1)
                for key, item in islice(items, MAX_EVERYTHING)
            },
            **dict(items),
        }
    if type(value) is list:
        return [_without_secrets(item, depth - 1) for item in value[:MAX_EVERYTHING]] + value[MAX_EVERYTHING:]
    if type(value) is tuple:
        return tuple(_without_secrets(list(value), depth))
    return value
