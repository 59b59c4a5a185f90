"""Changing stored values by hand, and taking it back."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import SecretStr

from machine.errors import StorageError
from machine.storage.backends.base import MachineBaseStorage
from machine.storage.codec import encode

MAX_UNDO = 100


@dataclass(frozen=True, slots=True)
class _Before:
    key: str
    data: bytes | None
    expires_at: datetime | None


def parse_value(text: str) -> Any:
    """The Python value that was written: a literal, such as `{"a": 1}`.

    Raises:
        StorageError: It is none.
    """
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        raise StorageError("That is no Python literal; write 'text' (in quotes), 12, [1, 2] or {'a': None}.") from None


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
