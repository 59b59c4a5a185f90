"""The steps that every envelope takes: one acknowledgement, in time; and the way of one that Slack did not send."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from machine.bot import Machine
from machine.envelope import Answer, Envelope
from machine.plugins import Command, MachineBasePlugin, Message
from machine.plugins.decorators import command, listen_to
from machine.receiving import intake
from machine.receiving.arrival import Arrival, Caller
from machine.receiving.intake import ANSWER_WITHIN_S
from machine.trace import EnvelopeAcknowledged, EnvelopeReceived, HandlersConsidered, InvocationFinished, LogWritten
from tests.conftest import BotUnderTest
from tests.machine.receiving.test_inbox import inbox_of


class Slow(MachineBasePlugin):
    """Thinks before it answers."""

    gate: asyncio.Event
    ended = 0

    async def init(self) -> None:
        self.gate = asyncio.Event()

    @command("/slow")
    async def slow(self, run: Command) -> AsyncIterator[str]:
        await self.gate.wait()
        yield "here it is"
        self.ended += 1

    @command("/plain")
    async def plain(self, run: Command) -> None:
        await self.gate.wait()

    @listen_to("^once$")
    async def hear(self, msg: Message) -> None:
        self.ended += 1


def slow(bot: BotUnderTest) -> Slow:
    """The plugin."""
    [plugin] = [loaded.instance for loaded in bot.machine.plugins.values()]
    assert isinstance(plugin, Slow)
    return plugin


def run_of(name: str, envelope_id: str = "made up") -> Envelope:
    """A slash command that nobody typed."""
    return Envelope(envelope_id, "slash_commands", {"command": name, "user_id": "U1", "channel_id": "C1"})


@pytest.mark.usefixtures("production_logging")
async def test_slack_is_answered_before_its_three_seconds_are_over(
    bot: BotUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pitfall 16: with an empty acknowledgement, whatever the handler does; it runs on, and its answer is not sent."""
    monkeypatch.setattr(intake, "ANSWER_WITHIN_S", 0.01)
    await bot.start(Slow)

    answer = await bot.workspace.run_command("alice", "general", "/slow").answer
    slow(bot).gate.set()
    await bot.settled()

    assert answer is None
    assert slow(bot).ended == 1
    assert [ack.answer for ack in bot.traced(EnvelopeAcknowledged)] == [None]
    assert len([line for line in bot.traced(LogWritten) if "too late or second" in line.message]) == 1


def test_the_time_to_answer_leaves_room_for_the_way_back() -> None:
    """Slack gives up after three seconds."""
    assert 1 < ANSWER_WITHIN_S < 3


async def test_an_envelope_is_acknowledged_once() -> None:
    """Pitfall 16: whoever asks a second time is told that it was done."""
    sent: list[Answer] = []

    class Noted:
        async def acknowledge(self, _envelope_id: str, answer: Answer) -> None:
            sent.append(answer)

    arrival = Arrival(run_of("/slow"), Noted())

    assert [await arrival.acknowledge({"text": "first"}), await arrival.acknowledge()] == [True, False]
    assert sent == [{"text": "first"}]


async def test_an_acknowledgement_is_traced_once_and_after_the_arrival(bot: BotUnderTest) -> None:
    """Both loops may come to tell of it: the one that did it, and the one that begins with the envelope."""
    await bot.start()
    taken_in, arrival = bot.machine.receiver._intake, Arrival(run_of("/x", "late"), Caller())
    await arrival.acknowledge()

    taken_in.trace_acknowledgement(arrival)
    assert bot.traced(EnvelopeAcknowledged) == []
    await taken_in.begin(arrival)
    taken_in.trace_acknowledgement(arrival)

    told = [record for record in bot.records if isinstance(record, EnvelopeReceived | EnvelopeAcknowledged)]
    assert [type(record) for record in told] == [EnvelopeReceived, EnvelopeAcknowledged]
    assert told[0].at <= told[1].at


async def test_one_that_slack_did_not_send_takes_the_same_way(bot: BotUnderTest) -> None:
    """The same steps are traced, in the same order, as for what comes over the wire; the answer goes to the caller."""
    await bot.start(Slow)
    slow(bot).gate.set()
    assert await bot.workspace.run_command("alice", "general", "/slow").answer == {"text": "here it is"}
    await bot.settled()

    def steps() -> list[str]:
        kinds = (EnvelopeReceived, HandlersConsidered, EnvelopeAcknowledged, InvocationFinished)
        return [type(record).__name__ for record in bot.records if isinstance(record, kinds)]

    over_the_wire = steps()
    bot.records.clear()
    answer = await bot.machine.handle(run_of("/slow"))

    assert answer == {"text": "here it is"}
    assert steps() == over_the_wire
    assert [ack.answer for ack in bot.traced(EnvelopeAcknowledged)] == [answer]


