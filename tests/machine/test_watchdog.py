"""What holds up the loop is named."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from functools import partial

import pytest

from machine.trace import LogWritten, LoopBlocked, Record, Trace
from machine.watchdog import Watchdog
from tests.conftest import BotUnderTest

BLOCKING = """
    import time

    from machine.plugins import MachineBasePlugin
    from machine.plugins.decorators import listen_to

    class Blocking(MachineBasePlugin):
        @listen_to("compute")
        async def compute(self, msg):
            while not self.settings["is_named"]("compute"):
                pass
            await msg.say("computed")

        @listen_to("wait")
        async def wait(self, msg):
            while not self.settings["is_named"]("wait"):
                time.sleep(0.25)
            await msg.say("waited")
"""


async def test_a_handler_that_blocks_is_named_with_file_and_line(
    bot: BotUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether it computes or waits without `await`."""
    monkeypatch.setattr("machine.watchdog.LIMIT", timedelta(milliseconds=250))
    path = bot.write_plugin("blocking", BLOCKING)
    watchdogs: list[Watchdog] = []

    def is_named(word: str) -> bool:
        """Whether the watchdog's thread has seen it, which may take its time on a busy machine."""
        place = watchdogs[0]._place
        return place is not None and place.handler == f"plugins.blocking.Blocking.{word}"

    await bot.start(IS_NAMED=is_named)
    owners = [getattr(close, "__self__", None) for close in bot.machine._to_close]
    watchdogs += [owner for owner in owners if isinstance(owner, Watchdog)]

    for word, line in (("compute", 11), ("wait", 17)):
        bot.workspace.post("alice", "general", word)
        # A busy machine may hold up the loop at other places as well.
        blocked = await bot.record(LoopBlocked, where=partial(_is_by, f"plugins.blocking.Blocking.{word}"))

        assert blocked.file == str(path)
        assert abs(blocked.line - line) <= 1
        assert blocked.duration.total_seconds() > 0.25


def _is_by(handler: str, blocked: LoopBlocked) -> bool:
    return blocked.handler == handler


SEARCHING = """
    from machine.plugins import MachineBasePlugin
    from machine.plugins.decorators import listen_to

    class Searching(MachineBasePlugin):
        @listen_to(r"(a+)+$")
        async def search(self, msg):
            await msg.say("found")
"""


@pytest.mark.usefixtures("production_logging")
async def test_a6_a_pattern_that_holds_up_the_bot_is_named(bot: BotUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A6: with its handler and where that stands, though none of its code runs meanwhile."""
    monkeypatch.setattr("machine.watchdog.LIMIT", timedelta(milliseconds=250))
    path = bot.write_plugin("searching", SEARCHING)
    await bot.start()

    name, letters = "plugins.searching.Searching.search", 22
    while not any(one.handler == name for one in bot.traced(LoopBlocked)):  # machines differ in how long it takes
        bot.workspace.post("alice", "general", "a" * letters + "!")
        await bot.settled()
        await asyncio.sleep(0.1)
        letters += 1
        assert letters < 31

    [blocked, *_] = [one for one in bot.traced(LoopBlocked) if one.handler == name]
    assert (blocked.file, blocked.line) == (str(path), 6)
    lines = [log for log in bot.traced(LogWritten) if log.fields.get("handler") == name and "duration_ms" in log.fields]
    assert lines[0].fields["pattern"] == "(a+)+$"
    [warning] = [log for log in bot.traced(LogWritten) if log.fields.get("pattern") and log not in lines]
    assert warning.fields["at"] == f"{path}:6"
    assert warning.fields["handler"] == name


async def test_a_busy_but_polite_loop_is_not_reported() -> None:
    """What counts is one turn of the loop, not the sum: here a second and a half of work in many short turns."""
    reported: list[Record] = []
    trace = Trace()
    trace.subscribe(reported.append)
    watchdog = Watchdog(trace, is_own=lambda path: False, limit=timedelta(seconds=1))
    await watchdog.start()

    longest, before = 0.0, time.monotonic()
    for _ in range(150):
        until = time.monotonic() + 0.01
        while time.monotonic() < until:
            pass
        await asyncio.sleep(0)
        now = time.monotonic()
        longest, before = max(longest, now - before), now
    await watchdog.close()

    assert reported == [] or longest > 0.9  # a busy machine may have held up the loop itself
