"""The bot as a whole: it starts or says why not, and leaves nothing behind when it ends."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from machine.bot import Machine
from machine.envelope import Envelope
from machine.errors import MachineError, SettingsError, SlackRefusedError, StorageError
from machine.logs import TraceLogHandler
from machine.plugins import MachineBasePlugin, Message
from machine.plugins.decorators import listen_to, on
from machine.storage.backends.memory import MemoryStorage
from machine.trace import EnvelopeAcknowledged, InvocationFailed, InvocationFinished, InvocationStarted
from tests.conftest import BotUnderTest


class Greeter(MachineBasePlugin):
    """Greets."""

    @listen_to("^hello$")
    async def greet(self, msg: Message) -> None:
        await msg.say("hello")


class ClosedStorage(MemoryStorage):
    """Remembers that it was closed."""

    closed = 0

    async def close(self) -> None:
        type(self).closed += 1


class BrokenStorage(MemoryStorage):
    """Cannot be opened."""

    async def init(self) -> None:
        raise StorageError("The disk is full. Make room.")


CLOSED = f"{__name__}.ClosedStorage"
BROKEN = f"{__name__}.BrokenStorage"


@pytest.fixture(autouse=True)
def _nothing_left(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever a bot adds to the process is gone when it ends."""
    monkeypatch.setitem(sys.modules, __name__, sys.modules[__name__])
    monkeypatch.setattr(ClosedStorage, "closed", 0)
    meta_path = sys.meta_path[:]
    yield
    assert sys.meta_path == meta_path
    assert not [handler for handler in logging.root.handlers if isinstance(handler, TraceLogHandler)]


def others() -> set[asyncio.Task[Any]]:
    """The tasks that run besides this one."""
    return {task for task in asyncio.all_tasks() if task is not asyncio.current_task()}


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"SLACK_BOT_TOKEN": ""}, SettingsError),
        ({"SLACK_APP_TOKEN": ""}, SettingsError),
        ({"SLACK_BOT_TOKEN": "xoxb-wrong"}, SlackRefusedError),
        ({"SLACK_APP_TOKEN": "xapp-wrong"}, SlackRefusedError),
        ({"SLACK_API_URL": "http://127.0.0.1:1/"}, MachineError),
        ({"STORAGE_BACKEND": BROKEN}, StorageError),
        ({"STORAGE_BACKEND": "nothing.Here"}, SettingsError),
    ],
)
async def test_a_start_that_fails_closes_everything(
    bot: BotUnderTest, settings: dict[str, str], error: type[Exception]
) -> None:
    """Sessions, storage, tasks; an open one would be a warning, and warnings are errors here."""
    async with bot.sandbox:
        before = others()
        given = {
            "SLACK_API_URL": bot.sandbox.api_url,
            "SLACK_BOT_TOKEN": bot.sandbox.bot_token,
            "SLACK_APP_TOKEN": bot.sandbox.app_token,
            "STORAGE_BACKEND": CLOSED,
            **settings,
        }
        machine = Machine(given, project=bot.project, watch=True)

        with pytest.raises(error) as raised:
            await machine.start()
        await machine.stop()

        assert str(raised.value)
        assert ClosedStorage.closed == (0 if error in (SettingsError, StorageError) else 1)
        assert others() - before <= {task for task in others() if "RequestHandler" in repr(task)}  # the sandbox's own


async def test_stopping_closes_everything_once(bot: BotUnderTest) -> None:
    """Also when it is asked for twice, or was never started."""
    await Machine({}, project=bot.project).stop()
    before = others()
    await bot.start(Greeter, watch=True, STORAGE_BACKEND=CLOSED)

    await bot.machine.stop()
    await bot.machine.stop()
    await bot.sandbox.stop()

    assert ClosedStorage.closed == 1
    assert bot.machine.slack.web.session is not None
    assert bot.machine.slack.web.session.closed
    assert others() == before


