"""From what a person types to what Slack keeps: mentions and links in `<…>`, control characters escaped.

See https://docs.slack.dev/messaging/formatting-message-text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

_TOKEN = re.compile(
    r"(?P<ready><(?:[@#!]|https?://|mailto:)[^<>\s|]+(?:\|[^<>]*)?>)"
    r"|(?P<url>https?://[^\s<>]*[^\s<>.,;:!?)'\"])"
    r"|(?<![\w@])@(?P<at>\w(?:[\w.-]*\w)?)"
    r"|(?<![\w#&])#(?P<channel>\w(?:[\w-]*\w)?)"
    r"|(?P<control>[&<>])"
)
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_BROADCASTS = {"here", "channel", "everyone"}
_ELEMENT = re.compile(r"<(?P<kind>[@#!]|https?:|mailto:)(?P<what>[^<>|]*)(?:\|(?P<label>[^<>]*))?>")


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
    """The text as Slack keeps it; what is already written as `<@U…>`, `<#C…>`, `<!here>` or `<https://…>` stays."""
    if not _may_need_encoding(text):
        return text

    def replaced(match: re.Match[str]) -> str:
        if name := match["at"]:
            return _mention(name, names) or match[0]
        if name := match["channel"]:
            channel = names.channel_named(name)
            return f"<#{channel.id}|{channel.name}>" if channel else match[0]
        if url := match["url"]:
            return f"<{url.replace('&', '&amp;')}>"
        return match["ready"] or _ESCAPES[match["control"]]

    return _TOKEN.sub(replaced, text)


def decode(text: str) -> str:
    """What a person would type for a text that Slack keeps: `encode_typed` makes the same of it again.

    Mentions, and links that have a label, stay as Slack writes them.
    """
    parts: list[str] = []
    position = 0
    for match in _ELEMENT.finditer(text):
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
        _add_text(elements, text[position : match.start()])
        elements.append(_RICH_ELEMENTS.get(match["kind"], _link)(match))
        position = match.end()
    _add_text(elements, text[position:])
    section = {"type": "rich_text_section", "elements": elements}
    return {"type": "rich_text", "block_id": block_id, "elements": [section]}


def _may_need_encoding(text: str) -> bool:
    return any(sign in text for sign in "@#&<>:")


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
