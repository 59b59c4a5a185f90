"""Unloads plugins: their handlers end, then they are shut down."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from machine.exception_policy import concerns_others
from machine.loading.loader import LoadedPlugin
from machine.logger import get_logger
from machine.plugins.base import MachineBasePlugin
from machine.tracebacks import one_line

SHUTDOWN_TIMEOUT_S = 10.0

_logger = get_logger(__name__)


class Unloading:
    """Shuts plugins down, each after its last handler has ended.

    Args:
        ended: Waits for the handlers of a plugin.
    """

    def __init__(self, ended: Callable[[MachineBasePlugin], Awaitable[None]]) -> None:
        self._ended = ended
        self._under_way: set[asyncio.Task[None]] = set()

    def unload(self, plugins: Iterable[LoadedPlugin]) -> None:
        """Shut these down once their handlers have ended."""
        for plugin in plugins:
            task = asyncio.create_task(self._shut_down_when_ended(plugin))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def done(self) -> None:
        """Wait until all are shut down."""
        while self._under_way:
            await asyncio.wait(tuple(self._under_way))

    async def _shut_down_when_ended(self, plugin: LoadedPlugin) -> None:
        await self._ended(plugin.instance)
        await shut_down(plugin)


async def shut_down(plugin: LoadedPlugin) -> None:
    """Shut a plugin down (10 s at most); what it raises is logged."""
    try:
        async with asyncio.timeout(SHUTDOWN_TIMEOUT_S):
            await plugin.instance.shutdown()
    except BaseException as error:
        if concerns_others(error):
            raise
        _logger.error("Plugin failed to shut down", plugin=plugin.name, problem=one_line(error), exc_info=error)
