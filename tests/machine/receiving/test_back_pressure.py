"""What waits for handlers is bounded: beyond that nothing more is read, nothing is lost, and Slack is told we live."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import aiohttp
import pytest
from aiohttp import WSMsgType, web

from machine.dispatch import supervisor
from machine.plugins import MachineBasePlugin, Message
from machine.plugins.decorators import listen_to
from machine.receiving import event_queue
from machine.receiving.connection import SocketConnection
from machine.trace import ConnectionChanged, InvocationStarted, LogWritten
from tests.conftest import BotUnderTest
from tests.machine.receiving.test_http import ON_HTTP, event, signed, url
from tests.waiting import NET_S

LONG = "x" * 1_500
EVENTS = 1_000  # 2 MB: more than is read before somebody looks whether there is room


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bot in which little may wait."""
    monkeypatch.setattr(supervisor, "MAX_IN_FLIGHT", 2)
    monkeypatch.setattr(supervisor, "MAX_WAITING", 2)
    monkeypatch.setattr(event_queue, "MAX_WAITING", 20)


class Patient(MachineBasePlugin):
    """Waits with everything until it may go on."""

    gate: asyncio.Event
    heard: list[str]

    async def init(self) -> None:
        self.gate = asyncio.Event()
        self.heard = []

    @listen_to("^number")
    async def hear(self, msg: Message) -> None:
        await self.gate.wait()
        self.heard.append(msg.text.split()[1])


def patient(bot: BotUnderTest) -> Patient:
    """The plugin."""
    (plugin,) = (loaded.instance for loaded in bot.machine.plugins.values())
    assert isinstance(plugin, Patient)
    return plugin


@pytest.mark.usefixtures("small", "production_logging")
async def test_reading_stops_while_too_much_waits_and_goes_on(bot: BotUnderTest) -> None:
    """Issue 9: memory is bounded, nothing is lost, nothing comes twice, and the connection lives."""
    await bot.start(Patient)
    await bot.sandbox.wait_for_connection()

    for number in range(EVENTS):
        bot.workspace.post("alice", "general", f"number {number} {LONG}")
    await bot.record(LogWritten, where=lambda line: "no more are received" in line.message)
    await bot.record(InvocationStarted, 2)
    unread, waiting = bot.sandbox.socket_mode.unacknowledged_count, bot.machine.queue_depth
    patient(bot).gate.set()
    await bot.record(LogWritten, where=lambda line: "received again" in line.message)
    await bot.settled()

    assert unread > 0
    assert waiting < EVENTS / 2  # no more than what was read at once
    assert sorted(map(int, patient(bot).heard)) == list(range(EVENTS))  # two run at once
    assert [record.state for record in bot.traced(ConnectionChanged)] == ["connecting", "connected"]


@pytest.mark.usefixtures("small", "production_logging")
async def test_every_connection_is_read_again(bot: BotUnderTest) -> None:
    """None is forgotten where several wait for room."""
    await bot.start(Patient, SOCKET_MODE_CONNECTIONS=3)
    await bot.sandbox.wait_for_connection(3)

    for number in range(EVENTS):
        bot.workspace.post("alice", "general", f"number {number} {LONG}")
    await bot.record(LogWritten, where=lambda line: "no more are received" in line.message)
    patient(bot).gate.set()
    await bot.settled()

    assert sorted(map(int, patient(bot).heard)) == list(range(EVENTS))


