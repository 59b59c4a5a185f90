"""Receiving has a thread of its own: whatever handlers do to the event loop, Slack is told at once."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator

import aiohttp
import pytest

from machine.bot import Machine
from machine.dispatch import supervisor
from machine.errors import SlackRefusedError
from machine.plugins import Command, MachineBasePlugin, Message, WebhookRequest
from machine.plugins.decorators import command, listen_to, webhook
from machine.receiving import intake
from machine.receiving.thread import ReceivingThread
from machine.trace import (
    ConnectionChanged,
    EnvelopeAcknowledged,
    EnvelopeReceived,
    InvocationFinished,
    InvocationStarted,
    LogWritten,
    Record,
)
from tests.conftest import BotUnderTest
from tests.machine.receiving.far import FarSandbox, Gate, after, far
from tests.machine.receiving.test_http import ON_HTTP, SECRET, base, url


@pytest.fixture
def gate() -> Gate:
    """One gate for a test."""
    return Gate()


@pytest.fixture
async def far_bot(bot: BotUnderTest, gate: Gate, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[BotUnderTest]:
    """A bot whose workspace lives on another thread, as Slack does, and goes on when the bot's loop stands still."""
    loop, notify = asyncio.get_running_loop(), bot.life.settling.notice
    monkeypatch.setattr(bot.life.settling, "notice", lambda happening: loop.call_soon_threadsafe(notify, happening))
    thread = ReceivingThread()
    await thread.start()
    bot.life.sandbox = FarSandbox(bot.sandbox, thread, gate)  # type: ignore[assignment]  # has what the tests need
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
    await far_bot.record(InvocationFinished)
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


async def test_no_thread_is_started_for_a_bot_that_does_not_listen(bot: BotUnderTest) -> None:
    """As the REPL uses it: only the Web API."""
    before = len(receiving_threads())
    await bot.start()
    await bot.machine.stop()

    async with Machine(bot.machine.settings, project=bot.project, listens=False):
        assert len(receiving_threads()) == before

    assert len(receiving_threads()) == before


async def test_no_thread_is_left_when_starting_is_given_up(bot: BotUnderTest) -> None:
    """A signal while Slack does not answer: what is under way on the thread is cancelled."""
    before = len(receiving_threads())
    bot.sandbox.faults.delay("apps.connections.open", seconds=60)

    starting = asyncio.create_task(bot.start())
    await bot.record(ConnectionChanged)
    starting.cancel()
    await asyncio.gather(starting, return_exceptions=True)

    assert starting.cancelled()
    assert len(receiving_threads()) == before


@pytest.mark.usefixtures("production_logging")
async def test_no_thread_is_left_when_handlers_do_not_end(bot: BotUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for them is given up when its time is over, and the log says how much that is."""
    monkeypatch.setattr(supervisor, "MAX_IN_FLIGHT", 1)
    monkeypatch.setattr(supervisor, "MAX_WAITING", 1)
    before = len(receiving_threads())

    class Endless(MachineBasePlugin):
        @listen_to("")
        async def wait(self, msg: Message) -> None:
            await asyncio.Event().wait()

    await bot.start(Endless, DRAIN_TIMEOUT=0.05)
    await bot.sandbox.wait_for_connection()
    for _ in range(10):
        bot.workspace.post("alice", "general", "hello")
    await bot.sandbox.wait_until_idle()

    await bot.machine.stop()
    await bot.machine.wait_until_idle()

    assert len(receiving_threads()) == before
    lost = await bot.record(LogWritten, where=lambda line: "no handler has begun with" in line.message)
    assert lost.fields["count"] == 8  # one ran, one waited


async def test_what_was_acknowledged_is_handled_when_the_bot_stops(far_bot: BotUnderTest, gate: Gate) -> None:
    """Slack does not send it again, so it must not be forgotten, also where no handler had begun with it."""
    heard: list[str] = []

    class Listening(MachineBasePlugin):
        @listen_to("")
        async def hear(self, msg: Message) -> None:
            if not heard:
                gate.block()
            heard.append(msg.text)

    texts = [str(number) for number in range(200)]
    gate.opens_when = after(len(texts), "ack")
    await far_bot.start(Listening)
    await far(far_bot).wait_for_connection()

    await far(far_bot).post(*texts)
    await far_bot.record(InvocationStarted)
    await far_bot.machine.stop()

    assert heard == texts


async def test_http_requests_are_answered_while_a_handler_blocks(far_bot: BotUnderTest, gate: Gate) -> None:
    """The server is on the same thread; Slack waits no longer for an HTTP response than for an acknowledgement."""

    class Blocking(MachineBasePlugin):
        @listen_to("^block$")
        async def block(self, msg: Message) -> None:
            gate.block()

    gate.opens_when = after(2, "ack")
    await far_bot.start(Blocking, **ON_HTTP)
    await far(far_bot).deliver_to(url(far_bot), SECRET)

    await far(far_bot).post("block", "next")
    await far_bot.record(InvocationFinished)
    await far_bot.settled()

    assert gate.was_open == [True]
    assert len(far_bot.traced(EnvelopeAcknowledged)) == 2


async def test_webhooks_run_on_the_loop_of_the_bot(bot: BotUnderTest) -> None:
    """Plugins share their state between handlers without locks, so all of them run on one thread."""
    threads: list[int] = []

    class Routes(MachineBasePlugin):
        @webhook("/hook")
        async def hook(self, request: WebhookRequest) -> str:
            threads.append(threading.get_ident())
            return request.text

    await bot.start(Routes, HTTP="127.0.0.1:0")

    async with aiohttp.ClientSession() as http, http.post(f"{base(bot)}/hook", data="hi") as response:
        assert await response.text() == "hi"

    assert threads == [threading.get_ident()]
