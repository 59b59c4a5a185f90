"""Stored values: read from the bot's storage, and as a foldable document."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import SecretStr

from machine.errors import StorageError
from machine.storage.backends.base import MachineBaseStorage
from machine.storage.codec import decode
from machine.storage.plugin_storage import SHARED_PREFIX
from machine_console.text.document_tree import Node, json_node, shown_repr, text_nodes
from machine_console.text.formatting import byte_size, counted
from machine_console.text.styled_text import Part

MAX_VALUES = 500
"""Values read at a time: a store may hold millions, and each is unpickled to be shown."""
_PREVIEW = 48
"""Characters of a value shown beside its key."""


@dataclass(frozen=True, slots=True)
class StoredValue:
    """One key of one plugin.

    Attributes:
        plugin: Who stored it; `shared` for shared keys.
        key: As the plugin knows it.
        value: What is stored, decoded.
        size: Bytes it takes.
        error: Why it could not be decoded, if it could not.
        full_key: As the backend knows it.
        expires_at: When it goes by itself, if it does.
    """

    plugin: str
    key: str
    value: Any = None
    size: int | None = None
    error: str | None = None
    full_key: str = ""
    expires_at: datetime | None = None

    def says(self, wanted: str) -> bool:
        """Whether its plugin, its key or its value holds this text (in lower case)."""
        return any(wanted in text.lower() for text in (self.plugin, self.key, shown_repr(self.value)))


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


async def read_storage(
    backend: MachineBaseStorage, plugins: Iterable[str], secret: SecretStr | None = None
) -> list[StoredValue]:
    """The newest state of what is stored, at most `MAX_VALUES` of it.

    Args:
        backend: Where the data is.
        plugins: Names that keys may begin with; a key without one is shared.
        secret: The one that signed the values.

    Raises:
        StorageError: The backend cannot list its keys, or cannot be reached.
    """
    names = frozenset(plugins)
    return [await _read(backend, full_key, names, secret) for full_key in (await backend.keys())[:MAX_VALUES]]


async def _read(
    backend: MachineBaseStorage, full_key: str, plugins: frozenset[str], secret: SecretStr | None
) -> StoredValue:
    owner, _, key = full_key.partition(":")
    if full_key.startswith(SHARED_PREFIX):
        owner, key = "shared", full_key.removeprefix(SHARED_PREFIX)
    elif not key or (owner not in plugins and "." not in owner):
        owner, key = "shared", full_key
    try:
        data = await backend.get(full_key)
        expires_at = await backend.expiry(full_key)
    except StorageError as error:  # of this one: another program wrote it
        return StoredValue(owner, key, error=str(error), full_key=full_key)
    if data is None:
        return StoredValue(owner, key, error="expired just now", full_key=full_key)
    try:
        value = decode(data, key=full_key, secret=secret)
    except StorageError as error:
        return StoredValue(owner, key, None, len(data), str(error), full_key, expires_at)
    return StoredValue(owner, key, value, len(data), full_key=full_key, expires_at=expires_at)
