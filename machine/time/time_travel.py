"""Travelling in time: what is due on the way happens in order, each at its own time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from machine.bot import Machine
from machine.sandbox import Workspace
from machine.time.clock import Clock

__tracebackhide__ = True  # pytest shows the line of the test, not those in here

MAX_STOPS = 10_000
"""Moments on one journey at which something is due; a job of every second makes 86,400 a day."""


async def travel(
    moment: datetime, clock: Clock, machine: Machine, workspace: Workspace, settled: Callable[[], Awaitable[None]]
) -> None:
    """Move the clock to a moment, from one thing that is due to the next; each has ended before the clock moves on.

    Raises:
        ValueError: The moment is in the past, or more is due until then than anybody would wait for.
    """
    await settled()
    stops = 0
    while (due := _next_due(machine, workspace)) is not None and due <= moment:
        stops += 1
        if stops > MAX_STOPS:
            raise ValueError(
                f"More than {MAX_STOPS} moments at which something is due lie before {moment}. Travel less far; the "
                f"next job is {machine.jobs()[0].handler.name if machine.jobs() else 'none'}."
            )
        clock.move_to(max(due, clock.now))
        workspace.schedule.post_due()
        machine.run_due_jobs()
        await settled()
    clock.move_to(moment)


def _next_due(machine: Machine, workspace: Workspace) -> datetime | None:
    moments = [job.next_run for job in machine.jobs()[:1] if job.next_run is not None]
    moments += [datetime.fromtimestamp(message.post_at, UTC) for message in workspace.schedule.pending()[:1]]
    return min(moments, default=None)
