"""How the bot is, as those who run it ask: over HTTP, in words and in figures."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator

import aiohttp
import pytest

from machine.address import Address
from machine.errors import MachineError, StorageError
from machine.health import Health
from machine.plugins import MachineBasePlugin, Message
from machine.plugins.decorators import listen_to
from machine.storage.backends.memory import MemoryStorage
from machine.trace import ConnectionChanged, Trace
from tests.conftest import BotUnderTest
from tests.waiting import NET_S

ANYWHERE = Address("127.0.0.1", 0)


class Numbers(MachineBasePlugin):
    """Does well, badly, or asks for what Slack refuses."""

    @listen_to(r"^well$")
    async def well(self, msg: Message) -> None:
        await msg.say("well")

    @listen_to(r"^badly$")
    async def badly(self, msg: Message) -> None:
        raise ValueError("badly")

    @listen_to(r"^refused$")
    async def refused(self, msg: Message) -> None:
        await self.say("C0NOWHERE", "hello")


class Failing(MemoryStorage):
    """A store that has gone."""

    async def has(self, key: str) -> bool:
        raise StorageError("redis://user:secret@host cannot be reached")


class Hanging(MemoryStorage):
    """A store that does not answer."""

    async def has(self, key: str) -> bool:
        await asyncio.Event().wait()
        return False


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """A client."""
    async with aiohttp.ClientSession() as session:
        yield session


def value(page: str, metric: str, **labels: str) -> float:
    """The value of a metric with exactly these labels."""
    wanted = {f'{name}="{text}"' for name, text in labels.items()}
    for name, found, number in re.findall(r"^(\w+)(?:\{(.*)\})? (\S+)$", page, re.MULTILINE):
        if name == metric and set(filter(None, found.split(","))) == wanted:
            return float(number)
    raise AssertionError(f"{metric} {labels} is not on the page:\n{page}")


async def test_figures_tell_what_happened(bot: BotUnderTest, http: aiohttp.ClientSession) -> None:
    """Events, handlers, calls and connections: each counted where it happened, by names with few values."""
    await bot.start(Numbers)
    machine = bot.machine
    async with Health(ANYWHERE, machine.trace, lambda: machine.storage, lambda: machine.queue_depth) as health:
        bot.sandbox.disconnect()  # the health page came after the first connection: the next one it sees
        await bot.record(ConnectionChanged, where=lambda record: record.state == "reconnecting")
        for text in ("well", "well", "badly", "refused"):
            bot.workspace.post("alice", "general", text)
        await bot.answer(2)
        await bot.settled()
        async with http.get(f"http://{health.address}/metrics") as response:
            page = await response.text()

    handler = "tests.machine.test_health.Numbers"
    assert response.content_type == "text/plain"
    assert value(page, "machine_events_total", kind="events_api", type="message") >= 4
    assert value(page, "machine_handler_duration_seconds_count", handler=f"{handler}.well") == 2
    assert value(page, "machine_handler_failures_total", handler=f"{handler}.badly") == 1
    assert value(page, "machine_api_calls_total", method="chat.postMessage", status="ok") == 2
    assert value(page, "machine_api_calls_total", method="chat.postMessage", status="channel_not_found") == 1
    assert value(page, "machine_api_call_duration_seconds_count", method="chat.postMessage") == 3
    assert value(page, "machine_connections") == 1
    assert value(page, "machine_handlers_running") == 0
    assert value(page, "machine_queue_depth") == 0
    assert value(page, "machine_acknowledgement_seconds_count") >= 4


async def test_the_lag_of_the_loop_is_measured(http: aiohttp.ClientSession) -> None:
    """A loop that is held up answers no one in time; the histogram says how often and how long."""
    async with Health(ANYWHERE, Trace(), lambda: None) as health, asyncio.timeout(NET_S):
        page = ""
        while not page or value(page, "machine_loop_lag_seconds_count") == 0:
            async with http.get(f"http://{health.address}/metrics") as response:
                page = await response.text()


async def test_alive_is_not_ready(http: aiohttp.ClientSession) -> None:
    """A bot that starts, or waits for Slack to come back, must not be restarted for it."""
    trace = Trace()
    async with Health(ANYWHERE, trace, lambda: None) as health:
        async with http.get(f"http://{health.address}/healthz") as alive:
            assert alive.status == 200
        async with http.get(f"http://{health.address}/readyz") as ready:
            assert (ready.status, (await ready.json())["connection"]) == (503, "starting")

        trace.emit(ConnectionChanged(state="reconnecting", detail="the connection was closed"))

        async with http.get(f"http://{health.address}/readyz") as ready:
            assert (ready.status, (await ready.json())["connection"]) == (503, "reconnecting")


@pytest.mark.parametrize(
    ("storage", "expected"),
    [(MemoryStorage, (200, "reachable")), (Failing, (503, "unreachable")), (Hanging, (503, "no answer"))],
)
async def test_a_bot_is_ready_while_connected_with_storage_in_reach(
    http: aiohttp.ClientSession,
    storage: type[MemoryStorage],
    expected: tuple[int, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Both, or work must not be sent its way; what the store says of itself is not for everybody."""
    monkeypatch.setattr("machine.health.STORAGE_WITHIN_S", 0.05)
    trace, opened = Trace(), storage({})
    await opened.init()
    async with Health(ANYWHERE, trace, lambda: opened) as health:
        trace.emit(ConnectionChanged(state="connected", detail="Acme", connections=1))
        async with http.get(f"http://{health.address}/readyz") as response:
            answer = await response.text()

    assert response.status == expected[0]
    assert f'"storage": "{expected[1]}"' in answer
    assert "secret" not in answer
    await opened.close()


async def test_an_address_in_use_says_so() -> None:
    """The message names the setting, the address, and what to do."""
    async with Health(ANYWHERE, Trace(), lambda: None) as first:
        with pytest.raises(MachineError, match=rf"HEALTH: cannot listen on {first.address}: .*Choose another"):
            async with Health(first.address, Trace(), lambda: None):
                pass