@pytest.mark.usefixtures("small", "production_logging")
async def test_few_long_messages_are_enough(bot: BotUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is memory that is bounded, and that depends on how much people write."""
    monkeypatch.setattr(event_queue, "MAX_WAITING", EVENTS * 2)
    monkeypatch.setattr(event_queue, "MAX_SIZE", 20 * len(LONG))
    await bot.start(Patient)
    await bot.sandbox.wait_for_connection()

    for number in range(EVENTS):
        bot.workspace.post("alice", "general", f"number {number} {LONG}")
    await bot.record(LogWritten, where=lambda line: "no more are received" in line.message)
    waiting = bot.machine.queue_depth
    patient(bot).gate.set()
    await bot.settled()

    assert waiting < EVENTS / 2
    assert sorted(map(int, patient(bot).heard)) == list(range(EVENTS))  # two run at once


@pytest.mark.usefixtures("small")
async def test_over_http_slack_is_asked_to_come_back(bot: BotUnderTest) -> None:
    """503 is what Slack repeats; once there is room again, the event is taken."""
    await bot.start(Patient, **ON_HTTP)
    statuses = []

    async with aiohttp.ClientSession() as http:

        async def send(number: int) -> int:
            body = event(f"number {number}", event_id=f"Ev{number}")
            async with http.post(url(bot), data=body, headers=signed(body)) as response:
                return response.status

        number = 0
        while 503 not in statuses:
            statuses.append(await send(number))
            number += 1
        patient(bot).gate.set()
        await bot.machine.wait_until_idle()
        again = await send(number - 1)
        await bot.machine.wait_until_idle()

    assert again == 200
    assert sorted(map(int, patient(bot).heard)) == list(range(number))


class Server:
    """Serves one WebSocket and notes what comes over it."""

    def __init__(self) -> None:
        self.socket = web.WebSocketResponse(autoping=False)
        self.is_open = asyncio.Event()
        self.came: asyncio.Queue[WSMsgType] = asyncio.Queue()

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        """Serve it until it is closed; no ping is answered."""
        await self.socket.prepare(request)
        self.is_open.set()
        async for message in self.socket:
            self.came.put_nowait(message.type)
        return self.socket

    async def until(self, kind: WSMsgType) -> None:
        """Wait for a message of a kind."""
        async with asyncio.timeout(NET_S):
            while await self.came.get() is not kind:
                pass


@pytest.fixture
async def serving() -> AsyncIterator[tuple[Server, str]]:
    """A server of one WebSocket, and its address."""
    server = Server()
    app = web.Application()
    app.router.add_get("/", server.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield server, f"ws://127.0.0.1:{runner.addresses[0][1]}/"
    await runner.cleanup()


async def test_a_connection_that_is_not_read_says_that_it_lives(serving: tuple[Server, str]) -> None:
    """Slack's pings wait unread, and ours are not answered; the connection is kept all the same, and read on."""
    server, address = serving
    room = asyncio.Event()
    taken: asyncio.Queue[Any] = asyncio.Queue()

    async def take(_link: SocketConnection, messages: Sequence[Any]) -> None:
        for message, _size in messages:
            taken.put_nowait(message)

    async def until_room() -> None:
        await room.wait()

    async with aiohttp.ClientSession() as session:
        link = await SocketConnection.open(session, address, None, 0.02, take, until_room)
        await server.is_open.wait()
        await server.socket.send_json({"number": 1})
        await server.socket.send_json({"number": 2})
        for _ in range(5):  # more than enough for a silent connection to be given up
            await server.until(WSMsgType.PONG)
        assert not link.is_closed
        assert await taken.get() == {"number": 1}
        assert taken.empty()

        room.set()

        assert await taken.get() == {"number": 2}
        await link.close()


async def test_a_connection_that_is_read_and_silent_is_given_up(serving: tuple[Server, str]) -> None:
    """Pitfall 36: nobody answers its pings."""
    server, address = serving

    async def ignore(_link: SocketConnection, _messages: Sequence[Any]) -> None:
        """Nothing comes."""

    async def no_wait() -> None:
        """There is room."""

    async with aiohttp.ClientSession() as session:
        link = await SocketConnection.open(session, address, None, 0.02, ignore, no_wait)
        await server.until(WSMsgType.PING)

        await link.until_leaving()

        assert link.is_closed
        await link.close()
