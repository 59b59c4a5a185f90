"""A condition that tasks wait for and that ordinary, synchronous code brings about."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Condition:
    """Wakes those who wait for a condition whenever something may have changed.

    An `asyncio.Condition` would need an `await` to notify, which the callbacks of the event loop cannot do.
    """

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()

    def notify(self) -> None:
        """Let everybody look again; costs a truth test while nobody waits."""
        if not self._waiting:
            return
        for future in self._waiting:
            if not future.done():
                future.set_result(None)
        self._waiting.clear()

    async def wait_for(self, condition: Callable[[], bool]) -> None:
        """Return as soon as the condition holds; it is looked at now and at each `notify`."""
        while not condition():
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.add(future)
            try:
                await future
            finally:
                self._waiting.discard(future)
