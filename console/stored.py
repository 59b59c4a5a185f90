"""Stored values: read from the bot's storage, and as a foldable document."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from console.line import Part
from console.nodes import Node, json_node, shown_repr, text_nodes
from console.summary import byte_size, counted
from machine.errors import StorageError
from machine.storage.backends.base import MachineBaseStorage
from machine.storage.codec import decode

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
    """

    plugin: str
    key: str
    value: Any = None
    size: int | None = None
    error: str | None = None


def storage_nodes(values: Sequence[StoredValue]) -> list[Node]:
    """The stored values, by plugin."""
    by_plugin: dict[str, list[StoredValue]] = {}
    for value in sorted(values, key=lambda value: (value.plugin, value.key)):
        by_plugin.setdefault(value.plugin, []).append(value)
    return [
        Node(
            (Part(plugin, "strong"), Part(f"  {counted(len(kept), 'key')}", "dim")),
            plugin,
            [_value_node(value) for value in kept],
        )
        for plugin, kept in by_plugin.items()
    ]


def _value_node(stored: StoredValue) -> Node:
    name = (Part(stored.key, "key"), Part(f"  {byte_size(stored.size)}  ", "dim"))
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


async def read_storage(backend: MachineBaseStorage, plugins: Iterable[str]) -> list[StoredValue]:
    """The newest state of what is stored, at most `MAX_VALUES` of it.

    Args:
        backend: Where the data is.
        plugins: Names that keys may begin with; a key without one is shared.

    Raises:
        StorageError: The backend cannot list its keys, or cannot be reached.
    """
    names = frozenset(plugins)
    return [await _read(backend, full_key, names) for full_key in (await backend.keys())[:MAX_VALUES]]


async def _read(backend: MachineBaseStorage, full_key: str, plugins: frozenset[str]) -> StoredValue:
    owner, _, key = full_key.partition(":")
    if not key or (owner not in plugins and "." not in owner):
        owner, key = "shared", full_key
    data = await backend.get(full_key)
    if data is None:
        return StoredValue(owner, key, error="expired just now")
    try:
        return StoredValue(owner, key, decode(data, key=full_key), len(data))
    except StorageError as error:
        return StoredValue(owner, key, size=len(data), error=str(error))