async def test_one_that_slack_did_not_send_is_acknowledged_before_a_plain_handler_ends(bot: BotUnderTest) -> None:
    """As one of Slack's is; and what no handler answers in time, too."""
    await bot.start(Slow)
    handling = asyncio.create_task(bot.machine.handle(run_of("/plain")))

    acknowledged = await bot.record(EnvelopeAcknowledged)
    slow(bot).gate.set()

    assert await handling is None
    assert acknowledged.duration < timedelta(seconds=intake.ANSWER_WITHIN_S)


async def test_one_that_slack_did_not_send_is_answered_in_time(
    bot: BotUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the same timer; a handler that answers later is told so, as in production."""
    monkeypatch.setattr(intake, "ANSWER_WITHIN_S", 0.01)
    await bot.start(Slow)
    handling = asyncio.create_task(bot.machine.handle(run_of("/slow")))

    await bot.record(EnvelopeAcknowledged)
    slow(bot).gate.set()

    assert await handling is None
    assert [ack.answer for ack in bot.traced(EnvelopeAcknowledged)] == [None]


async def test_one_that_slack_did_not_send_may_come_again_and_is_not_kept(bot: BotUnderTest) -> None:
    """A replay carries the `event_id` of the event that it repeats; a crash of the bot does not run it again."""
    await bot.start(Slow)
    event = {"type": "message", "user": "U1", "channel": "C1", "text": "once", "ts": "1.2"}
    envelope = Envelope("again", "events_api", {"event": event, "event_id": "Ev1"})

    await bot.deliver(envelope)
    kept = list(inbox_of(bot).glob("*.db"))
    await bot.machine.handle(envelope)
    await bot.machine.handle(envelope)

    assert slow(bot).ended == 3
    assert list(inbox_of(bot).glob("*.db")) == kept


async def test_a_bot_that_does_not_listen_handles_what_it_is_given(bot: BotUnderTest, tmp_path: Path) -> None:
    """As a replay and the REPL need it: no transport is started, and no inbox is written."""
    await bot.start()
    await bot.machine.stop()
    project = tmp_path / "other"
    project.mkdir()

    async with Machine(bot.machine.settings, project=project, listens=False, plugins=[Slow]) as machine:
        [plugin] = [loaded.instance for loaded in machine.plugins.values()]
        assert isinstance(plugin, Slow)
        plugin.gate.set()

        assert await machine.handle(run_of("/slow")) == {"text": "here it is"}
        assert machine.queue_depth == 0
        await machine.wait_until_idle()

    assert not inbox_of(BotUnderTest(project)).exists()


def nested(depth: int) -> dict[str, object]:
    """Containers inside of each other."""
    value: dict[str, object] = {}
    for _ in range(depth // 2):
        value = {"x": [value]}
    return value


@pytest.mark.parametrize(
    "envelope",
    [
        Envelope("deep", "events_api", {"event": {"type": "message", "text": "once", "x": nested(500)}}),
        Envelope("deeper", "slash_commands", {"command": "/plain", "x": nested(90_000)}),
        Envelope("half \ud83d", "events_api", {"event": {"type": "message", "text": "once"}}),
    ],
    ids=["nested 500 deep", "nested 90,000 deep", "half a surrogate pair"],
)
@pytest.mark.usefixtures("production_logging")
async def test_a10_what_nobody_could_handle_is_acknowledged_refused_and_forgotten(
    bot: BotUnderTest, envelope: Envelope
) -> None:
    """A10: in one line; else Slack would send it again, and the inbox would keep it for ever."""
    await bot.start(Slow)
    arrival = Arrival(envelope, Caller())

    await bot.machine.receiver._intake.take([arrival])

    assert arrival.is_answered
    [line] = [log for log in bot.traced(LogWritten) if log.message == "An envelope was refused"]
    assert "\n" not in str(line.fields)
    assert not [one for one in bot.traced(EnvelopeReceived) if one.envelope.id == envelope.id]


def test_a10_what_slack_sends_is_not_refused() -> None:
    """A10: a rich text in a modal, say, is nested 20 deep."""
    assert not intake.is_nested_deeper(nested(98), intake.MAX_NESTING)
    assert intake.is_nested_deeper(nested(104), intake.MAX_NESTING)
