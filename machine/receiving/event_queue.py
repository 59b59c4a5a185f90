"""The bounded queue between the receiving thread and the bot's event loop.

Neither side waits for the other: what arrives while the bot's loop is busy lies here, a bounded number, in the order in
which it came.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import NamedTuple

from machine.logger import get_logger
from machine.receiving.arrival import Arrival
from machine.receiving.thread import BotLoop

MAX_WAITING = 5_000  # envelopes; usually of 1 or 2 kB, and about 5 kB of memory
MAX_SIZE = 20_000_000  # characters of them all, as they came; a long message with blocks has 100,000
RESUME_AT = 0.5  # of that; not at once, so that receiving does not stop and go with each envelope
BATCH = 50  # after so many envelopes, what else the bot's loop has to do gets its turn

_logger = get_logger(__name__)


class _Amount(NamedTuple):
    """How many envelopes, and how long they are together; replaced whole, so that another thread reads what fits."""

    envelopes: int = 0
    size: int = 0

    def and_also(self, arrivals: Sequence[Arrival]) -> _Amount:
        size = sum(arrival.envelope.size for arrival in arrivals)
        return _Amount(self.envelopes + len(arrivals), self.size + size)


class EventQueue:
    """Carries what arrives to the bot's loop, and has it begun with there one after another.

    `announce`, `put` and `until_room` belong to the thread that receives, everything else to the bot's loop.

    Args:
        bot_loop: The bot's loop.
    """

    def __init__(self, bot_loop: BotLoop) -> None:
        self._bot_loop = bot_loop
        self._queue: deque[Arrival] = deque()
        # Each is written by one thread only; what lies between them is on its way.
        self._announced = self._done = _Amount()
        self._is_woken = False
        self._arrived = asyncio.Event()
        self._ended = asyncio.Event()
        self._room = asyncio.Event()
        self._held_loop: asyncio.AbstractEventLoop | None = None
        self._running: asyncio.Task[None] | None = None

    @property
    def depth(self) -> int:
        """How many envelopes have arrived and not been given to their handlers."""
        return self._announced.envelopes - self._done.envelopes

    @property
    def is_full(self) -> bool:
        """Whether no more should be received for now."""
        return self._fill >= 1

    def announce(self, arrivals: Sequence[Arrival]) -> None:
        """Count what has arrived, before Slack is told so: from then on the bot is not idle."""
        self._announced = self._announced.and_also(arrivals)

    def put(self, arrivals: Sequence[Arrival]) -> None:
        """Hand over what was announced."""
        self._queue.extend(arrivals)
        if not self._is_woken:  # one call for many: it costs a call of the system
            self._is_woken = True
            self._bot_loop.soon(self._wake)

    async def until_room(self) -> None:
        """Wait, on the thread that receives, while too much waits here already."""
        while self.is_full:
            self._room.clear()
            is_first, self._held_loop = self._held_loop is None, asyncio.get_running_loop()
            if not self.is_full:  # the bot's loop may just have looked whether somebody waits
                return
            if is_first:
                _logger.warning("Too many events wait for their handlers: no more are received", waiting=self.depth)
            await self._room.wait()

    def start(
        self, claim: Callable[[Sequence[Arrival]], Awaitable[None]], begin: Callable[[Arrival], Awaitable[None]]
    ) -> None:
        """Begin to hand over.

        Args:
            claim: Given those that are handed over together, before the first of them.
            begin: Given each one; takes as long as there is no room for more handlers.
        """
        self._running = asyncio.create_task(self._run(claim, begin), name="event queue")

    async def idle(self) -> None:
        """Wait until everything that has arrived has been given to its handlers."""
        while self.depth and self._running is not None:
            self._ended.clear()
            await self._ended.wait()

    async def close(self, within: timedelta) -> None:
        """Give what has arrived to its handlers, and end; what has to wait longer than `within` is given up."""
        if self._running is None:
            return
        try:
            async with asyncio.timeout(within.total_seconds()):
                await self.idle()
        except TimeoutError:
            _logger.warning("Events were received that no handler has begun with in time", count=self.depth)
        running, self._running = self._running, None
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        self._done = self._announced
        self._ended.set()  # nobody need wait for what was given up

    def _wake(self) -> None:
        self._is_woken = False
        self._arrived.set()

    async def _run(
        self, claim: Callable[[Sequence[Arrival]], Awaitable[None]], begin: Callable[[Arrival], Awaitable[None]]
    ) -> None:
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            while self._queue:
                batch = [self._queue.popleft() for _ in range(min(BATCH, len(self._queue)))]
                await claim(batch)
                for arrival in batch:
                    try:
                        await begin(arrival)
                    except Exception as error:  # one envelope must not cost those after it
                        _logger.error("An envelope could not be handled", exc_info=error)
                    finally:
                        self._done = self._done.and_also([arrival])
                        self._ended.set()
                        self._let_in()
                await asyncio.sleep(0)

    @property
    def _fill(self) -> float:
        """How much of what may wait does."""
        return max(self.depth / MAX_WAITING, (self._announced.size - self._done.size) / MAX_SIZE)

    def _let_in(self) -> None:
        loop = self._held_loop
        if loop is not None and self._fill <= RESUME_AT:
            self._held_loop = None
            _logger.info("Events are received again", waiting=self.depth)
            loop.call_soon_threadsafe(self._room.set)
