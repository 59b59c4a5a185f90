"""Attempts to reload what was saved: one at a time, each given up when one of its files is saved again."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Coroutine, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from machine.loading.importing import fingerprint
from machine.logger import get_logger

T = TypeVar("T")

_logger = get_logger(__name__)


class ReloadAttempts:
    """The attempt that is under way, if there is one.

    Attributes:
        replaces: The files that are reloaded.
        are_over: No attempt is to be made any more.
    """

    def __init__(self) -> None:
        self.replaces: Collection[Path] = ()
        self.are_over = False
        self._known: Mapping[Path, str | None] = {}
        self._task: asyncio.Task[Any] | None = None

    async def make(
        self, replaces: Collection[Path], known: Mapping[Path, str | None], work: Coroutine[Any, Any, T]
    ) -> T | None:
        """Do what an attempt consists of; `None` if it was given up.

        Args:
            replaces: The files that are reloaded.
            known: What the attempt takes files for, by their fingerprints.
            work: What is done.
        """
        self.replaces, self._known = replaces, known
        self._task = task = asyncio.create_task(work, name="reload")
        try:
            return await task
        except asyncio.CancelledError:
            own = asyncio.current_task()
            if not task.cancelled() or (own is not None and own.cancelling()):
                raise
            return None
        finally:
            self.replaces, self._known, self._task = (), {}, None

    def saved_since(self, candidates: Iterable[Path] | None) -> set[Path]:
        """The files that are no longer what the attempt takes them for; none if none is under way.

        Args:
            candidates: The files that may have changed; all by default.
        """
        if self._task is None:
            return set()
        looked_at = self._known.keys() if candidates is None else candidates
        return {path for path in looked_at if fingerprint(path) != self._known.get(path)}

    def give_up(self, because_of: Iterable[Path]) -> None:
        """Make no more of the attempt that is under way: these files have been saved."""
        _logger.info("A reload is given up: there is a newer save", files=sorted(path.name for path in because_of))
        if self._task is not None:
            self._task.cancel()

    def end(self) -> None:
        """Give up the attempt that is under way, and have none follow."""
        self.are_over = True
        if self._task is not None:
            self._task.cancel()
