"""From what a person types to what Slack keeps: mentions and links in `<…>`, emoji by name, control characters escaped.

See https://docs.slack.dev/messaging/formatting-message-text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from machine.slack.emoji import code_points, main_name, names_for_pictures

_URL_END = r"[^\s<>.,;:!?)'\"]"
_TOKEN = re.compile(
    r"(?P<code>```.+?```|`[^`\n]+`)"
    r"|(?P<ready><(?:[@#!]|https?://|mailto:)[^<>\s|]+(?:\|[^<>]*)?>)"
    rf"|(?P<url>https?://[^\s<>]*{_URL_END})"
    r"|(?<![\w.@/+-])(?P<mail>(?:mailto:)?[\w.+-]+@(?:[^\W_][\w-]*\.)+[^\W\d_]{2,})(?![\w@-])"
    r"|(?<![\w@./:=-])(?P<host>(?:[^\W_](?:[\w-]*[^\W_])?\.)+(?P<top>[a-z]{2,}|[A-Z]{2,})(?::\d{1,5})?)"
    rf"(?P<path>[/?#](?:[^\s<>|`]*[^\s<>|`.,;:!?)'\"])?)?(?![\w@(-]|\.\w)"
    r"|(?<![\w@])@(?P<at>\w(?:[\w.-]*\w)?)"
    # Signs that vowels are written with are no `\w`: hence the ranges, without the marks that end a sentence there.
    r"|(?<![\w#&])#(?P<channel>\w(?:(?![\u0964\u0965\u060c\u061b\u061f])[\w\u0300-\u1fff\u3099\u309a\ua66f-\uabff-])*)"
    r"|(?P<control>[&<>])",
    re.DOTALL,
)
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_BROADCASTS = {"here", "channel", "everyone"}
_REFERENCE = re.compile(r"<(?P<kind>[@#!]|https?:|mailto:)(?P<what>[^<>|]*)(?:\|(?P<label>[^<>]*))?>")
_ELEMENT = re.compile(rf"{_REFERENCE.pattern}|(?<![\w:]):(?P<emoji>[a-z0-9_+'-]+(?:::skin-tone-[2-6](?:-[2-6])?)?):")
_TOP_LEVEL_DOMAINS = Path(__file__).with_name("facts") / "top_level_domains.txt"


class Named(NamedTuple):
    """Somebody or something that has a name in Slack."""

    id: str
    name: str


class TypedNames(Protocol):
    """Whom and what the person who types can name; `None` for a name that nobody has."""

    def person_named(self, name: str) -> Named | None:
        """The person that `@name` mentions."""

    def group_named(self, handle: str) -> Named | None:
        """The user group that `@handle` mentions."""

    def channel_named(self, name: str) -> Named | None:
        """The public channel that `#name` links to."""


def encode_typed(text: str, names: TypedNames) -> str:
    """The text as Slack's client sends it; what is already written as `<@U…>`, `<#C…>` or `<https://…>` stays."""
    return _encoded(text, names) if _may_need_encoding(text) else text


def _encoded(text: str, names: TypedNames, *, is_code: bool = False) -> str:
    """As `encode_typed`; in code, only what is a mention or an address beyond doubt becomes one."""
    parts = []
    position = 0
    for match in _TOKEN.finditer(text):
        parts += [_pictures_named(text[position : match.start()], is_code), _token(match, names, is_code)]
        position = match.end()
    return "".join((*parts, _pictures_named(text[position:], is_code)))


def _token(match: re.Match[str], names: TypedNames, is_code: bool) -> str:
    if code := match["code"]:
        fence = "```" if code.startswith("```") else "`"
        return f"{fence}{_encoded(code[len(fence) : -len(fence)], names, is_code=True)}{fence}"
    if name := match["at"]:
        return _mention(name, names) or match[0]
    if name := match["channel"]:
        channel = names.channel_named(name)
        return f"<#{channel.id}|{channel.name}>" if channel else match[0]
    if url := match["url"]:
        return f"<{_escaped(url)}>"
    if match["mail"] or match["host"]:
        return _escaped(match[0]) if is_code else _address(match)
    return match["ready"] or _ESCAPES[match["control"]]


