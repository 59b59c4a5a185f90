"""Handlers that fail, or take too long."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from machine.dispatch.supervisor import MAX_IN_FLIGHT
from machine.plugins import MachineBasePlugin, Message
from machine.plugins.decorators import listen_to, on, timeout
from machine.trace import InvocationFailed, InvocationFinished, InvocationStarted, LogWritten
from tests.conftest import BotUnderTest


class Clumsy(MachineBasePlugin):
    """Fails in every way."""

    @listen_to("go")
    async def fail(self, msg: Message) -> None:
        raise LookupError("nothing here, xoxb-1-secret")

    @listen_to("go")
    @timeout(0.01)
    async def hang(self, msg: Message) -> None:
        await asyncio.Event().wait()


class Steady(MachineBasePlugin):
    """Works, and hears of failures."""

    errors: list[dict[str, Any]]

    async def init(self) -> None:
        self.errors = []

    @listen_to("go")
    async def work(self, msg: Message) -> None:
        await msg.say("done")

    @on("handler-error")
    async def hear(self, **error: Any) -> None:
        self.errors.append(error)
        raise RuntimeError("an error listener that fails must not call itself")


async def test_one_failing_handler_stops_no_other(bot: BotUnderTest) -> None:
    """Pitfall 19: it is traced with its own traceback, without secrets, and the rest goes on."""
    await bot.start(Clumsy, Steady)

    bot.workspace.post("alice", "general", "go")
    await bot.record(InvocationFinished, where=lambda record: record.handler.endswith("work"))
    failed = await bot.record(InvocationFailed, where=lambda record: record.handler.endswith("fail"))

    assert failed.error == "LookupError: nothing here, xoxb-…redacted"
    assert 'raise LookupError("nothing here' in failed.traceback
    assert "/supervisor.py" not in failed.traceback
    assert (await bot.answer()).text == "done"


async def test_a_handler_that_exceeds_its_timeout_counts_as_failed(bot: BotUnderTest) -> None:
    """A declared limit is kept."""
    await bot.start(Clumsy)

    bot.workspace.post("alice", "general", "go")
    failed = await bot.record(InvocationFailed, where=lambda record: record.handler.endswith("hang"))

    assert failed.error == "TimeoutError: the handler did not end within 0.01 s"


async def test_plugins_hear_of_errors(bot: BotUnderTest) -> None:
    """Pitfall 19: the error hook gets handler, exception and payload; its own failure ends there."""
    await bot.start(Clumsy, Steady)

    bot.workspace.post("alice", "general", "go")
    await bot.record(InvocationFailed, 4)
    await bot.settled()

    steady = next(plugin.instance for plugin in bot.machine.plugins.values() if isinstance(plugin.instance, Steady))
    assert isinstance(steady, Steady)
    assert sorted(error["handler"].rpartition(".")[2] for error in steady.errors) == ["fail", "hang"]
    assert all(error["payload"]["event"]["text"] == "go" for error in steady.errors)


@pytest.mark.usefixtures("production_logging")
async def test_handlers_that_keep_others_waiting_are_told_once(bot: BotUnderTest) -> None:
    """A bot whose handlers hang goes quiet; the log says which ones hold it up."""
    gate = asyncio.Event()

    class Hanging(MachineBasePlugin):
        @listen_to("^hang$")
        async def hang(self, msg: Message) -> None:
            await gate.wait()

    await bot.start(Hanging)

    for _ in range(MAX_IN_FLIGHT + 2):
        bot.workspace.post("alice", "general", "hang")
    await bot.record(InvocationStarted, MAX_IN_FLIGHT)
    await bot.record(LogWritten, where=lambda line: "Handlers wait" in line.message)
    gate.set()
    await bot.record(InvocationFinished, MAX_IN_FLIGHT + 2)

    (told,) = [line for line in bot.traced(LogWritten) if "Handlers wait" in line.message]
    assert told.fields["limit"] == MAX_IN_FLIGHT
    assert told.fields["most"].endswith("Hanging.hang")
