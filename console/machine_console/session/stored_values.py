"""Stored values: read from the bot's storage, and changed by hand in a way that can be taken back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import SecretStr

from machine.errors import StorageError
from machine.storage.backends.base import MachineBaseStorage
from machine.storage.codec import decode, encode
from machine.storage.plugin_storage import SHARED_PREFIX
from machine_console.text.document_tree import shown_repr

MAX_VALUES = 500
"""Values read at a time: a store may hold millions, and each is unpickled to be shown."""
MAX_UNDO = 100


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


@dataclass(frozen=True, slots=True)
class _Before:
    key: str
    data: bytes | None
    expires_at: datetime | None


class StorageChanges:
    """Changes values in a backend, and remembers what was there.

    Args:
        backend: Where the values are.
        secret: Signs them.
    """

    def __init__(self, backend: MachineBaseStorage, secret: SecretStr | None = None) -> None:
        self._backend = backend
        self._secret = secret
        self._undo: list[_Before] = []

    async def set(self, key: str, value: Any) -> None:
        """Store a value under a full key; it keeps the lifetime it had.

        Raises:
            StorageError: The value cannot be stored.
        """
        data = encode(value, key=key, secret=self._secret)
        before = await self._remember(key)
        await self._backend.set(key, data, seconds_left(before.expires_at))

    async def delete(self, key: str) -> None:
        """Remove a full key."""
        await self._remember(key)
        await self._backend.delete(key)

    async def undo(self) -> str | None:
        """Take the last change back; returns its key, or `None` if there is none left."""
        if not self._undo:
            return None
        before = self._undo.pop()
        if before.data is None:
            await self._backend.delete(before.key)
        else:
            await self._backend.set(before.key, before.data, seconds_left(before.expires_at))
        return before.key

    async def _remember(self, key: str) -> _Before:
        before = _Before(key, await self._backend.get(key), await self._backend.expiry(key))
        self._undo = [*self._undo[-MAX_UNDO + 1 :], before]
        return before


def seconds_left(expires_at: datetime | None) -> int | None:
    """The lifetime to store a value with so that it goes at `expires_at`; at least a second."""
    return None if expires_at is None else max(int((expires_at - datetime.now(UTC)).total_seconds()), 1)
