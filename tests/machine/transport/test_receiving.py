"""Receiving has a thread of its own: whatever handlers do to the event loop, Slack is told at once."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest

from machine.errors import SlackRefusedError
from machine.plugins import Command, MachineBasePlugin, Message
from machine.plugins.decorators import command, listen_to
from machine.trace import EnvelopeAcknowledged, EnvelopeReceived, InvocationFinished, LogWritten, Record
from machine.transport import intake
from machine.transport.receiving import ReceivingThread
from tests.conftest import BotUnderTest
from tests.machine.transport.far import FarSandbox, Gate, after, far


@pytest.fixture
def gate() -> Gate:
    """One gate for a test."""
    return Gate()


@pytest.fixture
async def far_bot(bot: BotUnderTest, gate: Gate, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[BotUnderTest]:
    """A bot whose workspace lives on another thread, as Slack does, and goes on when the bot's loop stands still."""
    loop, notify = asyncio.get_running_loop(), bot._waiter.notify
    monkeypatch.setattr(bot._waiter, "notify", lambda *_: loop.call_soon_threadsafe(notify))
    thread = ReceivingThread()
    await thread.start()
    bot.sandbox = FarSandbox(bot.sandbox, thread, gate)  # type: ignore[assignment]  # has what the tests need
    yield bot
    await bot.stop()
    await thread.close()


def receiving_threads() -> list[threading.Thread]:
    """The threads on which bots listen."""
    return [thread for thread in threading.enumerate() if thread.name == "receiving"]


async def test_a_handler_that_blocks_delays_no_acknowledgement(far_bot: BotUnderTest, gate: Gate) -> None:
    """Issue 9: the handler blocks until Slack has been told of the events after its own; each runs once."""

    class Blocking(MachineBasePlugin):
        @listen_to("^block$")
        async def block(self, msg: Message) -> None:
            gate.block()

        @listen_to("^note")
        async def note(self, msg: Message) -> None:
            """Runs when it can."""

    gate.opens_when = after(4, "ack")
    await far_bot.start(Blocking)
    await far(far_bot).wait_for_connection()

    await far(far_bot).post("block", "note 1", "note 2", "note 3")
    await far_bot.record(InvocationFinished, 4)
    await far_bot.settled()

    assert gate.was_open == [True]
    names = [record.handler.rpartition(".")[2] for record in far_bot.traced(InvocationFinished)]
    assert names == ["block", "note", "note", "note"]


async def test_events_run_in_the_order_in_which_they_came(far_bot: BotUnderTest, gate: Gate) -> None:
    """Over one connection; also those that came while the bot's loop stood still."""
    heard: list[str] = []

    class Listening(MachineBasePlugin):
        @listen_to("")
        async def hear(self, msg: Message) -> None:
            heard.append(msg.text)
            if msg.text == "0":
                gate.block()

    texts = [str(number) for number in range(120)]
    gate.opens_when = after(len(texts), "ack")
    await far_bot.start(Listening)
    await far(far_bot).wait_for_connection()

    await far(far_bot).post(*texts)
    await far_bot.record(InvocationFinished, len(texts))

    assert heard == texts


async def test_a_plain_command_is_acknowledged_while_a_handler_blocks(far_bot: BotUnderTest, gate: Gate) -> None:
    """No handler may answer it, so nobody needs to be asked."""

    class Blocking(MachineBasePlugin):
        @command("/plain")
        async def plain(self, cmd: Command) -> None:
            gate.block()

    gate.opens_when = after(1, "ack")
    await far_bot.start(Blocking)
    await far(far_bot).wait_for_connection()

    assert await far(far_bot).run_command("/plain") is None
    assert gate.was_open == [True]


@pytest.mark.usefixtures("production_logging")
async def test_a_command_is_acknowledged_although_the_loop_stands_still(
    far_bot: BotUnderTest, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A handler would answer it, but does not come to it in time; its answer is told of as too late."""

    class Blocking(MachineBasePlugin):
        @command("/answer")
        async def answer(self, cmd: Command) -> AsyncIterator[str]:
            gate.block()
            yield "too late"

    monkeypatch.setattr(intake, "ANSWER_WITHIN_S", 0.01)
    gate.opens_when = after(1, "ack")
    await far_bot.start(Blocking)
    await far(far_bot).wait_for_connection()

    assert await far(far_bot).run_command("/answer") is None
    await far_bot.record(LogWritten, where=lambda line: "too late or second" in line.message)
    await far_bot.settled()

    assert gate.was_open == [True]
    (acknowledged,) = far_bot.traced(EnvelopeAcknowledged)
    assert acknowledged.answer is None


async def test_the_answer_of_a_command_finds_its_way_back(far_bot: BotUnderTest) -> None:
    """From the bot's loop to the thread that holds the connection."""

    class Answering(MachineBasePlugin):
        @command("/answer")
        async def answer(self, cmd: Command) -> AsyncIterator[str]:
            yield "in time"

    await far_bot.start(Answering)
    await far(far_bot).wait_for_connection()

    answer = await far(far_bot).run_command("/answer")
    await far_bot.settled()

    assert answer == {"text": "in time"}
    (acknowledged,) = far_bot.traced(EnvelopeAcknowledged)
    assert acknowledged.answer == answer


@pytest.mark.usefixtures("production_logging")
async def test_what_is_traced_reaches_subscribers_on_their_thread(far_bot: BotUnderTest) -> None:
    """They are not made for several: connections, log lines and acknowledgements included."""
    threads: dict[int, list[Record]] = {}
    await far_bot.start()
    far_bot.machine.trace.subscribe(lambda record: threads.setdefault(threading.get_ident(), []).append(record))
    await far(far_bot).wait_for_connection()

    await far(far_bot).post("hello")
    await far_bot.record(EnvelopeReceived)
    await far_bot.settled()
    await far_bot.machine.stop()

    assert set(threads) == {threading.get_ident()}
    seen = {type(record).__name__ for record in threads[threading.get_ident()]}
    assert {"EnvelopeReceived", "EnvelopeAcknowledged", "ConnectionChanged", "LogWritten"} <= seen


async def test_times_are_those_of_the_receiving_thread(far_bot: BotUnderTest, gate: Gate) -> None:
    """What arrives while the loop stands still is traced later, with the time at which it arrived."""

    class Blocking(MachineBasePlugin):
        @listen_to("^block$")
        async def block(self, msg: Message) -> None:
            gate.block()

    gate.opens_when = after(2, "ack")
    await far_bot.start(Blocking)
    await far(far_bot).wait_for_connection()

    await far(far_bot).post("block", "next")
    ended = await far_bot.record(InvocationFinished)
    received = await far_bot.record(EnvelopeReceived, 2)
    acknowledged = await far_bot.record(EnvelopeAcknowledged, 2)

    assert received.at <= acknowledged.at < ended.at


async def test_no_thread_is_left_when_the_bot_stops(bot: BotUnderTest) -> None:
    """However often; and stopping twice is harmless."""
    before = len(receiving_threads())
    await bot.start()
    assert len(receiving_threads()) == before + 1

    await bot.machine.stop()
    await bot.machine.stop()

    assert len(receiving_threads()) == before


async def test_no_thread_is_left_when_the_bot_cannot_start(bot: BotUnderTest) -> None:
    """Slack refuses the app token, which shows on the thread."""
    before = len(receiving_threads())

    with pytest.raises(SlackRefusedError, match="SLACK_APP_TOKEN"):
        await bot.start(SLACK_APP_TOKEN="xapp-1-unknown")

    assert len(receiving_threads()) == before
