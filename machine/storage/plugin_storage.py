"""Storage as a plugin sees it: values under the plugin's own keys."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any, NoReturn

from pydantic import SecretStr

from machine.errors import StorageError
from machine.read_only import require_writable
from machine.safe_repr import safe_repr
from machine.storage.backends.base import MachineBaseStorage
from machine.storage.codec import decode, encode
from machine.storage.expiry import whole_seconds
from machine.trace import StorageAccessed, Trace, cause

SHARED_PREFIX = "shared:"
"""Before shared keys that could be taken for a plugin's own; the names of plugins have a dot."""

_NO_VALUE = object()


class PluginStorage:
    """Keeps a plugin's data, also when the bot restarts. Plugins have it as `self.storage`.

    Nearly any Python object can be stored, see `machine.storage.codec`. Plugins do not see each other's keys; shared
    keys are one namespace for all plugins.

    Every method raises `StorageError` where the backend cannot be reached.

    Args:
        fq_plugin_name: The plugin's module and class, joined by a dot; the namespace of its keys.
        storage_backend: Where the data goes.
        trace: Told of every operation.
        secret: Signs what is stored; what it did not sign is not read.
        is_plugin: Whether a plugin has this name, so that a key beginning with it is the plugin's.
    """

    def __init__(
        self,
        fq_plugin_name: str,
        storage_backend: MachineBaseStorage,
        *,
        trace: Trace | None = None,
        secret: SecretStr | None = None,
        is_plugin: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._fq_plugin_name = fq_plugin_name
        self._backend = storage_backend
        self._trace = trace
        self._secret = secret
        self._is_plugin = is_plugin

    @property
    def _storage(self) -> MachineBaseStorage:
        """The backend under the name by which slack-machine's plugins reach it."""
        return self._backend

    async def set(self, key: str, value: Any, expires: int | timedelta | None = None, shared: bool = False) -> None:
        """Store a value, in place of what was under the key.

        Args:
            key: Any text; of anything else, the text that `str()` makes of it.
            value: Anything that dill can pickle.
            expires: Seconds, or a duration, after which the value is gone; fractions are rounded up. Left out, the
                value stays, also where the one before it had a lifetime.
            shared: Store it for all plugins instead of this one.

        Raises:
            StorageError: The value cannot be pickled, or `expires` is not positive.
        """
        require_writable("Storing a value")
        started = time.perf_counter()
        full_key = self._full_key(key, shared)
        seconds = whole_seconds(expires)
        data = encode(value, key=full_key, secret=self._secret)
        await self._backend.set(full_key, data, seconds)
        if (former := self._former_key(key, shared)) is not None:
            await self._backend.delete(former)
        self._report("set", key, shared, started, size=len(data), value=value)

    async def get(self, key: str, shared: bool = False) -> Any | None:
        """The value under a key; `None` where there is none or it has expired.

        Raises:
            StorageError: There is a value, but it cannot be read: its class may be gone, or its signature is wrong.
        """
        started = time.perf_counter()
        full_key = self._full_key(key, shared)
        data = await self._backend.get(full_key)
        if data is None and (former := self._former_key(key, shared)) is not None:
            full_key, data = former, await self._backend.get(former)
        if data is None:
            self._report("get", key, shared, started, is_found=False)
            return None
        try:
            value = decode(data, key=full_key, secret=self._secret)
        except StorageError:
            self._report("get", key, shared, started, is_found=True)
            raise
        self._report("get", key, shared, started, is_found=True, size=len(data), value=value)
        return value

    async def has(self, key: str, shared: bool = False) -> bool:
        """Whether there is a value under a key, `None` being one too."""
        started = time.perf_counter()
        is_found = await self._backend.has(self._full_key(key, shared))
        if not is_found and (former := self._former_key(key, shared)) is not None:
            is_found = await self._backend.has(former)
        self._report("has", key, shared, started, is_found=is_found)
        return is_found

    async def delete(self, key: str, shared: bool = False) -> None:
        """Remove a key and its value; an unknown key is fine."""
        require_writable("Removing a key")
        started = time.perf_counter()
        await self._backend.delete(self._full_key(key, shared))
        if (former := self._former_key(key, shared)) is not None:
            await self._backend.delete(former)
        self._report("delete", key, shared, started)

    async def keys(self) -> list[str]:
        """This plugin's own keys, sorted, as it gave them.

        Raises:
            StorageError: The backend cannot list its keys; those that come with the framework can.
        """
        prefix = self._full_key("", shared=False)
        return [key.removeprefix(prefix) for key in await self._backend.keys(prefix)]

    async def get_storage_size(self) -> int:
        """The bytes of all stored values, those of the other plugins included."""
        return await self._backend.size()

    async def get_storage_size_human(self) -> str:
        """Like `get_storage_size()`, to be read: `512 B`, `1.5 KiB`, `20.0 MiB`."""
        return human_size(await self.get_storage_size())

    def __contains__(self, key: object) -> NoReturn:
        raise StorageError(f"`{key!r} in storage` cannot wait for the store. Write `await storage.has({key!r})`.")

    def _full_key(self, key: str, shared: bool) -> str:
        text = _text_of(key)
        if not shared:
            full_key = f"{self._fq_plugin_name}:{text}"
        else:
            full_key = f"{SHARED_PREFIX}{text}" if _looks_owned(text) else text
        if not full_key.isascii():
            _check_is_unicode(full_key)
        return full_key

    def _former_key(self, key: str, shared: bool) -> str | None:
        """Where an earlier version kept a shared key, unless that is where a plugin keeps its own."""
        text = _text_of(key)
        if not shared or not _looks_owned(text) or text.startswith(SHARED_PREFIX):
            return None
        owner = text.partition(":")[0]
        return None if owner == self._fq_plugin_name or self._is_plugin(owner) else text

    def _report(
        self,
        operation: str,
        key: str,
        shared: bool,
        started: float,
        *,
        is_found: bool | None = None,
        size: int | None = None,
        value: object = _NO_VALUE,
    ) -> None:
        if self._trace:
            self._trace.emit(
                StorageAccessed(
                    plugin="shared" if shared else self._fq_plugin_name,
                    operation=operation,
                    key=_text_of(key),
                    is_found=is_found,
                    size=size,
                    duration=timedelta(seconds=time.perf_counter() - started),
                    value=None if value is _NO_VALUE else safe_repr(value, _text_of(key)),
                    **cause(),
                )
            )


def _text_of(key: object) -> str:
    return key if isinstance(key, str) else f"{key}"


def _looks_owned(shared_key: str) -> bool:
    """Whether a shared key could be taken for a plugin's own, whose name has a dot, or for one moved for that."""
    while shared_key.startswith(SHARED_PREFIX):
        shared_key = shared_key.removeprefix(SHARED_PREFIX)
    owner, colon, _ = shared_key.partition(":")
    return bool(colon) and "." in owner


def human_size(size: int) -> str:
    """Bytes in the unit that suits them, with one decimal from KiB on."""
    if size < 1024:
        return f"{size} B"
    units = ("KiB", "MiB", "GiB", "TiB")
    number = float(size)
    for unit in units:
        number /= 1024
        if round(number, 1) < 1024 or unit == units[-1]:
            break
    return f"{number:.1f} {unit}"


def _check_is_unicode(key: str) -> None:
    """Refuse half a surrogate pair here: some stores would keep it and others would not."""
    try:
        key.encode()
    except UnicodeEncodeError as error:
        raise StorageError(f"The key {key!r} is not valid text ({error.reason}). Use another key.") from error
