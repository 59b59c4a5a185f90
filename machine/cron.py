"""When a schedule is due: cron's fields, read on a wall clock that is set forward and back.

APScheduler's `CronTrigger` knows the fields, but loses its way where the offset of a zone changes: 3.11 skips the day
after the clocks go forward. Here it only lists wall clock times, in UTC, where no offset changes. Which moments those
are is worked out below, as Vixie cron does:

- A fixed hour (a number, a list, a range) is due once for each time that the fields name: the first time the clock
  shows it or, where the clock skips it, at the first moment after the gap. Several times in one gap are one run.
- An hour with a wildcard or a step is due whenever the clock shows it: never in a gap, twice where the clock is set
  back.

Any change of offset counts, whatever its reason and size. Changes are expected to be days apart; those in tzdata since
1970 are at least six.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import TypeVar
from zoneinfo import available_timezones

from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger

from machine.plugins.triggers import Schedule

T = TypeVar("T")

SECOND = timedelta(seconds=1)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""Where CronTrigger begins to count."""

GREGORIAN_CYCLE_ENDS = datetime(2370, 1, 1, tzinfo=UTC)
"""400 years later, when dates, weekdays and weeks repeat."""

END_OF_TIME = datetime(9999, 12, 28, tzinfo=UTC)
"""Python's datetimes end with this year; a few days are left for offsets."""

_ON_THE_WALL = timezone(timedelta(0), "on the wall")  # of limits that name no zone, to tell them from UTC

FIELD_VALUES = {
    "year": "1970 to 9999",
    "month": '1 to 12, or "jan" to "dec"',
    "day": '1 to 31, "last", or one such as "2nd fri" or "last sun"',
    "week": "1 to 53",
    "day_of_week": '0 (Monday) to 6, or "mon" to "sun"',
    "hour": "0 to 23",
    "minute": "0 to 59",
    "second": "0 to 59",
}

# CronTrigger ignores what follows a name: "mon fri" and "mon/2" would mean "mon".
_EXPRESSION = re.compile(r"\*(/\d+)?|\d+(-\d+)?(/\d+)?|[a-z]+(-[a-z]+)?|(\d[a-z]{2}|last) +\w+", re.IGNORECASE)


class WallClockTrigger(BaseTrigger):  # type: ignore[misc]  # apscheduler has no types
    """The moments at which a schedule is due.

    Args:
        schedule: What is due.
        tz: In which the schedule is read if it names no time zone.

    Raises:
        ValueError: The schedule cannot be read, or is never due. The message says what to change.
    """

    def __init__(self, schedule: Schedule, tz: tzinfo) -> None:
        if not schedule.fields:
            raise ValueError('no field is given, so it would run every second. If that is meant, write second="*".')
        for name, value in schedule.fields.items():
            _check_field(name, value)
        self._clock = _WallClock(_read_zone(schedule.timezone or tz))
        self._start = self._read_limit("start_date", schedule.start_date)
        self._end = self._read_limit("end_date", schedule.end_date)
        if self._start and self._end and self._start > self._end:
            raise ValueError("start_date is after end_date. Swap them, or change one.")

        end = None if self._end is None else self._clock.at(self._end).replace(tzinfo=UTC) + timedelta(days=2)
        self._fields = CronTrigger(**schedule.fields, end_date=end, timezone=UTC)
        (hour,) = (str(field) for field in self._fields.fields if field.name == "hour")
        self._follows_clock = "*" in hour or "/" in hour

        cycle = None if "year" in schedule.fields else GREGORIAN_CYCLE_ENDS
        ever = CronTrigger(**schedule.fields, end_date=cycle, timezone=UTC)
        if ever.get_next_fire_time(None, EPOCH) is None:
            raise ValueError("it never runs, because no date matches all of its fields. Change or remove one.")
        if self._end and self._next(self._start or EPOCH) is None:
            raise ValueError("it never runs, because no time within its limits matches. Change a limit or a field.")

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime | None:
        """The first moment after the previous one, or else from `now` on, in UTC; `None` if there is none.

        A moment before `now` is told too if it follows the previous one: APScheduler makes up for missed runs.
        """
        if previous_fire_time is not None:
            return self._next(previous_fire_time.astimezone(UTC).replace(microsecond=0) + SECOND)
        moment = now.astimezone(UTC)
        if self._start is not None:
            moment = max(moment, self._start)
        if moment.microsecond:
            moment = moment.replace(microsecond=0) + SECOND
        return self._next(moment)

    def _next(self, moment: datetime) -> datetime | None:
        """The first moment that is due, this one or later."""
        try:
            due = self._next_shown(moment) if self._follows_clock else self._next_first_shown(moment)
        except OverflowError:  # the year 10000
            return None
        return None if due is None or (self._end is not None and due > self._end) else due

    def _next_first_shown(self, moment: datetime) -> datetime | None:
        # A second earlier: at the moment after a gap, what the clock skipped is due.
        wall = self._next_wall(self._clock.at(moment - SECOND) + SECOND)
        while wall is not None:
            shown = self._clock.moments(wall)
            due = shown[0] if shown else self._clock.after_gap(wall)
            if due >= moment:
                return due
            # The clock was set back, and shows this again: go on with what it has not shown yet.
            last_shown = self._clock.at(self._clock.change(due, shown[-1]) - SECOND) if shown else wall
            wall = self._next_wall(max(last_shown, wall) + SECOND)
        return None

    def _next_shown(self, moment: datetime) -> datetime | None:
        due = self._next_shown_from(moment, self._clock.at(moment))
        passes = self._clock.moments(self._clock.at(moment))
        if len(passes) == 2 and passes[0] == moment:
            # The clock will be set back: what it shows again may be due before what it shows next.
            set_back = self._clock.change(*passes)
            if due is None or due > set_back:
                return self._next_shown_from(set_back, self._clock.at(set_back))
        return due

    def _next_shown_from(self, moment: datetime, wall: datetime) -> datetime | None:
        """The first moment at which the clock shows a time of the schedule, if it is not set back before."""
        next_wall = self._next_wall(wall)
        while next_wall is not None:
            shown = self._clock.moments(next_wall)
            for due in shown:
                if due >= moment:
                    return due
            after_gap = next_wall if shown else self._clock.at(self._clock.after_gap(next_wall))
            next_wall = self._next_wall(max(after_gap, next_wall + SECOND))
        return None

    def _next_wall(self, wall: datetime) -> datetime | None:
        """The first wall clock time of the schedule, this one or later."""
        found: datetime | None = self._fields.get_next_fire_time(None, wall.replace(tzinfo=UTC))
        return None if found is None else found.replace(tzinfo=None)

    def _read_limit(self, name: str, given: datetime | str | None) -> datetime | None:
        """A limit as a moment; one without offset that the clock skips is the moment after the gap."""
        if given is None:
            return None
        limit: datetime = _read(
            f"{name}={given!r} is not a date or time",
            lambda: 'Write it as "2026-03-29" or "2026-03-29 02:30:00".',
            lambda: CronTrigger(hour=0, start_date=given, timezone=_ON_THE_WALL).start_date,
        )
        if not EPOCH.year < limit.year < END_OF_TIME.year:
            return EPOCH if limit.year <= EPOCH.year else END_OF_TIME
        if limit.tzinfo is not _ON_THE_WALL:
            return limit.astimezone(UTC)
        wall = limit.replace(tzinfo=None)
        shown = self._clock.moments(wall)
        return shown[0] if shown else self._clock.after_gap(wall)


