"""Events that Slack delivers more than once."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from machine.envelope import Envelope
from machine.plugins import MachineBasePlugin, Message
from machine.plugins.decorators import listen_to
from machine.receiving.deduplication import MAX_REMEMBERED, REMEMBERED_FOR, Deliveries
from machine.trace import EnvelopeAcknowledged, EnvelopeDropped
from tests.conftest import BotUnderTest


def delivery(number: int, retry: int = 0, event_id: str | None = "Ev1") -> Envelope:
    """Delivery `number` of an event: a new envelope id, the same event id."""
    event = {"type": "message", "user": "U1", "channel": "C1", "text": "once", "ts": "1.2"}
    payload: dict[str, Any] = {"event": event} if event_id is None else {"event": event, "event_id": event_id}
    return Envelope(f"envelope-{number}", "events_api", payload, retry_attempt=retry)


class Counter(MachineBasePlugin):
    """Counts messages."""

    count = 0

    @listen_to("once")
    async def hear(self, msg: Message) -> None:
        self.count += 1


def count(bot: BotUnderTest) -> int:
    """How many messages were counted."""
    [plugin] = [loaded.instance for loaded in bot.machine.plugins.values()]
    assert isinstance(plugin, Counter)
    return plugin.count


async def test_an_event_delivered_again_runs_once(bot: BotUnderTest) -> None:
    """Pitfall 18: each delivery is acknowledged, or Slack would go on."""
    await bot.start(Counter)

    for retry in range(3):
        await bot.deliver(delivery(retry, retry))

    assert count(bot) == 1
    assert [record.answer for record in bot.traced(EnvelopeAcknowledged)] == [None, None, None]
    assert [record.envelope_id for record in bot.traced(EnvelopeDropped)] == ["envelope-1", "envelope-2"]


async def test_deliveries_at_the_same_time_run_once(bot: BotUnderTest) -> None:
    """Pitfall 18: on two connections, say."""
    await bot.start(Counter)

    await asyncio.gather(*(bot.deliver(delivery(number)) for number in range(5)))
    await bot.deliver(*(delivery(number) for number in range(5, 10)))

    assert count(bot) == 1


async def test_a_retry_that_was_not_seen_before_runs(bot: BotUnderTest) -> None:
    """Pitfall 18: it may be the only delivery that arrives."""
    await bot.start(Counter)

    await bot.deliver(delivery(1, retry=3))

    assert count(bot) == 1


async def test_different_events_run_each(bot: BotUnderTest) -> None:
    """Also those without an event id."""
    await bot.start(Counter)

    for number, event_id in enumerate(["Ev1", "Ev2", None, None, ""]):
        await bot.deliver(delivery(number, event_id=event_id))

    assert count(bot) == 5


@pytest.mark.parametrize(
    ("later", "is_repeat"), [(timedelta(minutes=5, seconds=10), True), (REMEMBERED_FOR + timedelta(seconds=1), False)]
)
def test_events_are_remembered_for_ten_minutes(later: timedelta, is_repeat: bool) -> None:
    """Pitfall 18: Slack's last retry comes after five."""
    now = 0.0
    deliveries = Deliveries(clock=lambda: now)
    assert not deliveries.is_repeat(delivery(1))

    now = later.total_seconds()

    assert timedelta(minutes=10) <= REMEMBERED_FOR
    assert deliveries.is_repeat(delivery(2, retry=1)) is is_repeat


def test_memory_is_bounded() -> None:
    """A flood of events forgets the oldest ones first."""
    deliveries = Deliveries(clock=lambda: 0.0)

    for number in range(MAX_REMEMBERED + 1):
        deliveries.is_repeat(delivery(number, event_id=f"Ev{number}"))

    assert deliveries.is_repeat(delivery(0, event_id=f"Ev{MAX_REMEMBERED}"))
    assert not deliveries.is_repeat(delivery(0, event_id="Ev0"))
