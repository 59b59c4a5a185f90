"""Handlers that run at set times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from machine.errors import PluginError
from machine.loading.handler_discovery import handlers_of
from machine.plugins import MachineBasePlugin
from machine.plugins.decorators import schedule
from machine.scheduler import MISFIRE_GRACE_S, Scheduler
from machine.trace import InvocationFailed, InvocationFinished, JobFired, LogWritten
from tests.conftest import BotUnderTest


async def test_a_job_runs_on_the_loop_of_the_bot(bot: BotUnderTest) -> None:
    """And may do there what every handler may."""

    class Ticker(MachineBasePlugin):
        @schedule(second="*")
        async def tick(self) -> None:
            await self.say("#general", "tick")

    await bot.start(Ticker)

    fired = await bot.record(JobFired)
    assert (await bot.answer()).text == "tick"
    assert fired.handler.endswith("Ticker.tick")
    assert fired.job == "schedule(second='*')"


async def test_a_job_that_fails_runs_again(bot: BotUnderTest) -> None:
    """Each run is isolated, as every handler is."""

    class Failing(MachineBasePlugin):
        @schedule(second="*")
        async def fail(self, logger: Any) -> None:
            logger.debug("about to fail")
            raise ValueError("no luck")

    await bot.start(Failing)

    failed = await bot.record(InvocationFailed, 2)
    assert failed.error == "ValueError: no luck"
    assert failed.envelope_id is None


async def test_two_schedules_on_one_method_are_two_jobs(bot: BotUnderTest) -> None:
    """Pitfall 26; also where they differ only in time zone or limits."""

    class Twice(MachineBasePlugin):
        @schedule(hour=9)
        @schedule(hour=17, minute=30)
        @schedule(hour=9, timezone="Asia/Tokyo")
        @schedule(hour=9, end_date="2999-01-01")
        async def remind(self) -> None:
            """Twice a day, and more."""

    await bot.start(Twice)

    assert sorted(job.handler.trigger.describe() for job in bot.machine.jobs()) == [
        "schedule(hour=17, minute=30)",
        "schedule(hour=9)",
        "schedule(hour=9, end_date='2999-01-01')",
        "schedule(hour=9, timezone='Asia/Tokyo')",
    ]


async def test_times_are_those_of_the_tz_setting(bot: BotUnderTest) -> None:
    """Pitfall 26: nine o'clock is nine o'clock where the team is; unless the schedule says otherwise."""

    class Remind(MachineBasePlugin):
        @schedule(hour=9)
        async def here(self) -> None: ...

        @schedule(hour=9, timezone="America/New_York")
        async def there(self) -> None: ...

    await bot.start(Remind, TZ="Asia/Kolkata")

    due = {job.handler.name.rpartition(".")[2]: job.next_run for job in bot.machine.jobs()}
    assert due["here"] is not None
    assert due["there"] is not None
    assert due["here"].astimezone(ZoneInfo("Asia/Kolkata")).strftime("%H:%M:%S") == "09:00:00"
    assert due["there"].astimezone(ZoneInfo("America/New_York")).strftime("%H:%M:%S") == "09:00:00"


async def test_jobs_are_told_in_the_order_of_their_next_run(bot: BotUnderTest) -> None:
    """What comes next stands first; what never runs again stands last."""

    class Remind(MachineBasePlugin):
        @schedule(year="*")
        async def next_year(self) -> None: ...

        @schedule(minute="*")
        async def next_minute(self) -> None: ...

    await bot.start(Remind)

    jobs = bot.machine.jobs()
    assert [job.handler.name.rpartition(".")[2] for job in jobs] == ["next_minute", "next_year"]
    assert jobs[0].next_run is not None
    assert jobs[0].next_run - datetime.now(UTC) <= timedelta(minutes=1)


@pytest.mark.parametrize(
    "fields",
    [
        {"hour": 25},
        {"minute": -1},
        {"second": "often"},
        {"day_of_week": "funday"},
        {"month": 0},
        {"hour": 1.5},
        {"start_date": "soon"},
        {"end_date": 5},
        {"timezone": "Mars/Phobos"},
        {"timezone": 5},
        {"hour": 9, "start_date": "soon"},
        {"hour": 9, "timezone": "Mars/Phobos"},
        {"hour": 9, "start_date": "2026-02-01", "end_date": "2026-01-01"},
        {},
        {"month": 2, "day": 30},
    ],
    ids=str,
)
async def test_a_schedule_that_cannot_be_used_is_refused(fields: dict[str, Any]) -> None:
    """Pitfall 20 and B2: when the plugin loads, with file and line; not when its time should have come."""

    class Wrong(MachineBasePlugin):
        @schedule(**fields)
        async def remind(self) -> None: ...

    scheduler = Scheduler(UTC, lambda _: None)
    plugin = Wrong(None, {}, None)  # type: ignore[arg-type]  # neither is looked at

    with pytest.raises(PluginError) as raised:
        scheduler.check(handlers_of(plugin))

    assert raised.value.file == __file__
    assert raised.value.line is not None
    assert raised.value.phase == "register"
    assert "Wrong.remind has a schedule that cannot be used, @schedule(" in str(raised.value)


@pytest.mark.parametrize("fields", ["year=2020", "hour=9, end_date='2020-01-01'"])
async def test_a_schedule_that_is_over_is_warned_of(bot: BotUnderTest, production_logging: None, fields: str) -> None:
    """B2: with file and line. The plugin is loaded: its other handlers are as good as before."""
    path = bot.write_plugin(
        "party",
        f"""
        from machine.plugins import MachineBasePlugin
        from machine.plugins.decorators import schedule

        class Party(MachineBasePlugin):
            @schedule({fields})
            async def remind(self):
                pass
        """,
    )

    await bot.start()

    (warning,) = [record for record in bot.traced(LogWritten) if record.level == "warning"]
    assert warning.message == "A schedule is over and never runs again: remove it, or change its year or end_date"
    assert warning.fields["handler"] == "plugins.party.Party.remind"
    assert warning.fields["schedule"] == f"@schedule({fields})"
    line = path.read_text().splitlines().index(f"    @schedule({fields})") + 1
    assert warning.fields["at"].endswith(f"party.py:{line}")
    (job,) = bot.machine.jobs()
    assert job.next_run is None


async def test_a_job_that_has_ended_leaves_its_plugin_reloadable(bot: BotUnderTest) -> None:
    """APScheduler forgets a job after its last run."""
    end = datetime.now(UTC) + timedelta(seconds=2)

    class Ending(MachineBasePlugin):
        @schedule(second="*", end_date=end)
        async def tick(self) -> None: ...

    class Ticker(MachineBasePlugin):
        @schedule(second="*")
        async def tick(self) -> None: ...

    await bot.start(Ending, Ticker)
    await bot.until(lambda: len(bot.machine.jobs()) == 1, "the end of the first job")

    (ticker,) = bot.machine.jobs()
    bot.machine._parts.scheduler.replace([ticker.handler])

    assert [job.id for job in bot.machine.jobs()] == [ticker.id]


async def test_jobs_that_stay_are_left_undisturbed(bot: BotUnderTest) -> None:
    """Replacing the handlers of one plugin must not make another's job start over."""

    class Kept(MachineBasePlugin):
        @schedule(hour="*/2")
        async def remind(self) -> None: ...

    class Gone(MachineBasePlugin):
        @schedule(hour="*/3")
        async def remind(self) -> None: ...

    await bot.start(Kept, Gone)
    (kept,) = [job for job in bot.machine.jobs() if "Kept" in job.handler.name]

    bot.machine._parts.scheduler.replace([kept.handler])

    assert bot.machine.jobs() == [kept]


async def test_a_late_run_is_made_up_for_within_a_minute(bot: BotUnderTest) -> None:
    """Pitfall 26: a busy loop, or a machine that slept, skips no job silently."""

    class Remind(MachineBasePlugin):
        @schedule(hour=9)
        async def remind(self) -> None:
            await self.say("#general", "late")

    await bot.start(Remind)
    (job,) = bot.machine._parts.scheduler._scheduler.get_jobs()
    assert job.misfire_grace_time == MISFIRE_GRACE_S == 60
    assert job.coalesce

    job.modify(next_run_time=datetime.now(UTC) - timedelta(seconds=MISFIRE_GRACE_S / 2))

    assert (await bot.answer()).text == "late"
    await bot.record(InvocationFinished)


async def test_stopping_runs_no_more_jobs(bot: BotUnderTest) -> None:
    """And a run that has begun is finished."""

    class Ticker(MachineBasePlugin):
        @schedule(second="*")
        async def tick(self) -> None:
            await self.say("#general", "begun")
            await self.say("#general", "ended")

    await bot.start(Ticker)
    await bot.record(JobFired)

    await bot.machine.stop()

    said = [message.text for message in bot.said()]
    assert said.count("begun") == said.count("ended") == len(bot.traced(JobFired))
