"""What happens to an envelope on the thread that receives it, before any handler hears of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import TypeAlias

from machine.dispatch.pending_answer import ANSWER_WITHIN_S
from machine.envelope import Envelope
from machine.receiving.deduplication import Deliveries
from machine.receiving.event_queue import Arrival, Handover

Keep: TypeAlias = Callable[[Sequence[Envelope]], None]
"""Keeps envelopes where a crash does not reach them. Called on the receiving thread, so it may wait for a disk."""


def _keep_nothing(_envelopes: Sequence[Envelope]) -> None:
    """Without an inbox, what is not finished when the process dies is lost."""


class Intake:
    """Takes envelopes from transports, which all run on one thread.

    Args:
        handover: Leads to the bot's loop.
        may_be_answered: Whether a live handler may decide what Slack is answered with; asked on this thread.
        keep: Keeps envelopes until their handlers are done; called before Slack is told that they arrived.
    """

    def __init__(
        self,
        handover: Handover,
        may_be_answered: Callable[[Envelope], bool],
        keep: Keep = _keep_nothing,
    ) -> None:
        self._handover = handover
        self._may_be_answered = may_be_answered
        self._keep = keep
        self._deliveries = Deliveries()
        self._answering: set[asyncio.Task[None]] = set()

    def remember(self, envelopes: Sequence[Envelope]) -> None:
        """Take later deliveries of these for repeats; before anything is received."""
        for envelope in envelopes:
            self._deliveries.is_repeat(envelope)

    @property
    def is_full(self) -> bool:
        """Whether so much waits for the handlers that no more should be taken."""
        return self._handover.is_full

    async def until_room(self) -> None:
        """Wait until there is room for more."""
        await self._handover.until_room()

    async def take(self, envelopes: Sequence[Envelope]) -> None:
        """Take what arrived together: look whether it is a repeat, keep it, acknowledge it, hand it over.

        What a handler may answer is acknowledged by the bot's loop; if that does not come to it in time, then here.
        """
        arrivals = self._handover.announce(envelopes)
        try:
            for arrival in arrivals:
                arrival.is_repeat = self._deliveries.is_repeat(arrival.envelope)
            self._keep([arrival.envelope for arrival in arrivals if not arrival.is_repeat])
            for arrival in arrivals:
                if arrival.is_repeat or not self._may_be_answered(arrival.envelope):
                    await _acknowledge(arrival)
                else:
                    asyncio.get_running_loop().call_later(ANSWER_WITHIN_S, self._answer_late, arrival)
        finally:
            self._handover.put(arrivals)

    def _answer_late(self, arrival: Arrival) -> None:
        task = asyncio.create_task(self._answer_empty(arrival))
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)

    async def _answer_empty(self, arrival: Arrival) -> None:
        if await _acknowledge(arrival):
            self._handover.tell_acknowledged(arrival)


async def _acknowledge(arrival: Arrival) -> bool:
    is_sent = await arrival.envelope.acknowledge()
    if is_sent:
        arrival.acknowledged = time.perf_counter()
    return is_sent
