"""Plugins that ask for the time are told that of the test."""

from __future__ import annotations

import datetime as dt
import time
from datetime import UTC, date, datetime, timedelta
from time import time as seconds

import pytest

from machine.plugins import MachineBasePlugin, Message
from machine.plugins.decorators import listen_to
from machine.testing import Bot

WHEN = datetime(2030, 5, 6, 12, tzinfo=UTC)


class Clocks(MachineBasePlugin):
    """Asks for the time in every way there is."""

    started: datetime

    async def init(self) -> None:
        self.started = datetime.now(UTC)

    @listen_to(r"^time$")
    async def tell(self, msg: Message) -> None:
        moments = [
            datetime.now(UTC),
            dt.datetime.now(dt.UTC),
            datetime.now().astimezone(),
            datetime.utcnow().replace(tzinfo=UTC),  # noqa: DTZ003 - one of the ways
            datetime.fromtimestamp(time.time(), UTC),
            datetime.fromtimestamp(seconds(), UTC),
            datetime.fromtimestamp(time.time_ns() / 1e9, UTC),
        ]
        days = [date.today(), dt.date.today(), datetime.today().date()]  # noqa: DTZ002, DTZ011 - as above
        await self.storage.set("now", (moments, days))

    @listen_to(r"^later$")
    async def later(self, msg: Message) -> None:
        await self.say_scheduled(datetime.now(UTC) + timedelta(hours=1), msg.channel, "Now")


at_a_time = pytest.mark.machine(plugins=[Clocks], now=WHEN)


@at_a_time
async def test_every_way_to_ask_tells_the_time_of_the_test(bot: Bot) -> None:
    """From `init()` on, and what is stored are ordinary values."""
    await bot.travel(minutes=5)
    await bot.user("alice").says("time")

    moments, days = await bot.storage(Clocks).get("now") or ([], [])
    assert {moment.astimezone(UTC) for moment in moments} == {WHEN + timedelta(minutes=5)}
    assert set(days) == {(WHEN + timedelta(minutes=5)).astimezone().date()}
    assert {type(moment).__mro__ for moment in moments} == {(type(WHEN), type(WHEN).__mro__[1], object)}
    assert bot.plugin(Clocks).started == WHEN


@at_a_time
async def test_what_a_plugin_schedules_after_a_journey_lies_ahead(bot: Bot) -> None:
    """Slack would refuse a message that is due in the past."""
    await bot.travel(days=1)
    await bot.user("alice").says("later")

    await bot.travel(hours=1)

    assert await bot.said("Now", channel="@alice")


@at_a_time
async def test_dates_are_still_dates(bot: Bot) -> None:
    """Also in this module, where the plugin is defined: construction, parsing and type tests work as ever."""
    assert isinstance(WHEN, datetime)
    assert isinstance(WHEN, date)
    assert not isinstance(date(2030, 5, 6), datetime)
    assert issubclass(type(WHEN), dt.datetime)
    assert datetime(2030, 5, 6, 12, tzinfo=UTC) == WHEN == datetime.fromisoformat("2030-05-06T12:00:00+00:00")
    assert datetime.strptime("2030-05-06 +0000", "%Y-%m-%d %z").date() == date.fromisoformat("2030-05-06")
    assert datetime.combine(date(2030, 5, 6), dt.time(12), UTC) == WHEN
    assert time.monotonic() <= time.monotonic()


def test_afterwards_everything_is_back() -> None:
    """Here, where tests with the plugin ran before."""
    assert type(WHEN) is datetime
    assert abs(datetime.now(UTC).timestamp() - seconds()) < 60
    assert dt.__name__ == "datetime"