class _WallClock:
    """A clock on a wall in some time zone. What it shows are datetimes without a zone; moments are in UTC."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone

    def at(self, moment: datetime) -> datetime:
        """What the clock shows."""
        return moment.astimezone(self._zone).replace(tzinfo=None, fold=0)

    def moments(self, wall: datetime) -> list[datetime]:
        """When the clock shows this: once, twice where it was set back, never where it was set forward."""
        first, second = self._guesses(wall)
        if first == second:
            return [first]
        return [moment for moment in (first, second) if self.at(moment) == wall]

    def after_gap(self, wall: datetime) -> datetime:
        """The first moment after the gap in which the clock skips this."""
        after, before = self._guesses(wall)
        return self.change(before, after)

    def change(self, before: datetime, after: datetime) -> datetime:
        """The first moment with another offset than `before` has, up to `after`; they are whole seconds apart."""
        offset = self._offset(before)
        while after - before > SECOND:
            middle = before + (after - before) // 2 // SECOND * SECOND
            if self._offset(middle) == offset:
                before = middle
            else:
                after = middle
        return after

    def _guesses(self, wall: datetime) -> Iterator[datetime]:
        # As PEP 495 has it: in a gap, fold=0 takes the offset before it and comes out behind it.
        local = wall.replace(tzinfo=self._zone)
        return (local.replace(fold=fold).astimezone(UTC) for fold in (0, 1))

    def _offset(self, moment: datetime) -> timedelta | None:
        return moment.astimezone(self._zone).utcoffset()


def _check_field(name: str, value: int | str) -> None:
    takes = f"{name} takes {FIELD_VALUES[name]}; also lists (a,b), ranges (a-b) and steps (*/n, a-b/n)."
    _read(f"{name}={value!r} is not understood", lambda: takes, lambda: CronTrigger(**{name: value}, timezone=UTC))
    for expression in re.split(" *, *", str(value).strip()):
        if not _EXPRESSION.fullmatch(expression):
            raise ValueError(f"{name}={value!r} is not understood. {takes}")


def _read_zone(given: tzinfo | str) -> tzinfo:
    def remedy() -> str:
        near = difflib.get_close_matches(str(given), available_timezones(), n=1)
        return f'Did you mean "{near[0]}"?' if near else 'Write one such as "Europe/Amsterdam" or "UTC".'

    zone: tzinfo = _read(
        f"timezone={given!r} is not a time zone", remedy, lambda: CronTrigger(hour=0, timezone=given).timezone
    )
    return zone


def _read(problem: str, remedy: Callable[[], str], read: Callable[[], T]) -> T:
    try:
        return read()
    except (ValueError, TypeError, LookupError, OSError) as error:  # OSError: "Europe" is a folder of tzdata
        reason = f" ({error})" if type(error) is ValueError else ""
        raise ValueError(f"{problem}{reason}. {remedy()}") from None
