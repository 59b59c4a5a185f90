"""Rich text blocks as lines: https://docs.slack.dev/reference/block-kit/blocks/rich-text-block."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, tzinfo
from functools import partial
from typing import Any, TypeAlias

from machine.slack.emoji import picture_of
from machine_console.blockkit.controls import mapping, sequence
from machine_console.blockkit.dates import date_text
from machine_console.blockkit.mrkdwn import join
from machine_console.text.formatting import Names
from machine_console.text.styled_text import Line, Part

_STYLES = {"bold": "strong", "italic": "italic", "strike": "strike", "code": "code"}
_MAX_INDENT = 6

_Shown: TypeAlias = Callable[[Mapping[str, Any]], str]


def rich_text_lines(block: Mapping[str, Any], names: Names, timezone: tzinfo = UTC) -> Iterator[Line]:
    """What a rich text block says, dates as they are in a timezone."""
    shown = partial(_text, names, datetime.now(timezone))
    for element in map(mapping, sequence(block.get("elements"))):
        match element.get("type"):
            case "rich_text_list":
                yield from _list(element, shown)
            case "rich_text_quote":
                yield from ((Part("▎ ", "accent"), *row) for row in _section(element, shown, "italic"))
            case "rich_text_preformatted":
                yield from ((Part("▏ ", "dim"), *row) for row in _section(element, shown, "code"))
            case _:
                yield from _section(element, shown)


def _list(element: Mapping[str, Any], shown: _Shown) -> Iterator[Line]:
    indent = element.get("indent")
    blanks = "  " * min(indent if isinstance(indent, int) and indent > 0 else 0, _MAX_INDENT)
    for number, item in enumerate(map(mapping, sequence(element.get("elements"))), 1):
        sign = f"{number}." if element.get("style") == "ordered" else "•"
        for position, row in enumerate(_section(item, shown)):
            yield (Part(f"{blanks} {' ' * len(sign) if position else sign} ", "accent"), *row)


def _section(section: Mapping[str, Any], shown: _Shown, style: str = "") -> Iterator[Line]:
    row: list[Part] = []
    for element in map(mapping, sequence(section.get("elements"))):
        first, *others = shown(element).split("\n")
        own = join(style, _style(element))
        row.append(Part(first, own))
        for other in others:
            yield tuple(row)
            row = [Part(other, own)]
    if any(part.text for part in row):
        yield tuple(row)


def _text(names: Names, now: datetime, element: Mapping[str, Any]) -> str:  # noqa: PLR0911 - one for each type
    match element.get("type"):
        case "user":
            return f"@{names.person(str(element.get('user_id')))}"
        case "channel":
            return names.channel(str(element.get("channel_id")))
        case "broadcast":
            return f"@{element.get('range')}"
        case "usergroup":
            return f"@{element.get('usergroup_id')}"
        case "emoji":
            name = str(element.get("name"))
            return picture_of(name) or f":{name}:"
        case "link":
            return str(element.get("text") or element.get("url") or "")
        case "date":
            return _date(element, now)
        case _:
            return str(element.get("text") or "")


def _date(element: Mapping[str, Any], now: datetime) -> str:
    try:
        return date_text(str(element["format"]), int(element["timestamp"]), now)
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        return str(element.get("fallback") or element.get("timestamp") or "")


def _style(element: Mapping[str, Any]) -> str:
    kind = str(element.get("type"))
    base = {"user": "name", "broadcast": "name", "usergroup": "name", "channel": "place", "link": "link"}.get(kind, "")
    wanted = mapping(element.get("style"))
    return join(base, *(style for name, style in _STYLES.items() if wanted.get(name)))
