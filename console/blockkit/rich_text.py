"""Rich text blocks as lines: https://docs.slack.dev/reference/block-kit/blocks/rich-text-block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from console.blockkit.controls import mapping, sequence
from console.blockkit.mrkdwn import join
from console.line import Line, Part
from console.repl.emoji_names import EMOJI
from console.summary import Names

_STYLES = {"bold": "strong", "italic": "italic", "strike": "strike", "code": "code"}
_MAX_INDENT = 6


def rich_text_lines(block: Mapping[str, Any], names: Names) -> Iterator[Line]:
    """What a rich text block says."""
    for element in map(mapping, sequence(block.get("elements"))):
        match element.get("type"):
            case "rich_text_list":
                yield from _list(element, names)
            case "rich_text_quote":
                yield from ((Part("▎ ", "accent"), *row) for row in _section(element, names, "italic"))
            case "rich_text_preformatted":
                yield from ((Part("▏ ", "dim"), *row) for row in _section(element, names, "code"))
            case _:
                yield from _section(element, names)


def _list(element: Mapping[str, Any], names: Names) -> Iterator[Line]:
    indent = element.get("indent")
    blanks = "  " * min(indent if isinstance(indent, int) and indent > 0 else 0, _MAX_INDENT)
    for number, item in enumerate(map(mapping, sequence(element.get("elements"))), 1):
        sign = f"{number}." if element.get("style") == "ordered" else "•"
        for position, row in enumerate(_section(item, names)):
            yield (Part(f"{blanks} {' ' * len(sign) if position else sign} ", "accent"), *row)


def _section(section: Mapping[str, Any], names: Names, style: str = "") -> Iterator[Line]:
    row: list[Part] = []
    for element in map(mapping, sequence(section.get("elements"))):
        first, *others = _shown(element, names).split("\n")
        own = join(style, _style(element))
        row.append(Part(first, own))
        for other in others:
            yield tuple(row)
            row = [Part(other, own)]
    if any(part.text for part in row):
        yield tuple(row)


def _shown(element: Mapping[str, Any], names: Names) -> str:  # noqa: PLR0911 - one for each type
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
            return EMOJI.get(name, f":{name}:")
        case "link":
            return str(element.get("text") or element.get("url") or "")
        case "date":
            return str(element.get("fallback") or element.get("timestamp") or "")
        case _:
            return str(element.get("text") or "")


def _style(element: Mapping[str, Any]) -> str:
    kind = str(element.get("type"))
    base = {"user": "name", "broadcast": "name", "usergroup": "name", "channel": "place", "link": "link"}.get(kind, "")
    wanted = mapping(element.get("style"))
    return join(base, *(style for name, style in _STYLES.items() if wanted.get(name)))
