"""Stored values as a foldable document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from machine_console.session.stored_values import StoredValue
from machine_console.text.document_tree import Node, json_node, shown_repr, text_nodes
from machine_console.text.formatting import byte_size, counted
from machine_console.text.styled_text import Part

_PREVIEW = 48
"""Characters of a value shown beside its key."""


def storage_nodes(
    values: Sequence[StoredValue], now: datetime | None = None, changed: frozenset[str] = frozenset()
) -> list[Node]:
    """The stored values, by plugin.

    Args:
        values: What to show.
        now: From when expiry is counted.
        changed: Full keys that stand out.
    """
    by_plugin: dict[str, list[StoredValue]] = {}
    for value in sorted(values, key=lambda value: (value.plugin, value.key)):
        by_plugin.setdefault(value.plugin, []).append(value)
    return [
        Node(
            (Part(plugin, "strong"), Part(f"  {counted(len(kept), 'key')}", "dim")),
            plugin,
            [_value_node(value, now, changed) for value in kept],
        )
        for plugin, kept in by_plugin.items()
    ]


def left_of(expires_at: datetime, now: datetime) -> str:
    """How long something still lasts: `42 s`, `3:05 min`, `2:10 h`, `5 days`."""
    seconds = max(int((expires_at - now).total_seconds()), 0)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60}:{seconds % 60:02} min"
    return f"{seconds // 3600}:{seconds % 3600 // 60:02} h" if seconds < 172_800 else f"{seconds // 86_400} days"


def _value_node(stored: StoredValue, now: datetime | None, changed: frozenset[str]) -> Node:
    style = "flash" if stored.full_key and stored.full_key in changed else "key"
    left = f"  ⏳ {left_of(stored.expires_at, now)}" if stored.expires_at and now else ""
    name = (Part(stored.key, style), Part(f"  {byte_size(stored.size)}", "dim"), Part(left, "warn"), Part("  "))
    if stored.error is not None:
        return Node((*name, Part(stored.error, "bad")), stored.key)
    value = stored.value
    if isinstance(value, dict | list | tuple) and value:
        inner = json_node("", value, is_open=True)
        return Node((*name, *inner.line), stored.key, inner.children, is_open=False)
    shown = shown_repr(value)
    style = "string" if isinstance(value, str) else "number"
    if len(shown) <= _PREVIEW:
        return Node((*name, Part(shown, style)), stored.key)
    rows = text_nodes(value if isinstance(value, str) else shown, style)
    return Node((*name, Part(f"{shown[:_PREVIEW]}…", style)), stored.key, rows, is_open=False)


def value_facts(value: StoredValue) -> dict[str, Any]:
    """A stored value with all that is known about it."""
    return {"stored_by": value.plugin, **{field.name: getattr(value, field.name) for field in fields(value)}}
