"""Several processes of one bot, with Redis as their storage: each event runs in one of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from machine.bot import Machine
from machine.envelope import Envelope
from machine.errors import StorageError
from machine.plugins import MachineBasePlugin, Message
from machine.plugins.decorators import listen_to
from machine.receiving import deduplication as deliveries
from machine.receiving.deduplication import ASK_AGAIN_AFTER_S, REMEMBERED_FOR, SharedDeliveries
from machine.sandbox import Sandbox, Workspace
from machine.trace import EnvelopeDropped, Record, Trace
from tests.conftest import BotUnderTest
from tests.console.processes import Process, machine
from tests.machine.storage.stores import optional_module, running_redis
from tests.waiting import NET_S, Waiter

REDIS = "machine.storage.backends.redis.RedisStorage"
# A process that is held up for longer than Redis may take to answer handles the event all the same, by design.
NUMBERS = f"""
from machine.receiving import deduplication as deliveries
from machine.plugins import MachineBasePlugin
from machine.plugins.decorators import listen_to

deliveries.CLAIM_WITHIN_S = {NET_S}

class Numbers(MachineBasePlugin):
    @listen_to(r"^number (?P<number>[0-9]+)$")
    async def tell(self, msg, number):
        await msg.say("answer " + number)
"""


class Numbers(MachineBasePlugin):
    """Answers numbers."""

    @listen_to(r"^number (?P<number>\d+)$")
    async def tell(self, msg: Message, number: str) -> None:
        await msg.say(f"answer {number}")


def redis_settings(server: dict[str, Any], prefix: str = "bots") -> dict[str, Any]:
    """The settings of a bot whose storage is this Redis."""
    url = f"redis://127.0.0.1:{server['port']}/0"
    return {"STORAGE_BACKEND": REDIS, "REDIS_URL": url, "REDIS_KEY_PREFIX": prefix}


def numbers(count: int) -> list[str]:
    """The answers to so many numbers, each once."""
    return sorted(f"answer {number}" for number in range(count))


@pytest.fixture
async def claims(redis_server: dict[str, Any], tmp_path: Path) -> AsyncIterator[Any]:
    """A Redis storage under a prefix of its own."""
    storage = optional_module(REDIS.rpartition(".")[0]).RedisStorage(redis_settings(redis_server, tmp_path.name))
    await storage.init()
    yield storage
    await storage.close()


async def test_what_one_process_claims_no_other_gets(claims: Any, redis_server: dict[str, Any], tmp_path: Path) -> None:
    """For ten minutes, under the storage's prefix, and not among the data that it lists."""
    other = type(claims)(redis_settings(redis_server, tmp_path.name))
    stranger = type(claims)(redis_settings(redis_server, f"{tmp_path.name}-of-others"))

    assert await claims.claim(["Ev1", "Ev2"], REMEMBERED_FOR) == [True, True]
    assert await other.claim(["Ev2", "Ev3"], REMEMBERED_FOR) == [False, True]
    assert await stranger.claim(["Ev2"], REMEMBERED_FOR) == [True]

    assert await claims.keys() == []
    left_s = await claims._redis.ttl(f"{tmp_path.name}-claimed:Ev2")
    assert timedelta(0) < timedelta(seconds=left_s) <= REMEMBERED_FOR
    await other.close()
    await stranger.close()


