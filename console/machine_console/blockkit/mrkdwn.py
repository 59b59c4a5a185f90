"""Slack's mark-up as styled lines: https://docs.slack.dev/messaging/formatting-message-text.

Whatever cannot be understood is shown as it is written. Bold, italic and struck text may lie within each other.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo

from machine.slack.emoji import picture_of
from machine_console.blockkit.dates import date_text
from machine_console.text.formatting import Names
from machine_console.text.styled_text import Line, Part, line

MAX_TEXT = 20_000
"""Characters of one text that are laid out; Slack itself takes 3,000 in a block."""

_FENCE = "```"
_INLINE = re.compile(
    r"`(?P<code>[^`\n]+)`"
    r"|<(?P<reference>[^<>\n]+)>"
    r"|:(?P<emoji>[a-z0-9_+'-]+):(?::skin-tone-[2-6]:)?"
    r"|(?<![\w*])\*(?=[^\s*])(?P<bold>[^*\n]+)(?<!\s)\*(?![\w*])"
    r"|(?<![\w_])_(?=[^\s_])(?P<italic>[^_\n]+)(?<!\s)_(?![\w_])"
    r"|(?<![\w~])~(?=[^\s~])(?P<strike>[^~\n]+)(?<!\s)~(?![\w~])"
)
_ITEM = re.compile(r"^(?P<blanks> {0,12})(?:[-*•◦]|(?P<number>\d{1,3})\.) (?P<rest>.*)$")
_QUOTE = re.compile(r"^(?:&gt;|>) ?")
_DATE = re.compile(r"^date\^(?P<at>-?\d{1,12})\^(?P<form>[^^]*)")
_STYLES = {"bold": "strong", "italic": "italic", "strike": "strike"}


def mrkdwn_lines(text: str, names: Names, style: str = "", *, timezone: tzinfo = UTC) -> list[Line]:
    """A text with mark-up as lines; total, whatever the text.

    Args:
        text: As Slack keeps it, with `<@U…>` and `&lt;`.
        names: What people and channels are called.
        style: What all of it has besides, such as `dim`.
        timezone: For dates.
    """
    rows: list[Line] = []
    for number, piece in enumerate(text[:MAX_TEXT].split(_FENCE)):
        if number % 2 and number < text[:MAX_TEXT].count(_FENCE):
            code = html.unescape(piece.strip("\n"))
            rows += [line(Part("▏ ", "dim"), Part(row, "code")) for row in code.split("\n")]
            continue
        inner = piece if not number % 2 else _FENCE + piece
        if not inner.strip("\n") and text[:MAX_TEXT].count(_FENCE) > 1:
            continue
        rows += [_row(row, names, style, timezone) for row in inner.strip("\n").split("\n")]
    if len(text) > MAX_TEXT:
        rows.append(line(Part(f"… {len(text):,} characters in all", "dim")))
    return rows


def inline_parts(text: str, names: Names, style: str = "", *, timezone: tzinfo = UTC) -> Iterator[Part]:
    """One line of text with mark-up, as parts."""
    end = 0
    for match in _INLINE.finditer(text):
        if match.start() > end:
            yield Part(html.unescape(text[end : match.start()]), style)
        end = match.end()
        kind = match.lastgroup or ""
        inner = match[kind]
        if kind == "code":
            yield Part(html.unescape(inner), join(style, "code"))
        elif kind == "reference":
            yield from _reference(inner, names, style, timezone)
        elif kind == "emoji":
            yield Part(picture_of(inner) or match[0], style)
        else:
            yield from inline_parts(inner, names, join(style, _STYLES[kind]), timezone=timezone)
    if end < len(text):
        yield Part(html.unescape(text[end:]), style)


def emoji_text(text: str) -> str:
    """Plain text in which emoji names have become pictures."""
    return re.sub(r":([a-z0-9_+'-]+):", lambda match: picture_of(match[1]) or match[0], text)


def join(*styles: str) -> str:
    """Several styles at once."""
    return " ".join(style for style in styles if style)


def _row(text: str, names: Names, style: str, timezone: tzinfo) -> Line:
    quoted = _QUOTE.match(text)
    if quoted:
        rest = inline_parts(text[quoted.end() :], names, join(style, "italic"), timezone=timezone)
        return (Part("▎ ", "accent"), *rest)
    item = _ITEM.match(text)
    if item:
        sign = f"{item['number']}." if item["number"] else "•"
        rest = inline_parts(item["rest"], names, style, timezone=timezone)
        return (Part(f"{item['blanks']} {sign} ", "accent"), *rest)
    return tuple(inline_parts(text, names, style, timezone=timezone))


def _reference(inner: str, names: Names, style: str, timezone: tzinfo) -> Iterator[Part]:
    target, _, label = inner.partition("|")
    label = html.unescape(label)
    if target.startswith("@"):
        yield Part(f"@{label or names.person(target[1:])}", join(style, "name"))
    elif target.startswith("#"):
        yield Part(f"#{label}" if label else names.channel(target[1:]), join(style, "place"))
    elif target.startswith("!"):
        yield Part(_special(target[1:], label, timezone), join(style, "name"))
    else:
        address = html.unescape(target).removeprefix("mailto:")
        yield Part(label or address, join(style, "link"))
        if label and label != address:
            yield Part(f" ({address})", "dim")


def _special(target: str, label: str, timezone: tzinfo) -> str:
    date = _DATE.match(target)
    if date:
        try:
            return date_text(html.unescape(date["form"]), int(date["at"]), datetime.now(timezone))
        except (ValueError, OverflowError, OSError):
            return label or target
    return label or f"@{target.rpartition('^')[2]}"
