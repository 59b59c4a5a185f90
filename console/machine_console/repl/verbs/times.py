"""When something is to happen, as people say it at a prompt."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from machine_console.repl.language.errors import ReplError

_DURATION = re.compile(r"(?:(?P<days>\d+)d)?\s*(?:(?P<hours>\d+)h)?\s*(?:(?P<minutes>\d+)m)?\s*(?:(?P<seconds>\d+)s)?")
_CLOCK = re.compile(r"(?P<hour>\d{1,2}):(?P<minute>\d{2})")


def moment(when: datetime | timedelta | float | str, now: datetime) -> datetime:
    """The moment meant by a time, a duration from now, seconds from now, `"1h30m"` or `"17:30"`.

    A clock time is the next one, in the time zone of `now`.

    Raises:
        ReplError: It is none of these.
    """
    if isinstance(when, datetime):
        return when if when.tzinfo is not None else when.replace(tzinfo=now.tzinfo)
    if isinstance(when, timedelta):
        return now + when
    if isinstance(when, int | float) and not isinstance(when, bool):
        return now + timedelta(seconds=when)
    if isinstance(when, str):
        text = when.strip()
        if clock := _CLOCK.fullmatch(text):
            hour, minute = int(clock["hour"]), int(clock["minute"])
            if hour < 24 and minute < 60:
                at = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
                return at if at > now else at + timedelta(days=1)
        if text and (found := _DURATION.fullmatch(text)):
            return now + timedelta(**{unit: int(number) for unit, number in found.groupdict().items() if number})
    raise ReplError(f'{when!r} is not a time. Give "10m", "1h30m", "17:30", seconds, or a datetime.')
