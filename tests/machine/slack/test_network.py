"""The way to Slack: where the Web API is, and through which proxy."""

from __future__ import annotations

import pytest

from machine.errors import MachineError
from machine.plugins import Command
from machine.plugins.decorators import command
from tests.conftest import BotUnderTest
from tests.machine.plugins.catching import Catcher, catcher
from tests.machine.slack.proxy import Proxy


class Talker(Catcher):
    """Answers a command by its response URL."""

    @command("/talk")
    async def talk(self, run: Command) -> None:
        await run.say("through the proxy")


async def test_the_proxy_covers_everything(bot: BotUnderTest) -> None:
    """Pitfall 30: Web API, Socket Mode and response URLs."""
    proxy = Proxy()
    async with proxy.running(), bot.sandbox:
        proxy.target_port = bot.sandbox.port
        bot.life.sandbox = _Running(bot.sandbox)  # type: ignore[assignment]  # delegates to the real one
        await bot.start(Talker, SLACK_API_URL="http://slack.example/api/", HTTP_PROXY=proxy.url)

        await bot.workspace.run_command("alice", "general", "/talk").answer
        await bot.settled()

        assert bot.machine.is_live
        assert bot.said()[0].text == "through the proxy"
        for part in ("http://slack.example/api/auth.test", "/api/apps.connections.open", "/link/", "/commands/"):
            assert any(part in line for line in proxy.requests), part
        await bot.stop()


class _Running:
    """A sandbox that is running already."""

    def __init__(self, sandbox: object) -> None:
        self._sandbox = sandbox

    def __getattr__(self, name: str) -> object:
        return getattr(self._sandbox, name)

    async def __aenter__(self) -> object:
        return self._sandbox

    async def __aexit__(self, *_: object) -> None:
        """Whoever started it stops it."""


async def test_a_sandbox_on_this_machine_takes_no_proxy(bot: BotUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pitfall 30: neither that of the setting nor that of the environment, which leads elsewhere."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")

    plugin = await catcher(bot, HTTP_PROXY="http://127.0.0.1:9")
    await plugin.say("general", "hello")

    assert not bot.machine.is_live
    assert bot.said()[0].text == "hello"


async def test_slack_out_of_reach_is_said_plainly(bot: BotUnderTest, waits: list[float]) -> None:
    """Pitfall 30: the address in SLACK_API_URL is the one that is called, and named when nobody answers there."""
    with pytest.raises(MachineError, match=r"127\.0\.0\.1:9/api/.*SLACK_API_URL"):
        await bot.start(Catcher, SLACK_API_URL="http://127.0.0.1:9/api/")
