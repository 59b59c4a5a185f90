"""`machine run --headless` as those see it who run it: pages, figures, and lines that say what they are about."""

from __future__ import annotations

import signal
from pathlib import Path

import aiohttp
import pytest

from machine.sandbox import Sandbox, Workspace
from tests.console.processes import machine, outcome
from tests.waiting import Waiter

pytestmark = pytest.mark.slow

TALKATIVE = """
import logging

from machine.plugins import MachineBasePlugin
from machine.plugins.decorators import listen_to


class Talkative(MachineBasePlugin):
    @listen_to("^talk$")
    async def talk(self, msg):
        logging.getLogger("library").warning("from a library")
"""


async def test_a_headless_bot_says_how_it_is(tmp_path: Path) -> None:
    """From before it is ready; and each line written for a handler names event, handler and person."""
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "talkative.py").write_text(TALKATIVE, encoding="utf-8")

    async with Sandbox(Workspace.default()) as sandbox, aiohttp.ClientSession() as http:
        alice = sandbox.workspace.find_person("alice")
        settings = {
            "SLACK_API_URL": sandbox.api_url,
            "SLACK_BOT_TOKEN": sandbox.bot_token,
            "SLACK_APP_TOKEN": sandbox.app_token,
        }
        async with machine(tmp_path, "run", "--headless", "--health", "127.0.0.1:0", **settings) as bot:
            place = (await bot.event("Health is served"))["at"]
            await bot.event("Bot started")
            await sandbox.wait_for_connection()
            sandbox.workspace.post("alice", "general", "talk")
            line = await bot.event("from a library")
            async with http.get(f"{place}/readyz") as response:
                ready = await response.json()
            async with http.get(f"{place}/metrics") as response:
                figures = await response.text()
            bot.kill(signal.SIGTERM)
            ended = await bot.ended()

    assert ready == {"ready": True, "connection": "connected", "storage": "reachable"}
    assert 'machine_handler_duration_seconds_count{handler="plugins.talkative.Talkative.talk"} 1.0' in figures
    assert line["handler"] == "plugins.talkative.Talkative.talk"
    assert line["user_id"] == alice.id
    assert line["event_id"].startswith("Ev")
    assert (ended.code, ended.err) == (0, "")


SAYS_LOOP = """
import asyncio
import logging

from machine.plugins import MachineBasePlugin


class Loop(MachineBasePlugin):
    async def init(self):
        logging.getLogger("loop").warning(type(asyncio.get_running_loop()).__module__)
"""


@pytest.mark.parametrize(("is_there", "loop"), [(True, "uvloop"), (False, "asyncio.unix_events")])
async def test_uvloop_is_used_where_it_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_there: bool, loop: str
) -> None:
    """The bot starts and ends as ever on either."""
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "loop.py").write_text(SAYS_LOOP, encoding="utf-8")
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    if not is_there:
        (hidden / "uvloop.py").write_text("raise ImportError", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(hidden))

    async with machine(tmp_path, "run", "--headless", "--sandbox") as bot:
        await bot.event(loop)
        await bot.event("Bot started")
        bot.kill(signal.SIGTERM)
        ended = await bot.ended()

    assert (ended.code, ended.err) == (0, "")


async def test_an_address_that_is_none_is_refused(tmp_path: Path) -> None:
    """Before anything starts, saying what is expected."""
    ended = await outcome(tmp_path, "run", "--headless", "--health", "9090")

    assert ended.code == 1
    assert "HEALTH is '9090'. Expected: HOST:PORT" in ended.err


async def test_a_headless_bot_takes_requests_over_http(tmp_path: Path) -> None:
    """Without an app token; what is asked while it runs is answered, and SIGTERM ends it as ever."""
    secret = "8f742231b10e8888abcd"
    async with Sandbox(Workspace.default()) as sandbox:
        settings = {
            "SLACK_API_URL": sandbox.api_url,
            "SLACK_BOT_TOKEN": sandbox.bot_token,
            "SLACK_SIGNING_SECRET": secret,
        }
        async with machine(tmp_path, "run", "--headless", "--http", "127.0.0.1:0", **settings) as bot:
            line = await bot.event("HTTP")
            sandbox.deliver_to(line["at"] + line["slack"], secret)
            waiter = Waiter()
            sandbox.workspace.subscribe(waiter.notify)
            sandbox.workspace.post("alice", "general", "<@" + sandbox.workspace.bot.id + "> ping")
            await waiter.until(
                lambda: any(message.is_by_bot for message in sandbox.workspace.history("general")), "an answer"
            )
            bot.kill(signal.SIGTERM)
            ended = await bot.ended()

    assert (ended.code, ended.err) == (0, "")
    assert secret not in ended.everything


async def test_servers_need_no_console(tmp_path: Path) -> None:
    """Rather than starting without what was asked for."""
    ended = await outcome(tmp_path, "run", "--http", "127.0.0.1:0")

    assert ended.code == 1
    assert "Add --headless" in ended.err
