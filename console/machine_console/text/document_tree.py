"""A foldable document: what it says, line by line, before anybody knows how wide the window is."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeAlias

from machine.redaction import REDACTED, is_secret_name, redact_value
from machine_console.text.styled_text import Line, Part, line

MAX_CHILDREN = 500
"""Members of one JSON container shown before the rest is folded away, lines of a text before it is only counted."""
MAX_TEXT = 20_000
"""Characters of one value shown before the rest is only counted."""


Side: TypeAlias = Callable[[int], Line]


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a source file, counted from 1."""

    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Node:
    """A line that others can be folded away under.

    Attributes:
        line: What it says.
        key: Tells it from its siblings and stays the same when the document is made again, so that what a person
            unfolded stays so.
        children: What lies under it; a function is asked when the node is unfolded for the first time.
        is_open: Whether it begins unfolded.
        side: Draws what stands to the right of it, in a column of its own, given the width of the column.
        about: What it and all that lies under it is about: the name of a handler, or a place in a file.
        whole: What copying it copies, where that is more than the line.
    """

    line: Line
    key: str = ""
    children: Sequence[Node] | Callable[[], Sequence[Node]] = ()
    is_open: bool = True
    side: Side | None = None
    about: str | Place | None = None
    whole: Callable[[], str] | None = None

    @property
    def is_foldable(self) -> bool:
        """Whether there is anything under it."""
        return bool(self.children)

    def unfold(self) -> Sequence[Node]:
        """What lies under it."""
        return self.children() if callable(self.children) else self.children


BLANK = Node(line(""))


def text_nodes(text: str, style: str = "") -> list[Node]:
    """A text of several lines, as it is."""
    rows = text[:MAX_TEXT].expandtabs(4).splitlines()
    nodes = [Node((Part(row, style),)) for row in rows[:MAX_CHILDREN]]
    if len(rows) > MAX_CHILDREN or len(text) > MAX_TEXT:
        nodes.append(Node((Part(f"… {len(text):,} characters in all", "dim"),)))
    return nodes


def json_node(label: str, value: Any, *, is_open: bool = False, key: str | None = None) -> Node:
    """A JSON-like value under its name; containers fold, and are looked into only when unfolded."""
    key = label if key is None else key
    name = (Part(label, "key"), Part("  ")) if label else ()
    if isinstance(value, Mapping) and value:
        head = Part(f"{{{len(value)}}}", "dim")
        return Node((*name, head), key, lambda: _members(list(value.items())), is_open, whole=lambda: json_text(value))
    if isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray) and value:
        head = Part(f"[{len(value)}]", "dim")
        return Node(
            (*name, head), key, lambda: _members(list(enumerate(value))), is_open, whole=lambda: json_text(value)
        )
    return Node((*name, json_part(value)), key, whole=lambda: value if isinstance(value, str) else json_text(value))


def json_text(value: Any) -> str:
    """A value as indented JSON, redacted."""
    return json.dumps(redact_value(value), ensure_ascii=False, indent=2, default=shown_repr)


def _members(pairs: Sequence[tuple[Any, Any]]) -> list[Node]:
    """The members of a container; beyond `MAX_CHILDREN`, the others fold away in groups of as many."""
    nodes = []
    for label, value in islice(pairs, MAX_CHILDREN):
        is_secret = isinstance(label, str) and is_secret_name(label) and value
        nodes.append(json_node(str(label), REDACTED if is_secret else value))
    rest = pairs[MAX_CHILDREN:]
    if rest:
        nodes.append(Node((Part(f"… {len(rest):,} more", "dim"),), "more", lambda: _members(rest), is_open=False))
    return nodes


def json_part(value: Any) -> Part:
    """A single value as JSON writes it, in the style of its type."""
    if isinstance(value, str):
        shown = value if len(value) <= MAX_TEXT else f"{value[:MAX_TEXT]}… {len(value):,} characters in all"
        return Part(json.dumps(shown, ensure_ascii=False), "string")
    if value is None or isinstance(value, bool | int | float):
        return Part(json.dumps(value), "number")
    return Part(shown_repr(value), "dim")


def shown_repr(value: Any) -> str:
    """The `repr` of an object, whatever its class makes of that."""
    try:
        return repr(value)[:MAX_TEXT]
    except Exception as error:  # noqa: BLE001 - a mistake in a plugin's class must not end the console
        return f"<{type(value).__name__}: its repr raised {type(error).__name__}>"