def _address(match: re.Match[str]) -> str:
    """An address that was typed without `https://`; Slack's client knows it by its end."""
    label = _escaped(match[0])
    if mail := match["mail"]:
        return f"<mailto:{mail.removeprefix('mailto:')}|{label}>"
    return f"<http://{label}|{label}>" if match["top"].lower() in _top_level_domains() else label


def _escaped(text: str) -> str:
    return "".join(_ESCAPES.get(sign, sign) for sign in text)


def _pictures_named(text: str, is_code: bool) -> str:
    return text if is_code else names_for_pictures(text)


@cache
def _top_level_domains() -> frozenset[str]:
    lines = _TOP_LEVEL_DOMAINS.read_text(encoding="utf-8").splitlines()
    return frozenset(name for line in lines if not line.startswith("#") for name in line.split())


def decode(text: str) -> str:
    """What a person would type for a text that Slack keeps: `encode_typed` makes the same of it again.

    Mentions, and links that have a label, stay as Slack writes them.
    """
    parts: list[str] = []
    position = 0
    for match in _REFERENCE.finditer(text):
        is_plain_link = match["kind"] not in {"@", "#", "!"} and not match["label"]
        parts += [unescape(text[position : match.start()]), unescape(match[0][1:-1]) if is_plain_link else match[0]]
        position = match.end()
    return "".join([*parts, unescape(text[position:])])


def unescape(text: str) -> str:
    """The text with `&amp;`, `&lt;` and `&gt;` turned back."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def rich_text(text: str, block_id: str) -> dict[str, Any]:
    """The `rich_text` block that Slack adds to what a person wrote."""
    elements: list[dict[str, Any]] = []
    position = 0
    for match in _ELEMENT.finditer(text):
        element = _emoji(match["emoji"]) if match["emoji"] else _RICH_ELEMENTS.get(match["kind"], _link)(match)
        if element is not None:
            _add_text(elements, text[position : match.start()])
            elements.append(element)
            position = match.end()
    _add_text(elements, text[position:])
    section = {"type": "rich_text_section", "elements": elements}
    return {"type": "rich_text", "block_id": block_id, "elements": [section]}


def _may_need_encoding(text: str) -> bool:
    return not text.isascii() or any(sign in text for sign in "@#&<>:.")


def _mention(name: str, names: TypedNames) -> str | None:
    if name in _BROADCASTS:
        return f"<!{name}>"
    if person := names.person_named(name):
        return f"<@{person.id}>"
    group = names.group_named(name)
    return f"<!subteam^{group.id}|@{group.name}>" if group else None


def _add_text(elements: list[dict[str, Any]], text: str) -> None:
    if text:
        elements.append({"type": "text", "text": unescape(text)})


def _link(match: re.Match[str]) -> dict[str, Any]:
    link = {"type": "link", "url": unescape(match["kind"] + match["what"])}
    return {**link, "text": unescape(match["label"])} if match["label"] else link


def _emoji(name: str) -> dict[str, Any] | None:
    """A standard emoji; what else stands between colons may be anything."""
    unicode = code_points(name)
    if unicode is None:
        return None
    plain, _, tone = main_name(name).partition("::skin-tone-")
    return {"type": "emoji", "name": plain, "unicode": unicode, **({"skin_tone": int(tone[0])} if tone else {})}


def _special(match: re.Match[str]) -> dict[str, Any]:
    what = match["what"]
    if what.startswith("subteam^"):
        return {"type": "usergroup", "usergroup_id": what.removeprefix("subteam^")}
    return {"type": "broadcast", "range": what}


_RICH_ELEMENTS: dict[str, Callable[[re.Match[str]], dict[str, Any]]] = {
    "@": lambda match: {"type": "user", "user_id": match["what"]},
    "#": lambda match: {"type": "channel", "channel_id": match["what"]},
    "!": _special,
}
