"""Time stands still in a test until it travels."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from machine.plugins import MachineBasePlugin
from machine.plugins.decorators import schedule
from machine.testing import Bot, Clock
from tests.machine.testing.workshop import Clockwork, Workshop

MONDAY = datetime(2026, 1, 5, 7, 45, tzinfo=UTC)


@pytest.fixture
def machine_plugins() -> list[type[MachineBasePlugin]]:
    """A plugin that answers, and one that has jobs."""
    return [Workshop, Clockwork]


at_monday = pytest.mark.machine(now=MONDAY)


@at_monday
async def test_jobs_run_in_order_at_their_own_times(bot: Bot) -> None:
    """As often as they are due: 8:00 twice, in the time zone of each."""
    await bot.travel(hours=1)

    texts = [message.text for message in bot.messages()]
    assert (sorted(texts[:2]), texts[2:]) == (["good morning", "half an hour"], ["half an hour"])
    assert [datetime.fromtimestamp(float(message.ts), UTC).strftime("%H:%M") for message in bot.messages()] == [
        "08:00",
        "08:00",
        "08:30",
    ]
    assert bot.now == MONDAY + timedelta(hours=1)


class Nightly(MachineBasePlugin):
    """Runs where clocks are changed."""

    @schedule(hour=2, minute=30, timezone="Europe/Amsterdam")
    async def once(self) -> None:
        await self.say("#general", "once")

    @schedule(hour="*", minute=30, timezone="Europe/Amsterdam")
    async def hourly(self) -> None:
        await self.say("#general", "hourly")


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        pytest.param(
            "March",
            ["00:30 hourly", "01:00 once", "01:30 hourly"],
            marks=pytest.mark.machine(plugins=[Nightly], now=datetime(2026, 3, 29, tzinfo=UTC)),
        ),
        pytest.param(
            "October",
            ["00:30 hourly", "00:30 once", "01:30 hourly"],
            marks=pytest.mark.machine(plugins=[Nightly], now=datetime(2026, 10, 25, tzinfo=UTC)),
        ),
    ],
)
async def test_jobs_run_across_a_change_of_clocks(bot: Bot, day: str, expected: list[str]) -> None:
    """B1: a fixed hour once, right after the gap or in the first pass; a wildcard as time goes on. In UTC."""
    await bot.travel(hours=2)

    posted = [(datetime.fromtimestamp(float(said.ts), UTC).strftime("%H:%M"), said.text) for said in bot.messages()]
    assert sorted(f"{at} {text}" for at, text in posted) == expected


@at_monday
async def test_a_clock_that_jumps_runs_what_it_missed_once(bot: Bot) -> None:
    """As APScheduler does after the machine has slept; travelling stops on the way instead."""
    bot.clock.move_to(MONDAY + timedelta(hours=2))
    bot.machine.run_due_jobs()
    bot.machine.run_due_jobs()
    await bot.settled()

    assert sorted(message.text for message in bot.messages()) == ["good morning", "half an hour"]
    assert [job.next_run for job in bot.machine.jobs()] == [
        datetime(2026, 1, 5, 10, tzinfo=UTC),
        datetime(2026, 1, 6, 8, tzinfo=UTC),
    ]


@at_monday
async def test_the_clock_stands_still(bot: Bot) -> None:
    """No job runs because a test was slow."""
    before = bot.now
    await bot.user("alice").asks("good morning")

    assert bot.now == before
    assert min(job.next_run for job in bot.machine.jobs() if job.next_run) == datetime(2026, 1, 5, 8, tzinfo=UTC)


async def test_scheduled_messages_are_posted_when_due(bot: Bot) -> None:
    """Slack posts them, so the bot need not even run a job."""
    await bot.user("alice").says("later", channel="#ops")

    await bot.travel(hours=1, minutes=59)
    assert not await bot.said("It is time")
    await bot.travel(minutes=2)

    assert await bot.said("It is time", channel="#ops")


async def test_what_is_stored_for_a_while_expires(bot: Bot) -> None:
    """Storage goes by the same clock."""
    await bot.user("alice").says("remember milk")
    await bot.travel(minutes=59)
    assert await bot.storage(Workshop).get("what") == "milk"

    await bot.travel(minutes=1)

    assert await bot.storage(Workshop).get("what") is None


@pytest.mark.machine(
    now=MONDAY,
    settings={"tz": "Europe/Amsterdam", "storage_backend": "machine.storage.backends.sqlite.SQLiteStorage"},
)
async def test_a_moment_without_time_zone_is_in_that_of_the_bot(bot: Bot) -> None:
    """As the plugin's schedules are; any storage with a clock follows."""
    await bot.user("alice").says("remember milk")
    await bot.travel_to(datetime(2026, 1, 5, 10))  # noqa: DTZ001 - that is what is tested

    assert bot.now == datetime(2026, 1, 5, 10, tzinfo=ZoneInfo("Europe/Amsterdam"))
    assert await bot.storage(Workshop).get("what") is None


@at_monday
async def test_nobody_travels_back(bot: Bot) -> None:
    """What was posted cannot be taken back."""
    with pytest.raises(ValueError, match=r"one cannot travel back.*mark it with"):
        await bot.travel(hours=-1)


@at_monday
async def test_a_journey_with_too_much_on_the_way_is_refused(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rather than taking minutes."""
    monkeypatch.setattr("machine.time.time_travel.MAX_STOPS", 3)

    with pytest.raises(ValueError, match=r"More than 3 moments.*half_hour"):
        await bot.travel(days=1)


def test_a_clock_needs_a_time_zone() -> None:
    """Or it would depend on the machine the test runs on."""
    with pytest.raises(ValueError, match="no time zone"):
        Clock(datetime(2026, 1, 5))  # noqa: DTZ001 - that is what is tested