async def test_two_that_stop_at_once_close_everything_once(bot: BotUnderTest) -> None:
    """A signal and the end of a `with` may come together."""
    await bot.start(Greeter, STORAGE_BACKEND=CLOSED)

    await asyncio.gather(bot.machine.stop(), bot.machine.stop())

    assert ClosedStorage.closed == 1


async def test_bots_run_one_after_another_in_one_process(bot: BotUnderTest, tmp_path: Path) -> None:
    """As tests do, and a notebook."""
    await bot.start(Greeter)
    settings = bot.machine.settings
    await bot.machine.stop()

    async with Machine(settings, project=tmp_path, plugins=[Greeter], trace=bot.machine.trace):
        bot.workspace.post("alice", "general", "hello")
        await bot.answer()

    assert [message.text for message in bot.said()] == ["hello"]


async def test_stopping_lets_running_handlers_finish(bot: BotUnderTest) -> None:
    """Pitfall 38: and what they start while they end, with storage and Slack still there."""
    begun, finish = asyncio.Event(), asyncio.Event()

    class Slow(MachineBasePlugin):
        @listen_to("^slow$")
        async def slow(self, msg: Message) -> None:
            begun.set()
            await finish.wait()
            await self.storage.set("done", True)
            self.emit("done", msg=msg)

        @on("done")
        async def tell(self, msg: Message) -> None:
            await msg.say(f"stored {await self.storage.get('done')}")

    await bot.start(Slow)
    bot.workspace.post("alice", "general", "slow")
    await begun.wait()

    stopping = asyncio.create_task(bot.machine.stop())
    finish.set()
    await stopping

    assert [message.text for message in bot.said()] == ["stored True"]
    assert len(bot.traced(InvocationFinished)) == 2


async def test_stopping_takes_no_further_events(bot: BotUnderTest) -> None:
    """What arrives while handlers end is Slack's to deliver again, and must not be acknowledged."""
    begun, finish = asyncio.Event(), asyncio.Event()

    class Slow(MachineBasePlugin):
        @listen_to("^slow$")
        async def slow(self, msg: Message) -> None:
            begun.set()
            await finish.wait()

    await bot.start(Slow, Greeter)
    bot.workspace.post("alice", "general", "slow")
    await begun.wait()
    stopping = asyncio.create_task(bot.machine.stop())
    await asyncio.sleep(0)

    bot.workspace.post("alice", "general", "hello")
    await bot.until(lambda: bot.sandbox.socket_mode.unacknowledged_count, "the delivery")
    finish.set()
    await stopping

    assert bot.said() == []
    assert len(bot.traced(EnvelopeAcknowledged)) == 1


async def test_handlers_that_do_not_end_are_cancelled(bot: BotUnderTest) -> None:
    """Pitfall 38: the wait is bounded; `finally` runs, and then `shutdown()`."""
    steps: list[str] = []

    class Endless(MachineBasePlugin):
        @listen_to("^wait$")
        async def wait(self, msg: Message) -> None:
            try:
                await asyncio.Event().wait()
            finally:
                steps.append("finally")

        async def shutdown(self) -> None:
            steps.append("shutdown")

    await bot.start(Endless, DRAIN_TIMEOUT=0.001)
    bot.workspace.post("alice", "general", "wait")
    await bot.record(InvocationStarted)

    await bot.machine.stop()

    assert steps == ["finally", "shutdown"]
    assert [record.error for record in bot.traced(InvocationFailed)] == ["cancelled"]


async def test_a_handler_cannot_end_the_process(bot: BotUnderTest) -> None:
    """`argparse` in a handler exits at a wrong argument; that is a failed handler and nothing more."""

    class Exits(MachineBasePlugin):
        @listen_to("^parse$")
        async def parse(self, msg: Message) -> None:
            argparse.ArgumentParser(exit_on_error=True).parse_args(["--no-such-option"])

    await bot.start(Exits, Greeter)

    bot.workspace.post("alice", "general", "parse")
    failed = await bot.record(InvocationFailed)
    bot.workspace.post("alice", "general", "hello")
    await bot.answer()

    assert failed.error == "RuntimeError: the handler ended with SystemExit: 2"


