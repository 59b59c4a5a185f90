"""Dates in texts, as Slack's clients write them for each reader.

https://docs.slack.dev/messaging/formatting-message-text#date-formatting and
https://docs.slack.dev/reference/block-kit/block-elements/date-element
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

_TOKEN = re.compile(r"\{(\w+)\}")
_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))
_DAYS = {-1: "yesterday", 0: "today", 1: "tomorrow"}


def date_text(form: str, seconds: int, now: datetime) -> str:
    """A date written as a form asks: `{date_short} at {time}` as `Feb 18, 2014 at 6:39 AM`.

    Args:
        form: Text with tokens in braces; a token that nobody knows stays as it is.
        seconds: The date, in seconds since 1970.
        now: The time and the timezone of the reader; today, yesterday and tomorrow are named by the pretty tokens.

    Raises:
        ValueError, OverflowError, OSError: There is no such date.
    """
    at = datetime.fromtimestamp(seconds, now.tzinfo)
    words = _words(at, now)
    near = _DAYS.get((at.date() - now.date()).days)

    def written(found: re.Match[str]) -> str:
        word = found[1]
        if near is not None and word.endswith("_pretty"):
            return near
        return words.get(word.removesuffix("_pretty"), found[0])

    return _TOKEN.sub(written, form)


def _words(at: datetime, now: datetime) -> dict[str, str]:
    """What each token stands for, of the pretty ones the plain form."""
    clock, half = f"{at.hour % 12 or 12}:{at:%M}", f"{at:%p}"
    day, year = f"{at:%B} {_ordinal(at.day)}", f", {at.year}"
    return {
        "date_num": f"{at:%Y-%m-%d}",
        "date_slash": f"{at:%d/%m/%Y}",
        "date": f"{day}{year}",
        "date_short": f"{at:%b} {at.day}{year}",
        "date_long": f"{at:%A}, {day}{year}",
        "date_long_full": f"{at:%B} {at.day}{year}",
        "day_divider": f"{at:%A}, {day}{'' if at.year == now.year else year}",
        "time": f"{clock} {half}",
        "time_secs": f"{clock}:{at:%S} {half}",
        "ago": _ago(at - now),
    }


def _ordinal(day: int) -> str:
    ending = "th" if 10 < day < 14 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}{ending}"


def _ago(distance: timedelta) -> str:
    seconds = int(distance.total_seconds())
    size, unit = next(((size, unit) for size, unit in _UNITS if abs(seconds) >= size), _UNITS[-1])
    number = abs(seconds) // size
    text = f"{number} {unit}{'' if number == 1 else 's'}"
    return f"in {text}" if seconds > 0 else f"{text} ago"
