"""What a storage backend is: seven methods over bytes.

A backend keeps bytes under keys. Turning values into bytes and giving each plugin its own keys is `PluginStorage`'s
work, so a backend of your own is short: subclass `MachineBaseStorage`, write the abstract methods, and name the class
in the setting `STORAGE_BACKEND`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from machine.errors import StorageError


class MachineBaseStorage(ABC):
    """Keeps bytes under keys, for all plugins together.

    The methods are called concurrently, from one event loop. They raise `StorageError` where the store cannot be
    reached or refuses, and never otherwise: an unknown key is not an error.

    Attributes:
        settings: The bot's settings, in upper case.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.settings = settings

    async def init(self) -> None:  # noqa: B027  # the contract: a backend without anything to open need not have it
        """Open the store; called once, before any other method.

        Raises:
            StorageError: The store cannot be used; the bot does not start then.
        """

    @abstractmethod
    async def get(self, key: str) -> bytes | None:
        """The data under `key`; `None` where there is none or it has expired."""

    @abstractmethod
    async def set(self, key: str, value: bytes, expires: int | None = None) -> None:
        """Store data, in place of what was under `key` and of its lifetime.

        Args:
            key: The key, namespace included.
            value: The data.
            expires: Lifetime in seconds, at least 1; `None` to keep the data.
        """

    @abstractmethod
    async def delete(self, key: str) -> None:
        """Remove the data under `key`; an unknown key is fine."""

    @abstractmethod
    async def has(self, key: str) -> bool:
        """Whether there is data under `key` that has not expired."""

    @abstractmethod
    async def size(self) -> int:
        """The bytes of all data that has not expired, without keys and the store's own overhead."""

    @abstractmethod
    async def close(self) -> None:
        """Close the store; called once, after every other method has returned."""

    async def keys(self, prefix: str = "") -> list[str]:
        """The keys that begin with `prefix` and have not expired, sorted.

        Optional: the console shows stored data with it, and nothing else in the framework needs it. It may be slow in
        a large store.

        Raises:
            StorageError: This backend cannot list its keys.
        """
        raise StorageError(
            f"{type(self).__name__} cannot list its keys (asked for {prefix!r}). Give it a keys() method to see them."
        )

    async def expiry(self, key: str) -> datetime | None:  # noqa: ARG002  # for backends that know better
        """When the data under `key` expires (aware, UTC); `None` where it stays or is unknown.

        Optional, like `keys()`; a backend that cannot tell says `None`.
        """
        return None