@pytest.mark.parametrize("error", [BaseException("odd"), BaseExceptionGroup("two", [SystemExit()])])
async def test_a_handler_that_raises_no_exception_has_failed_all_the_same(
    bot: BotUnderTest, error: BaseException
) -> None:
    """What does not derive from `Exception` is reported like any other failure, and the error hook hears of it."""
    heard: list[str] = []

    class Odd(MachineBasePlugin):
        @listen_to("^go$")
        async def go(self, msg: Message) -> None:
            raise error

        @on("handler-error")
        async def hear(self, handler: str, **_: Any) -> None:
            heard.append(handler)

    await bot.start(Odd)

    bot.workspace.post("alice", "general", "go")
    failed = await bot.record(InvocationFailed)
    await bot.settled()

    assert failed.error.startswith(f"RuntimeError: the handler ended with {type(error).__name__}")
    assert heard == [failed.handler]


async def test_a_handler_that_waits_for_something_cancelled_has_failed(bot: BotUnderTest) -> None:
    """It is told as a failure, and not passed over as if the bot had cancelled the handler."""

    class Waits(MachineBasePlugin):
        @listen_to("^go$")
        async def go(self, msg: Message) -> None:
            gone: asyncio.Future[None] = asyncio.Future()
            gone.cancel()
            await gone

    await bot.start(Waits)

    bot.workspace.post("alice", "general", "go")
    failed = await bot.record(InvocationFailed)

    assert failed.error == "RuntimeError: the handler ended with CancelledError"
    assert "await gone" in failed.traceback


async def test_waiting_ends_when_the_bot_is_asked_to_stop(bot: BotUnderTest) -> None:
    """With the reason, where there is one."""
    await bot.start()

    bot.machine.request_stop()
    await bot.machine.wait_until_stopped()

    bot.machine.request_stop(MachineError("Enough."))
    with pytest.raises(MachineError, match="Enough"):
        await bot.machine.wait_until_stopped()


async def test_an_envelope_can_be_handled_by_hand(bot: BotUnderTest) -> None:
    """`handle` returns when its handlers have ended; `explain` runs none."""
    await bot.start(Greeter)
    channel = bot.workspace.find_channel("general").id
    user = bot.workspace.find_person("alice").id
    event = {"type": "message", "text": "hello", "channel": channel, "user": user, "ts": "1.1"}
    envelope = Envelope(id="mine", kind="events_api", payload={"event": event})

    considered = bot.machine.explain(envelope)
    assert [item.is_match for item in considered] == [True]
    assert bot.said() == []

    await bot.machine.handle(envelope)
    assert [message.text for message in bot.said()] == ["hello"]


async def test_a_mapping_of_settings_is_filled_with_defaults(bot: BotUnderTest) -> None:
    """Pitfall 41; and checked like any other."""
    assert Machine({"tz": "Asia/Tokyo"}, project=bot.project).settings.plugin_dir == "plugins"

    with pytest.raises(SettingsError, match="LOGLEVEL"):
        Machine({"loglevel": "loud"}, project=bot.project)


async def test_only_a_sandbox_on_this_machine_is_not_live(bot: BotUnderTest) -> None:
    """What is shown to people, and decides whether simulated events may post."""
    live = {"https://slack.com/api/": True, "https://slack-gov.com/api": True, "http://localhost.evil.example/": True}
    sandboxes = {"http://127.0.0.1:8080/api/": False, "http://localhost/": False, "http://[::1]:1/": False}

    for url, is_live in {**live, **sandboxes}.items():
        assert Machine({"SLACK_API_URL": url}, project=bot.project).is_live is is_live
