"""Blocks as lines: https://docs.slack.dev/reference/block-kit/blocks.

What people can use is in the lines as a `ControlPart`. Blocks come from a plugin, from Slack or from a recording, so
anything that is not as documented is left out or named, and never an error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, tzinfo
from itertools import zip_longest
from typing import Any

from machine_console.blockkit.controls import ControlPart, mapping, sequence, text_of
from machine_console.blockkit.elements import element_parts
from machine_console.blockkit.mrkdwn import emoji_text, inline_parts, join, mrkdwn_lines
from machine_console.blockkit.rich_text import rich_text_lines
from machine_console.text.formatting import Names
from machine_console.text.styled_text import Line, Part, line, width_of

_RULE = 36
_BESIDE = 44
"""Cells of a one-line text up to which its accessory stands beside it."""
_COLUMN = 30
"""Cells of the left one of two fields."""
_GAP = Part("  ")


class Layout:
    """Lays blocks out.

    Args:
        names: What people and channels are called.
        values: What is chosen and entered, by block id and action id, as in `view.state.values`.
        errors: What an app found wrong with inputs, by block id.
        timezone: For moments.
    """

    def __init__(
        self,
        names: Names,
        values: Mapping[str, Any] | None = None,
        errors: Mapping[str, str] | None = None,
        timezone: tzinfo = UTC,
    ) -> None:
        self._names = names
        self._values = values or {}
        self._errors = errors or {}
        self._timezone = timezone

    def lines(self, blocks: Sequence[Any]) -> Iterator[Line]:
        """What the blocks say, with what can be used in them."""
        for block in sequence(blocks):
            if isinstance(block, Mapping):
                yield from self._block(block)

    def _block(self, block: Mapping[str, Any]) -> Iterator[Line]:
        match block.get("type"):
            case "header":
                yield line(Part(emoji_text(text_of(block.get("text"))), "strong heading"))
            case "divider":
                yield line(Part("─" * _RULE, "dim"))
            case "section":
                yield from self._section(block)
            case "context":
                yield from self._context(block)
            case "actions" | "context_actions":
                yield from self._actions(sequence(block.get("elements")), block)
            case "input":
                yield from self._input(block)
            case "image":
                yield from _image(block)
            case "rich_text":
                yield from rich_text_lines(block, self._names, self._timezone)
            case "markdown":
                yield from self._text(str(block.get("text") or ""))
            case "video" | "file" | "call":
                yield from _other(block)
            case unknown:
                yield line(Part(f"[{unknown}]", "dim"))

    def _section(self, block: Mapping[str, Any]) -> Iterator[Line]:
        rows = list(self._holder(block.get("text"))) if block.get("text") else []
        accessory = mapping(block.get("accessory"))
        parts = self._element(accessory, block) if accessory else []
        if len(rows) == 1 and len(parts) == 1 and width_of(rows[0]) <= _BESIDE:
            yield (*rows[0], _GAP, *parts)
            parts = []
        else:
            yield from rows
        yield from self._fields(sequence(block.get("fields")))
        if accessory.get("type") == "image":
            yield from _image(accessory)
        yield from _spread(parts)

    def _fields(self, fields: Sequence[Any]) -> Iterator[Line]:
        for left, right in zip_longest(fields[::2], fields[1::2]):
            columns = list(self._holder(left)), list(self._holder(right)) if right else []
            for one, other in zip_longest(*columns, fillvalue=()):
                gap = Part(" " * max(_COLUMN - width_of(one), 2)) if other else Part("")
                yield (*one, gap, *other)

    def _context(self, block: Mapping[str, Any]) -> Iterator[Line]:
        pieces: list[Part] = []
        for element in map(mapping, sequence(block.get("elements"))):
            if element.get("type") == "image":
                pieces += [Part(f"▣ {element.get('alt_text') or 'image'}", "dim"), _GAP]
                continue
            rows = list(self._holder(element, "dim"))
            for row in rows[:-1]:
                yield (*pieces, *row)
                pieces = []
            pieces += [*(rows[-1] if rows else ()), _GAP]
        if pieces:
            yield tuple(pieces[:-1])

    def _actions(self, elements: Sequence[Any], block: Mapping[str, Any]) -> Iterator[Line]:
        side_by_side: list[Part] = []
        for element in map(mapping, elements):
            parts = self._element(element, block)
            if len(parts) > 1:
                yield from _spread(parts)
            else:
                side_by_side += [Part(" ") if side_by_side else Part(""), *parts]
        if side_by_side:
            yield tuple(side_by_side)

    def _input(self, block: Mapping[str, Any]) -> Iterator[Line]:
        optional = (Part("  optional", "dim"),) if block.get("optional") else ()
        yield (Part(emoji_text(text_of(block.get("label"))), "strong"), *optional)
        yield from _spread(self._element(mapping(block.get("element")), block))
        error = self._errors.get(str(block.get("block_id")))
        if error:
            yield line(Part(f"✗ {error}", "bad"))
        hint = text_of(block.get("hint"))
        if hint:
            yield line(Part(emoji_text(hint), "dim"))

    def _element(self, element: Mapping[str, Any], block: Mapping[str, Any]) -> list[ControlPart]:
        block_id = str(block.get("block_id") or "")
        state = mapping(mapping(self._values.get(block_id)).get(str(element.get("action_id"))))
        return list(element_parts(element, block_id, state, self._names, self._timezone, text_of(block.get("label"))))

    def _holder(self, holder: Any, style: str = "") -> Iterator[Line]:
        text = text_of(holder)
        if mapping(holder).get("type") == "plain_text":
            yield from (line(Part(row, style)) for row in emoji_text(text).split("\n"))
        else:
            yield from self._text(text, style)

    def _text(self, text: str, style: str = "") -> Iterator[Line]:
        yield from mrkdwn_lines(text, self._names, style, timezone=self._timezone)

    def attachment(self, attachment: Mapping[str, Any]) -> Iterator[Line]:
        """An attachment, with a bar before it: https://docs.slack.dev/reference/messaging/attachments."""
        rows: list[Line] = []
        for name, style in (("pretext", ""), ("author_name", "dim"), ("title", "strong"), ("text", "")):
            if text_of(attachment.get(name)):
                rows += self._text(text_of(attachment.get(name)), style)
        for field in map(mapping, sequence(attachment.get("fields"))):
            title = Part(f"{text_of(field.get('title'))}  ", "strong")
            value = str(field.get("value") or "").partition("\n")[0]
            rows.append((title, *inline_parts(value, self._names)))
        rows += self.lines(sequence(attachment.get("blocks")))
        if not rows and attachment.get("fallback"):
            rows += self._text(str(attachment.get("fallback")))
        if attachment.get("footer"):
            rows += self._text(str(attachment.get("footer")), join("dim"))
        yield from ((Part("▎ ", "accent"), *row) for row in rows)


def controls_in(row: Line) -> list[ControlPart]:
    """What can be used in a line, from left to right."""
    return [part for part in row if isinstance(part, ControlPart)]


def _spread(parts: Sequence[ControlPart]) -> Iterator[Line]:
    """Options one below the other, a single element by itself."""
    yield from ((part,) for part in parts)


def _image(block: Mapping[str, Any]) -> Iterator[Line]:
    title = text_of(block.get("title"))
    if title:
        yield line(Part(title, "strong"))
    address = str(block.get("image_url") or mapping(block.get("slack_file")).get("url") or "")
    yield line(Part(f"▣ {block.get('alt_text') or 'image'}", "code"), Part(f"  {address}", "link") if address else "")


def _other(block: Mapping[str, Any]) -> Iterator[Line]:
    title = text_of(block.get("title")) or str(block.get("alt_text") or block.get("type"))
    yield line(Part(f"▣ {title}", "code"), Part(f"  {block.get('title_url') or ''}", "link"))
