"""Storage in this process only."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from machine.storage.backends.base import MachineBaseStorage
from machine.storage.expiry import Clock, Sweep, whole_seconds


@dataclass(frozen=True, slots=True)
class _Entry:
    value: bytes
    expires_at: float | None


class MemoryStorage(MachineBaseStorage):
    """Keeps data in memory: fast, and gone when the bot stops. For tests and for trying things out.

    Args:
        settings: No setting is used.
        clock: Tells the time, for expiry.
    """

    def __init__(self, settings: Mapping[str, Any], *, clock: Clock = time.time) -> None:
        super().__init__(settings)
        self._clock = clock
        self._sweep = Sweep(clock)
        self._entries: dict[str, _Entry] = {}

    async def get(self, key: str) -> bytes | None:
        """The data under `key`; `None` where there is none or it has expired."""
        entry = self._live(key)
        return entry.value if entry else None

    async def set(self, key: str, value: bytes, expires: int | None = None) -> None:
        """Store data for `expires` seconds, or until the bot stops."""
        seconds = whole_seconds(expires)
        self._entries[key] = _Entry(bytes(value), None if seconds is None else self._clock() + seconds)
        if self._sweep.is_due():
            self._entries = {known: entry for known, entry in self._entries.items() if self._is_live(entry)}

    async def delete(self, key: str) -> None:
        """Remove the data under `key`; an unknown key is fine."""
        self._entries.pop(key, None)

    async def has(self, key: str) -> bool:
        """Whether there is data under `key` that has not expired."""
        return self._live(key) is not None

    async def size(self) -> int:
        """The bytes of all data that has not expired."""
        return sum(len(entry.value) for entry in self._entries.values() if self._is_live(entry))

    async def close(self) -> None:
        """Forget everything."""
        self._entries.clear()

    async def keys(self, prefix: str = "") -> list[str]:
        """The keys that begin with `prefix` and have not expired, sorted."""
        return sorted(key for key, entry in self._entries.items() if key.startswith(prefix) and self._is_live(entry))

    async def expiry(self, key: str) -> datetime | None:
        """When the data under `key` expires; `None` where it stays or is unknown."""
        entry = self._live(key)
        if entry is None or entry.expires_at is None:
            return None
        return datetime.fromtimestamp(entry.expires_at, UTC)

    def _live(self, key: str) -> _Entry | None:
        entry = self._entries.get(key)
        return entry if entry and self._is_live(entry) else None

    def _is_live(self, entry: _Entry) -> bool:
        return entry.expires_at is None or entry.expires_at > self._clock()
