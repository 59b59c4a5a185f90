"""The steps that every envelope takes before its handlers: kept, acknowledged, and begun with on the bot's loop.

What Slack sends and what a person makes up take the same way. Only what Slack sends is looked up among earlier
deliveries, kept in the inbox, and queued for the bot's loop.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from machine.dispatch.dispatcher import Dispatcher
from machine.envelope import Answer, Envelope
from machine.logger import get_logger
from machine.receiving.arrival import Arrival, Caller
from machine.receiving.deduplication import Deliveries, SharedDeliveries
from machine.receiving.event_queue import EventQueue
from machine.receiving.inbox import Inbox
from machine.receiving.thread import BotLoop
from machine.redaction import redact_value
from machine.trace import EnvelopeAcknowledged, EnvelopeDropped, EnvelopeReceived, Trace

MAX_NESTING = 100  # Slack's own payloads have about 20
ANSWER_WITHIN_S = 2.5  # Slack gives up after 3 seconds; the rest is for the way back

_logger = get_logger(__name__)


class Intake:
    """Takes envelopes in, and traces that they arrived and were acknowledged.

    `take` and `until_room` belong to the thread that receives, everything else to the bot's loop.

    Args:
        dispatcher: Runs the handlers.
        queue: Leads from the receiving thread to the bot's loop.
        inbox: Keeps envelopes until their handlers are done.
        trace: Told what arrived, what Slack was told, and what goes no further.
        bot_loop: The bot's loop.
        shared: Knows what other processes of the bot have got; `None` where there is none to ask.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        queue: EventQueue,
        inbox: Inbox,
        trace: Trace,
        bot_loop: BotLoop,
        shared: SharedDeliveries | None = None,
    ) -> None:
        self._dispatcher = dispatcher
        self._queue = queue
        self._inbox = inbox
        self._trace = trace
        self._bot_loop = bot_loop
        self._shared = shared
        self._deliveries = Deliveries()
        self._answering: set[asyncio.Task[None]] = set()

    @property
    def is_full(self) -> bool:
        """Whether so much waits for the handlers that no more should be taken."""
        return self._queue.is_full

    async def until_room(self) -> None:
        """Wait until there is room for more."""
        await self._queue.until_room()

    async def take(self, arrivals: Sequence[Arrival]) -> None:
        """Take what arrived together: look whether it is a repeat, keep it, acknowledge it, queue it."""
        arrivals = [arrival for arrival in arrivals if not await self._refused(arrival)]
        self._queue.announce(arrivals)
        try:
            for arrival in arrivals:
                arrival.is_repeat = self._deliveries.is_repeat(arrival.envelope)
            self._inbox.keep([arrival.envelope for arrival in arrivals if not arrival.is_repeat])
            await self._tell_slack(arrivals)
        finally:
            self._queue.put(arrivals)

    def run_again(self, envelopes: Sequence[Envelope]) -> None:
        """Queue what an ended process of the bot did not finish; before anything is received."""
        arrivals = [Arrival(envelope, Caller(), is_claimed=True) for envelope in envelopes]
        for arrival in arrivals:
            self._deliveries.is_repeat(arrival.envelope)  # later deliveries are
            arrival.may_be_answered = True  # by whichever handler: nobody waits for it any more
        self._queue.announce(arrivals)
        self._queue.put(arrivals)

    async def inject(self, envelope: Envelope) -> Answer:
        """Take an envelope that Slack did not send, and wait until its handlers have ended.

        Returns:
            What a handler answered.
        """
        caller = Caller()
        arrival = Arrival(envelope, caller)
        await self._tell_slack([arrival])
        await asyncio.gather(*await self._start_handlers(arrival), return_exceptions=True)
        return caller.answer

    async def _refused(self, arrival: Arrival) -> bool:
        """Acknowledge and forget what nobody could handle, keep or show; Slack would send it again and again."""
        envelope = arrival.envelope
        if not envelope.id.isascii() and not _is_text(envelope.id):
            problem = "its id is not text"
        elif is_nested_deeper(envelope.payload, MAX_NESTING):
            problem = f"its payload is nested more than {MAX_NESTING} deep"
        else:
            return False
        _logger.warning("An envelope was refused", envelope_id=repr(envelope.id), problem=problem)
        await arrival.acknowledge()
        return True

    async def claim(self, arrivals: Sequence[Arrival]) -> None:
        """Find out which of these another process of the bot handles."""
        if self._shared is None:
            return
        fresh = [arrival for arrival in arrivals if not (arrival.is_repeat or arrival.is_claimed)]
        claimed = await self._shared.claim([arrival.envelope for arrival in fresh])
        for arrival, is_ours in zip(fresh, claimed, strict=True):
            arrival.is_elsewhere = not is_ours

    async def begin(self, arrival: Arrival) -> None:
        """Start the handlers of an envelope that was queued, unless it goes no further."""
        if arrival.is_repeat:
            self._drop(arrival, "it was delivered before")
        elif arrival.is_elsewhere:
            self._drop(arrival, "another process of the bot handles it")
            self._inbox.handled(arrival.envelope, [])
        else:
            self._inbox.handled(arrival.envelope, await self._start_handlers(arrival))

    def trace_acknowledgement(self, arrival: Arrival) -> None:
        """Trace that Slack was told of an envelope: once, and after its arrival."""
        if not arrival.is_begun or arrival.is_told or arrival.acknowledged is None:
            return
        arrival.is_told = True
        if self._trace:
            self._trace.emit(
                EnvelopeAcknowledged(
                    at=_moment(arrival.acknowledged),
                    answer=redact_value(arrival.answer),
                    duration=timedelta(seconds=arrival.acknowledged - arrival.received),
                    envelope_id=arrival.envelope.id,
                )
            )

    async def _tell_slack(self, arrivals: Sequence[Arrival]) -> None:
        """Acknowledge what arrived, on the loop of its connection; later, but in time, what a handler may answer."""
        registry = self._dispatcher.registry
        for arrival in arrivals:
            arrival.may_be_answered = not arrival.is_repeat and registry.may_answer(arrival.envelope.kind)
            if arrival.may_be_answered:
                arrival.loop.call_later(ANSWER_WITHIN_S, self._answer_late, arrival)
            else:
                await arrival.acknowledge()

    def _answer_late(self, arrival: Arrival) -> None:
        if not arrival.is_answered:
            task = asyncio.create_task(self._answer_empty(arrival))
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)

    async def _answer_empty(self, arrival: Arrival) -> None:
        if await arrival.acknowledge():
            self._bot_loop.soon(self.trace_acknowledgement, arrival)

    async def _start_handlers(self, arrival: Arrival) -> Sequence[asyncio.Task[None]]:
        await self._dispatcher.supervisor.until_room()
        self._trace_arrival(arrival)
        acknowledge = partial(self._acknowledge, arrival) if arrival.may_be_answered else None
        return await self._dispatcher.dispatch(arrival.envelope, acknowledge)

    async def _acknowledge(self, arrival: Arrival, answer: Answer) -> bool:
        is_sent = await arrival.acknowledge(answer)
        self.trace_acknowledgement(arrival)
        return is_sent

    def _trace_arrival(self, arrival: Arrival) -> None:
        arrival.is_begun = True
        if self._trace:
            envelope = arrival.envelope
            self._trace.emit(EnvelopeReceived(at=_moment(arrival.received), envelope=envelope, envelope_id=envelope.id))
        self.trace_acknowledgement(arrival)

    def _drop(self, arrival: Arrival, reason: str) -> None:
        self._trace_arrival(arrival)
        _logger.debug("Envelope dropped", envelope_id=arrival.envelope.id, reason=reason)
        if self._trace:
            self._trace.emit(EnvelopeDropped(reason=reason, envelope_id=arrival.envelope.id))


def is_nested_deeper(value: object, limit: int) -> bool:
    """Whether there are more than `limit` containers inside of each other."""
    level: list[Any] = [value]
    for _ in range(limit):
        level = [
            inner
            for one in level
            for inner in (one.values() if isinstance(one, dict) else one)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _moment(counted: float) -> datetime:
    """The time of day at a reading of `time.perf_counter()`."""
    return datetime.now(UTC) - timedelta(seconds=time.perf_counter() - counted)
