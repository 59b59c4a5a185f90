"""Runs handlers at set times, with APScheduler.

A job that could not start in time (the machine slept, the loop was busy) still runs if it is at most a minute late, and
several missed runs of one job are made up for by a single one; what is later than that is logged by APScheduler.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger

from machine.dispatch.registry import Handler
from machine.errors import PluginError
from machine.plugins.triggers import Schedule

MISFIRE_GRACE_S = 60


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
        self._scheduler = AsyncIOScheduler(timezone=tz)
        self._handlers: dict[str, Handler] = {}

    def start(self) -> None:
        """Begin to run jobs."""
        self._scheduler.start()

    def stop(self) -> None:
        """Run no more jobs; those that have begun are the supervisor's."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    def jobs(self) -> list[Job]:
        """All jobs, the next one first."""
        jobs = [Job(job.id, self._handlers[job.id], getattr(job, "next_run_time", None)) for job in self._all()]
        return sorted(jobs, key=lambda job: (job.next_run is None, job.next_run.timestamp() if job.next_run else 0))

    def check(self, handlers: Iterable[Handler]) -> None:
        """Make sure that the schedules of these handlers can be read.

        Raises:
            PluginError: Naming the handler, with file and line.
        """
        for handler in handlers:
            if isinstance(handler.trigger, Schedule):
                self._cron(handler, handler.trigger)

    def replace(self, handlers: Iterable[Handler]) -> None:
        """Take over the schedules of these handlers and drop all others; those already known go on undisturbed."""
        wanted = {_job_id(handler): handler for handler in handlers if isinstance(handler.trigger, Schedule)}
        for job_id in self._handlers.keys() - wanted.keys():
            self._scheduler.remove_job(job_id)
        for job_id, handler in wanted.items():
            if job_id not in self._handlers and isinstance(handler.trigger, Schedule):
                self._scheduler.add_job(
                    self._fire,
                    self._cron(handler, handler.trigger),
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

    def _all(self) -> list[Any]:
        return list(self._scheduler.get_jobs())

    def _cron(self, handler: Handler, schedule: Schedule) -> CronTrigger:
        try:
            return CronTrigger(
                **schedule.fields,
                start_date=schedule.start_date,
                end_date=schedule.end_date,
                timezone=schedule.timezone or self._tz,
            )
        except (ValueError, TypeError, LookupError) as error:
            raise PluginError(
                handler.plugin,
                f"{handler.name} has a schedule that cannot be read, @{schedule.describe()}: {error}",
                phase="register",
                file=handler.source_file,
                line=handler.source_line,
            ) from None


def _job_id(handler: Handler) -> str:
    # The instance is part of it: after a reload the same name stands for new code.
    return f"{handler.name} {handler.trigger.describe()} {id(handler.instance):x}"
