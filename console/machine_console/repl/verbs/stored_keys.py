"""The keys of plugins' storages, at hand for completion: a menu cannot wait for a database."""

from __future__ import annotations

import asyncio
import contextlib
import time

from machine.bot import Machine
from machine.redaction import redact
from machine_console.repl.prompt.completion import Candidate

FRESH_S = 2.0
"""For so long, keys that were looked up are not looked up again."""
LOOK_UP_WITHIN_S = 5.0
MAX_KEYS = 1_000
"""Keys kept per plugin; a menu of more helps nobody."""


class StoredKeys:
    """Answers at once with what was found last, and looks again meanwhile.

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
