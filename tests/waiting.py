"""Waiting for a condition: looked at again whenever something happened, never by the clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

NET_S = 120.0  # only a net: a condition that holds is seen at once


class Waiter:
    """Wakes up whoever waits, each time `notify` is called."""

    def __init__(self) -> None:
        self._happened = asyncio.Event()

    def notify(self, *_: object) -> None:
        """Something happened: conditions are looked at again."""
        self._happened.set()

    async def until(self, condition: Callable[[], T | None], what: str = "the condition") -> T:
        """The first value of `condition` that is true."""
        try:
            async with asyncio.timeout(NET_S):
                while not (value := condition()):
                    self._happened.clear()
                    await self._happened.wait()
                return value
        except TimeoutError:
            raise AssertionError(f"{what} did not come about within {NET_S:g} s") from None