async def test_two_bots_on_one_redis_handle_each_event_once(
    bot: BotUnderTest, redis_server: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Slack delivers some events twice, to one bot each; the other one drops them, and acknowledges all the same."""
    await bot.start(Numbers, **redis_settings(redis_server, "two-bots"))
    dropped: list[Record] = []
    trace = Trace()
    trace.subscribe(dropped.append)
    folder = tmp_path_factory.mktemp("other")
    async with Machine(bot.machine.settings, trace=trace, project=folder, plugins=[Numbers]) as other:
        await bot.sandbox.wait_for_connection(2)
        bot.sandbox.faults.duplicate_deliveries("message")

        for number in range(30):
            bot.workspace.post("alice", "general", f"number {number}")
        await bot.answer(30)
        await bot.settled()
        await other.wait_until_idle()
        await bot.settled()

    assert sorted(message.text for message in bot.said()) == numbers(30)
    reasons = {record.reason for record in [*dropped, *bot.records] if isinstance(record, EnvelopeDropped)}
    assert "another process of the bot handles it" in reasons


async def test_two_processes_on_one_redis_handle_each_event_once(redis_server: dict[str, Any], tmp_path: Path) -> None:
    """The same with `machine run --headless`, twice."""
    waiter = Waiter()
    workspace = Workspace.default()
    workspace.subscribe(waiter.notify)
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "numbers.py").write_text(NUMBERS)

    def said() -> Sequence[str]:
        return sorted(message.text for message in workspace.history("general") if message.is_by_bot)

    async with Sandbox(workspace) as sandbox, AsyncExitStack() as processes:
        settings = {
            "SLACK_API_URL": sandbox.api_url,
            "SLACK_BOT_TOKEN": sandbox.bot_token,
            "SLACK_APP_TOKEN": sandbox.app_token,
            "PLUGINS": "",
            "REPL_SOCKET": "",
            **redis_settings(redis_server, "two-processes"),
        }
        started: list[Process] = [
            await processes.enter_async_context(machine(tmp_path, "run", "--headless", **settings)) for _ in range(2)
        ]
        for process in started:
            await process.event("Bot started")
        await sandbox.wait_for_connection(2)
        sandbox.faults.duplicate_deliveries("message")

        for number in range(30):
            workspace.post("alice", "general", f"number {number}")
        await waiter.until(lambda: len(said()) >= 30, "30 answers")
        await sandbox.wait_until_idle()

    assert said() == numbers(30)


async def test_without_redis_each_bot_handles_what_it_gets(bot: BotUnderTest, tmp_path: Path) -> None:
    """The server goes away while the bot runs: no event is lost, and the log says it once."""
    with running_redis(tmp_path) as server:
        await bot.start(Numbers, **redis_settings(server))
        await bot.sandbox.wait_for_connection()
        bot.workspace.post("alice", "general", "number 0")
        await bot.answer(1)

    with capture_logs() as lines:
        for number in range(1, 10):
            bot.workspace.post("alice", "general", f"number {number}")
        await bot.answer(10)
        await bot.settled()

    assert sorted(message.text for message in bot.said()) == numbers(10)
    assert [line["log_level"] for line in lines if "cannot be asked" in line["event"]] == ["warning"]


class Unreliable:
    """Agrees to everything, or answers nothing."""

    def __init__(self) -> None:
        self.is_down = False
        self.asked: list[Sequence[str]] = []

    async def claim(self, names: Sequence[str], _lasting: timedelta) -> Sequence[bool]:
        """Claim names."""
        self.asked.append(names)
        if self.is_down:
            raise StorageError("Redis at redis.example cannot be used")
        return [False] * len(names)


async def test_a_loop_that_was_held_up_still_hears_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a handler that blocks would have events run twice, although Redis answered in time."""
    monkeypatch.setattr(deliveries, "CLAIM_WITHIN_S", 0.02)

    class Slow(Unreliable):
        async def claim(self, names: Sequence[str], _lasting: timedelta) -> Sequence[bool]:
            loop = asyncio.get_running_loop()
            answer: asyncio.Future[Sequence[bool]] = loop.create_future()

            def handler() -> None:
                time.sleep(0.05)
                loop.call_soon(answer.set_result, [False] * len(names))  # came in meanwhile

            loop.call_soon(handler)
            return await answer

    assert await SharedDeliveries(Slow()).claim([Envelope("e1", "events_api", {"event_id": "Ev1"})]) == [False]


async def test_it_is_asked_again_after_a_while() -> None:
    """Not for every event: each would wait for a server that does not answer."""
    now = 0.0
    claims = Unreliable()
    shared = SharedDeliveries(claims, clock=lambda: now)
    events = [Envelope("e1", "events_api", {"event_id": "Ev1"}), Envelope("e2", "slash_commands", {})]

    claims.is_down = True
    assert await shared.claim(events) == [True, True]
    claims.is_down = False
    assert await shared.claim(events) == [True, True]
    assert len(claims.asked) == 1
    now = ASK_AGAIN_AFTER_S

    assert await shared.claim(events) == [False, True]
    assert claims.asked == [["Ev1"], ["Ev1"]]
