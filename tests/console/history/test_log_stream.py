"""The log as it is sent to a terminal elsewhere: complete where it can be, bounded always."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
import structlog

from machine.plugins import MachineBasePlugin, Message
from machine.plugins.decorators import listen_to
from machine.trace import LogWritten, Trace
from machine_console.history.history import History
from machine_console.history.log_stream import MAX_LINE, MAX_WAITING, LogQuery, LogStream
from tests.conftest import BotUnderTest
from tests.waiting import Waiter


class Orders(MachineBasePlugin):
    """Takes orders."""

    @listen_to("^order$")
    async def order(self, msg: Message) -> None:
        structlog.get_logger("warehouse").info("Packed")


class Reader:
    """Collects what is sent, while it is allowed to."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []
        self.may_read = asyncio.Event()
        self.may_read.set()
        self.waiter = Waiter()

    async def __call__(self, data: bytes) -> None:
        await self.may_read.wait()
        self.lines += [json.loads(line) for line in data.splitlines()]
        self.waiter.notify()

    def events(self) -> list[str]:
        return [line["event"] for line in self.lines]


class Log:
    """A log with nothing in it, its history, and who reads it."""

    def __init__(self) -> None:
        self.trace, self.history, self.reader = Trace(), History(), Reader()
        self.trace.subscribe(self.history.record)

    def write(self, message: str, level: str = "info", logger: str = "plugins.greeter", **fields: Any) -> None:
        self.trace.emit(LogWritten(level=level, logger=logger, message=message, fields=fields))

    def stream(self, **query: Any) -> LogStream:
        return LogStream(self.trace, self.history, LogQuery.read(query), self.reader)


@pytest.fixture
def log() -> Log:
    """A log."""
    return Log()


async def test_the_newest_lines_come_oldest_first(log: Log) -> None:
    """And then it is over, unless they are followed."""
    for number in range(10):
        log.write(f"line {number}", number=number)

    code = await log.stream(lines=3).run()

    assert code == 0
    assert [(line["event"], line["number"]) for line in log.reader.lines] == [
        ("line 7", 7), ("line 8", 8), ("line 9", 9),
    ]  # fmt: skip
    assert log.reader.lines[0]["level"] == "info"
    assert log.reader.lines[0]["timestamp"].endswith("Z")


async def test_filters_count_only_what_they_let_through(log: Log) -> None:
    """The last two warnings, however much else was logged since."""
    for number in range(3):
        log.write(f"warning {number}", level="warning")
        log.write(f"error {number}", level="error", logger="plugins.other")
        log.write(f"info {number}")

    await log.stream(lines=2, level=30, plugin="Greeter").run()

    assert log.reader.events() == ["warning 1", "warning 2"]


async def test_lines_that_a_plugin_caused_are_its_own(bot: BotUnderTest, production_logging: None) -> None:
    """Also where a library wrote them; they say which handler, event and person it was."""
    history, reader = History(), Reader()
    await bot.start(Orders)
    bot.machine.trace.subscribe(history.record)
    question = bot.workspace.post("alice", "#general", "order")
    await bot.until(lambda: any(line.message == "Packed" for line in history.logs))
    await bot.settled()

    await LogStream(bot.machine.trace, history, LogQuery(plugin="orders"), reader).run()

    [line] = [line for line in reader.lines if line["event"] == "Packed"]
    assert line["logger"] == "warehouse"
    assert line["handler"].endswith("Orders.order")
    assert line["user_id"] == question.user
    assert line["event_id"].startswith("Ev")


async def test_a_terminal_that_does_not_read_costs_lines_and_no_memory(log: Log) -> None:
    """It is told how many, where they are missing; what comes after is complete."""
    log.reader.may_read.clear()
    following = asyncio.create_task(log.stream(follows=True, lines=0).run())
    await asyncio.sleep(0)  # it listens
    log.write("the first")
    await asyncio.sleep(0)
    for number in range(MAX_WAITING + 1_000):
        log.write(f"line {number}")
    log.reader.may_read.set()
    await log.reader.waiter.until(lambda: f"line {MAX_WAITING + 999}" in log.reader.events(), "the last line")
    log.write("the last")
    await log.reader.waiter.until(lambda: "the last" in log.reader.events(), "a line after it")
    following.cancel()

    first, gap, *others = log.reader.lines
    assert first["event"] == "the first"
    assert gap["event"].startswith("Log lines were left out here")
    assert gap["lines"] == 1_000
    assert [line["event"] for line in others[:-1]] == [f"line {number}" for number in range(1_000, MAX_WAITING + 1_000)]


async def test_who_stops_following_is_forgotten(log: Log) -> None:
    """Else each would cost something for ever."""
    quiet = Log()
    quiet.trace = Trace()
    following = asyncio.create_task(quiet.stream(follows=True).run())
    await asyncio.sleep(0)
    assert quiet.trace
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)

    assert not quiet.trace


async def test_a_line_that_is_too_long_is_cut(log: Log) -> None:
    """It would be no frame of the protocol."""
    log.write("x" * 5_000, dump="y" * MAX_LINE)

    await log.stream().run()

    [line] = log.reader.lines
    assert line["event"] == "x" * 2_000 + "…"
    assert line["cut_from_bytes"] > MAX_LINE


@pytest.mark.parametrize(
    "fields", [{}, {"lines": None, "level": "high"}, {"lines": -5}, {"lines": 10**9, "plugin": 7}, {"follows": 0}]
)
def test_any_wish_is_understood(fields: dict[str, Any]) -> None:
    """Another version may send other things."""
    query = LogQuery.read(fields)

    assert 0 <= query.lines <= 20_000
    assert isinstance(query.level, int)
    assert not query.follows
