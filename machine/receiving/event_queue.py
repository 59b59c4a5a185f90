"""The way of an envelope from the thread that receives to the bot's loop, where its handlers run.

Neither side waits for the other: what arrives while the bot's loop is busy lies here, a bounded number, in the order in
which it came.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, TypeAlias

from machine.dispatch.dispatcher import Dispatcher
from machine.envelope import Envelope
from machine.logger import get_logger
from machine.receiving.deduplication import SharedDeliveries
from machine.receiving.thread import BotLoop
from machine.trace import EnvelopeAcknowledged, EnvelopeDropped, EnvelopeReceived, Trace

MAX_WAITING = 5_000  # envelopes; usually of 1 or 2 kB, and about 5 kB of memory
MAX_SIZE = 20_000_000  # characters of them all, as they came; a long message with blocks has 100,000
RESUME_AT = 0.5  # of that; not at once, so that receiving does not stop and go with each envelope
BATCH = 50  # after so many envelopes, what else the bot's loop has to do gets its turn

Handled: TypeAlias = Callable[[Envelope, Sequence[asyncio.Task[None]]], None]
"""Told on the bot's loop what became of an envelope: its handlers, as started; none where none is to run."""

_logger = get_logger(__name__)


@dataclass(slots=True, eq=False)
class Arrival:
    """An envelope on its way from the transport to the handlers.

    Attributes:
        envelope: What arrived.
        received: When, in seconds of `time.perf_counter()`.
        is_repeat: Whether it was delivered before, so that no handler is to run.
        is_claimed: Whether no other process of the bot need be asked if it handles it.
        acknowledged: When Slack was told, if that did not wait for a handler's answer.
        is_begun: Whether the bot's loop has come to it.
        is_told: Whether the acknowledgement has been traced.
    """

    envelope: Envelope
    received: float = field(default_factory=time.perf_counter)
    is_repeat: bool = False
    is_claimed: bool = False
    acknowledged: float | None = None
    is_begun: bool = False
    is_told: bool = False


class _Amount(NamedTuple):
    """How many envelopes, and how long they are together; replaced whole, so that another thread reads what fits."""

    envelopes: int = 0
    size: int = 0

    def and_also(self, envelopes: Sequence[Envelope]) -> _Amount:
        return _Amount(self.envelopes + len(envelopes), self.size + sum(envelope.size for envelope in envelopes))


def _ignore(_envelope: Envelope, _tasks: Sequence[asyncio.Task[None]]) -> None:
    """Nobody wants to know."""


