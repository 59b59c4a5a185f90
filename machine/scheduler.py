"""Runs handlers at set times, with APScheduler.

A job that could not start in time (the machine slept, the loop was busy) still runs if it is at most a minute late, and
several missed runs of one job are made up for by a single one; what is later than that is logged by APScheduler.
A bot whose clock somebody else moves has a `SteppedScheduler`. When a schedule is due is worked out in `machine.cron`.

APScheduler is imported when the first plugin with a schedule comes: it takes 35 ms and 2 MB.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Any

from machine.dispatch.registry import Handler
from machine.errors import PluginError
from machine.logger import get_logger
from machine.plugins.triggers import Schedule

if TYPE_CHECKING:
    from apscheduler.schedulers.asyncio import AsyncIOScheduler

    from machine.cron import WallClockTrigger

MISFIRE_GRACE_S = 60

_logger = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """A handler that runs at set times.

    Attributes:
        id: Unique in this process.
        handler: What runs.
        next_run: When it runs next; `None` if never again.
    """

    id: str
    handler: Handler
    next_run: datetime | None


class Scheduler:
    """Owns the scheduled jobs of all plugins.

    Args:
        tz: In which schedules are read that name no time zone.
        run: Starts a handler and returns at once.
    """

    def __init__(self, tz: tzinfo, run: Callable[[Handler], object]) -> None:
        self._tz = tz
        self._run = run
        self._is_started = False
        self._made: AsyncIOScheduler | None = None
        self._handlers: dict[str, Handler] = {}

    def start(self) -> None:
        """Begin to run jobs."""
        self._is_started = True
        if self._made is not None:
            self._made.start()

    def stop(self) -> None:
        """Run no more jobs; those that have begun are the supervisor's."""
        self._is_started = False
        if self._made is not None and self._made.running:
            self._made.shutdown(wait=False)

    def jobs(self) -> list[Job]:
        """All jobs, the next one first."""
        jobs = [Job(job.id, self._handlers[job.id], self._next_run(job)) for job in self._all()]
        return sorted(jobs, key=lambda job: (job.next_run is None, job.next_run.timestamp() if job.next_run else 0))

    def check(self, handlers: Iterable[Handler]) -> None:
        """Make sure that the schedules of these handlers can be read and are ever due; warn of those that are over.

        Raises:
            PluginError: Naming the handler, with file and line.
        """
        for handler in handlers:
            if not isinstance(handler.trigger, Schedule):
                continue
            if self._trigger(handler, handler.trigger).get_next_fire_time(None, self._now()) is None:
                _logger.warning(
                    "A schedule is over and never runs again: remove it, or change its year or end_date",
                    handler=handler.name,
                    schedule=f"@{handler.trigger.describe()}",
                    plugin=handler.plugin,
                    at=f"{handler.source_file}:{handler.source_line}",
                )

    def replace(self, handlers: Iterable[Handler]) -> None:
        """Take over the schedules of these handlers and drop all others; those already known go on undisturbed."""
        wanted = {_job_id(handler): handler for handler in handlers if isinstance(handler.trigger, Schedule)}
        for job_id in self._handlers.keys() - wanted.keys():
            if self._scheduler.get_job(job_id) is not None:  # APScheduler has dropped those that are over
                self._scheduler.remove_job(job_id)
        for job_id, handler in wanted.items():
            if job_id not in self._handlers and isinstance(handler.trigger, Schedule):
                self._scheduler.add_job(
                    self._fire,
                    self._trigger(handler, handler.trigger),
                    args=(handler,),
                    id=job_id,
                    name=handler.name,
                    misfire_grace_time=MISFIRE_GRACE_S,
                    coalesce=True,
                )
        self._handlers = wanted

    async def _fire(self, handler: Handler) -> None:
        # A coroutine, because APScheduler runs everything else in a thread.
        self._run(handler)

    def run_due(self) -> None:
        """Nothing to do: APScheduler watches the time itself."""

    def _all(self) -> list[Any]:
        return [] if self._made is None else list(self._made.get_jobs())

    def _next_run(self, job: Any) -> datetime | None:
        next_run: datetime | None = getattr(job, "next_run_time", None)
        return next_run

    @property
    def _scheduler(self) -> AsyncIOScheduler:
        if self._made is None:
            from apscheduler.schedulers.asyncio import AsyncIOScheduler  # noqa: PLC0415 - see above

            self._made = AsyncIOScheduler(timezone=UTC)
            if self._is_started:
                self._made.start()
        return self._made

    def _now(self) -> datetime:
        return datetime.now(UTC)

    def _trigger(self, handler: Handler, schedule: Schedule) -> WallClockTrigger:
        from machine.cron import WallClockTrigger  # noqa: PLC0415 - see above

        try:
            return WallClockTrigger(schedule, self._tz)
        except ValueError as error:
            raise PluginError(
                handler.plugin,
                f"{handler.name} has a schedule that cannot be used, @{schedule.describe()}: {error}",
                phase="register",
                file=handler.source_file,
                line=handler.source_line,
            ) from None


class SteppedScheduler(Scheduler):
    """Starts no job by itself: whoever moves the clock calls `run_due`. For tests, in which time stands still.

    Args:
        tz: In which schedules are read that name no time zone.
        run: Starts a handler and returns at once.
        clock: Tells the time, in seconds since 1970.
    """

    def __init__(self, tz: tzinfo, run: Callable[[Handler], object], clock: Callable[[], float]) -> None:
        super().__init__(tz, run)
        self._clock = clock
        self._next_runs: dict[str, datetime | None] = {}

    def start(self) -> None:
        """Leave APScheduler alone: it would go by the system's clock."""

    def replace(self, handlers: Iterable[Handler]) -> None:
        """Take over the schedules of these handlers and drop all others; their time counts from now."""
        super().replace(handlers)
        now = self._now()
        known = self._next_runs
        self._next_runs = {
            job.id: known[job.id] if job.id in known else job.trigger.get_next_fire_time(None, now)
            for job in self._all()
        }

    def run_due(self) -> None:
        """Start each job whose time has come, once, in the order of their times."""
        now = self._now()
        triggers = {job.id: job.trigger for job in self._all()}
        for job in self.jobs():
            next_run = job.next_run
            if next_run is None or next_run > now:
                break
            while next_run is not None and next_run <= now:
                next_run = triggers[job.id].get_next_fire_time(next_run, now)
            self._next_runs[job.id] = next_run
            self._run(job.handler)

    def _next_run(self, job: Any) -> datetime | None:
        return self._next_runs[job.id]

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)


def _job_id(handler: Handler) -> str:
    # The instance is part of it: after a reload the same name stands for new code.
    return f"{handler.name} {handler.trigger.describe()} {id(handler.instance):x}"
