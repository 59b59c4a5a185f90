"""What plugins have stored, at the prompt: `storage["todo.Todo"]`."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from machine.bot import Machine
from machine.redaction import redact
from machine_console.repl.language.confirmation import require_consent
from machine_console.repl.language.errors import ReplError
from machine_console.repl.verbs.candidates import Candidate
from machine_console.repl.verbs.display import Card, Rows

FRESH_S = 2.0
"""For so long, keys that were looked up are not looked up again."""
LOOK_UP_WITHIN_S = 5.0
MAX_KEYS = 1_000
"""Keys kept per plugin; a menu of more helps nobody."""


class Storages:
    """The storage of every plugin, by the plugin's name; itself it stands for the keys that plugins share."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._shared = machine.plugin_storage("repl")
        self._keys = _StoredKeys(machine)

    def __getitem__(self, plugin: str) -> StorageOfPlugin:
        """The storage of a plugin, by module and class, by class alone, or of a plugin that is gone by full name.

        Raises:
            ReplError: Several plugins, or none, have a class of this name.
        """
        names = self._meant(plugin)
        if len(names) > 1:
            raise ReplError(f"{plugin!r} may be any of {', '.join(names)}. Say which.")
        if not names and "." not in plugin:
            raise ReplError(f"There is no plugin {plugin!r}. There are {', '.join(self._machine.plugins) or 'none'}.")
        name = names[0] if names else plugin
        return StorageOfPlugin(name, self._machine)

    async def get(self, key: str) -> Any:
        """The value under a key that plugins share; `None` where there is none."""
        return await self._shared.get(key, shared=True)

    async def set(self, key: str, value: Any, expires: int | timedelta | None = None) -> None:
        """Store a value under a key that plugins share; `expires` in seconds."""
        await self._shared.set(key, value, expires, shared=True)

    async def has(self, key: str) -> bool:
        """Whether there is a value under a key that plugins share."""
        return await self._shared.has(key, shared=True)

    async def delete(self, key: str, *, confirm: bool = True) -> None:
        """Remove a key that plugins share; in a live workspace, ask first."""
        await _require_consent(self._machine, key, confirm)
        await self._shared.delete(key, shared=True)

    def candidates(self) -> Iterable[Candidate]:
        """The names that may stand in the brackets."""
        names = list(self._machine.plugins)
        for name in names:
            self._keys.of(name)  # so that they are known when one of them is wanted
        return [Candidate(name, "plugin") for name in names]

    def key_candidates(self, plugin: str) -> Iterable[Candidate]:
        """The keys of the plugin in the brackets, as far as they are known."""
        names = self._meant(plugin)
        return self._keys.of(names[0] if names else plugin) if len(names) <= 1 else []

    def _meant(self, plugin: str) -> list[str]:
        return [name for name in list(self._machine.plugins) if plugin in {name, name.rpartition(".")[2]}]

    def __repr__(self) -> str:
        return "<storage of every plugin>"

    def __repl__(self) -> Rows:
        rows = [(name, f'storage["{name}"].items()') for name in self._machine.plugins]
        return Rows(("plugin", "to see its values"), rows, "plugins")


class StorageOfPlugin:
    """The values of one plugin.

    Attributes:
        plugin: Its name: module and class.
    """

    def __init__(self, plugin: str, machine: Machine) -> None:
        self.plugin = plugin
        self._machine = machine
        self._storage = machine.plugin_storage(plugin)

    async def keys(self) -> list[str]:
        """The plugin's keys, sorted."""
        return await self._storage.keys()

    async def items(self) -> dict[str, Any]:
        """The plugin's values by key."""
        return {key: await self._storage.get(key) for key in await self._storage.keys()}

    async def get(self, key: str) -> Any:
        """The value under a key; `None` where there is none."""
        return await self._storage.get(key)

    async def set(self, key: str, value: Any, expires: int | timedelta | None = None) -> None:
        """Store a value; `expires` in seconds."""
        await self._storage.set(key, value, expires)

    async def has(self, key: str) -> bool:
        """Whether there is a value under a key."""
        return await self._storage.has(key)

    async def delete(self, key: str, *, confirm: bool = True) -> None:
        """Remove a key; in a live workspace, ask first."""
        await _require_consent(self._machine, key, confirm)
        await self._storage.delete(key)

    def __repr__(self) -> str:
        return f"<storage of {self.plugin}>"

    def __repl__(self) -> Card:
        return Card(f"storage of {self.plugin}", body=[".keys(), .items(), .get(key), .set(key, value), .delete(key)"])


async def _require_consent(machine: Machine, key: str, is_wanted: bool) -> None:
    if is_wanted and machine.is_live:
        await require_consent(f"Delete {key!r} from the storage? {machine.workspace_name} is live.")


class _StoredKeys:
    """The keys of plugins' storages, for completion: a menu cannot wait for a database.

    It is answered at once with what was found last, and what there is now is looked up meanwhile.

    Args:
        machine: The bot, started, on the running event loop.
    """

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._loop = asyncio.get_running_loop()
        self._found: dict[str, list[Candidate]] = {}
        self._looked_at: dict[str, float] = {}
        self._looking: dict[str, asyncio.Task[None]] = {}

    def of(self, plugin: str) -> list[Candidate]:
        """The keys of a plugin that are known so far. Safe from any thread; never waits and never raises."""
        with contextlib.suppress(RuntimeError):  # the event loop has ended
            self._loop.call_soon_threadsafe(self._look_up, plugin)
        return self._found.get(plugin, [])

    def _look_up(self, plugin: str) -> None:
        is_fresh = time.monotonic() - self._looked_at.get(plugin, float("-inf")) < FRESH_S
        if plugin not in self._looking and not is_fresh:
            task = self._loop.create_task(self._refresh(plugin), name="stored-keys")
            self._looking[plugin] = task
            task.add_done_callback(lambda _: self._looking.pop(plugin, None))

    async def _refresh(self, plugin: str) -> None:
        # a backend may fail in any way; what was known is better than an error that nobody asked for
        with contextlib.suppress(Exception):
            async with asyncio.timeout(LOOK_UP_WITHIN_S):
                keys = await self._machine.plugin_storage(plugin).keys()
            title = plugin.rpartition(".")[2]
            self._found[plugin] = [Candidate(key, f"key of {title}") for key in keys if _can_be_typed(key)][:MAX_KEYS]
        self._looked_at[plugin] = time.monotonic()


def _can_be_typed(key: str) -> bool:
    """Whether the key is itself inside quotes, and no secret."""
    return key.isprintable() and not set(key) & set("'\"\\") and redact(key) == key