class Handover:
    """Carries envelopes to the dispatcher, and runs them there one after another.

    `announce`, `put` and `until_room` belong to the thread that receives, everything else to the bot's loop.

    Args:
        dispatcher: Runs the handlers.
        trace: Told what arrived, and what goes no further.
        shared: Knows what other processes of the bot have got; `None` where there is none to ask.
        handled: Told of each envelope that has been given to its handlers.
    """

    def __init__(
        self, dispatcher: Dispatcher, trace: Trace, shared: SharedDeliveries | None = None, handled: Handled = _ignore
    ) -> None:
        self._dispatcher = dispatcher
        self._trace = trace
        self._shared = shared
        self._handled = handled
        self._bot_loop = BotLoop()
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

    def announce(self, envelopes: Sequence[Envelope]) -> list[Arrival]:
        """Count envelopes as arrived, before Slack is told so: from then on the bot is not idle."""
        self._announced = self._announced.and_also(envelopes)
        return [Arrival(envelope) for envelope in envelopes]

    def put(self, arrivals: Sequence[Arrival]) -> None:
        """Hand over what was announced."""
        self._queue.extend(arrivals)
        if not self._is_woken:  # one call for many: it costs a call of the system
            self._is_woken = True
            self._bot_loop.soon(self._wake)

    def run_again(self, envelopes: Sequence[Envelope]) -> None:
        """Hand over what an ended process of the bot did not finish; on the bot's loop, before anything is received."""
        arrivals = self.announce(envelopes)
        for arrival in arrivals:
            arrival.is_claimed = True
        self.put(arrivals)

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

    def tell_acknowledged(self, arrival: Arrival) -> None:
        """Have it traced that Slack was told after the envelope was handed over; from any thread."""
        self._bot_loop.soon(self._acknowledged_later, arrival)

    def start(self) -> None:
        """Begin to give envelopes to their handlers."""
        self._running = asyncio.create_task(self._run(), name="handover")

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

    async def _run(self) -> None:
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            while self._queue:
                batch = [self._queue.popleft() for _ in range(min(BATCH, len(self._queue)))]
                await self._run_batch(batch)
                await asyncio.sleep(0)

    async def _run_batch(self, batch: Sequence[Arrival]) -> None:
        is_ours = await self._claim(batch)
        for arrival, is_mine in zip(batch, is_ours, strict=True):
            await self._dispatcher.supervisor.until_room()
            try:
                await self._begin(arrival, is_mine=is_mine)
            except Exception as error:  # one envelope must not cost those after it
                _logger.error("An envelope could not be handled", exc_info=error)
            finally:
                self._done = self._done.and_also([arrival.envelope])
                self._ended.set()
                self._let_in()

    async def _claim(self, batch: Sequence[Arrival]) -> Sequence[bool]:
        """Which of them no other process of the bot handles."""
        if self._shared is None:
            return [True] * len(batch)
        fresh = [arrival.envelope for arrival in batch if not (arrival.is_repeat or arrival.is_claimed)]
        claimed = iter(await self._shared.claim(fresh))
        return [arrival.is_repeat or arrival.is_claimed or next(claimed) for arrival in batch]

    async def _begin(self, arrival: Arrival, *, is_mine: bool) -> None:
        arrival.is_begun = True
        envelope = arrival.envelope
        if self._trace:
            at = _moment(arrival.received)
            self._trace.emit(EnvelopeReceived(at=at, envelope=envelope, envelope_id=envelope.id))
        self._tell_if_acknowledged(arrival)
        if arrival.is_repeat:
            self._drop(envelope, "it was delivered before")
        elif not is_mine:
            self._drop(envelope, "another process of the bot handles it")
            self._handled(envelope, [])
        else:
            self._handled(envelope, await self._dispatcher.start_handlers(envelope, arrival.received))

    @property
    def _fill(self) -> float:
        """How much of what may wait does."""
        return max(self.depth / MAX_WAITING, (self._announced.size - self._done.size) / MAX_SIZE)

    def _acknowledged_later(self, arrival: Arrival) -> None:
        if arrival.is_begun:  # else it is told when its turn comes, after its arrival
            self._tell_if_acknowledged(arrival)

    def _tell_if_acknowledged(self, arrival: Arrival) -> None:
        if arrival.acknowledged is None or arrival.is_told:
            return
        arrival.is_told = True
        if not self._trace:
            return
        self._trace.emit(
            EnvelopeAcknowledged(
                at=_moment(arrival.acknowledged),
                answer=None,
                duration=timedelta(seconds=arrival.acknowledged - arrival.received),
                envelope_id=arrival.envelope.id,
            )
        )

    def _drop(self, envelope: Envelope, reason: str) -> None:
        _logger.debug("Envelope dropped", envelope_id=envelope.id, reason=reason)
        if self._trace:
            self._trace.emit(EnvelopeDropped(reason=reason, envelope_id=envelope.id))

    def _let_in(self) -> None:
        loop = self._held_loop
        if loop is not None and self._fill <= RESUME_AT:
            self._held_loop = None
            _logger.info("Events are received again", waiting=self.depth)
            loop.call_soon_threadsafe(self._room.set)


def _moment(counted: float) -> datetime:
    """The time of day at a reading of `time.perf_counter()`."""
    return datetime.now(UTC) - timedelta(seconds=time.perf_counter() - counted)
