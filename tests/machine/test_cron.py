"""When schedules are due, across every change of clocks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import cache
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
from apscheduler.triggers.cron import CronTrigger
from hypothesis import example, given, settings
from hypothesis import strategies as st

from machine.cron import WallClockTrigger
from machine.plugins.triggers import Schedule

MINUTE = timedelta(minutes=1)
HALF_A_MINUTE = timedelta(seconds=30)
"""As finely as offsets and the clocks' changes in tzdata since 1970 are divided."""

LOWEST = {"month": 1, "day": 1, "hour": 0, "minute": 0}
HIGHEST = {"month": 12, "day": 31, "hour": 23, "minute": 59}


def due(trigger: WallClockTrigger, start: datetime, end: datetime) -> list[datetime]:
    """All moments at which a trigger is due, both ends included."""
    moments = []
    moment = trigger.get_next_fire_time(None, start)
    while moment is not None and moment <= end:
        moments.append(moment)
        moment = trigger.get_next_fire_time(moment, end)
    return moments


def shown(zone: str, fields: dict[str, int | str], start: str, end: str, **limits: Any) -> list[str]:
    """What the clock of a zone shows when a schedule is due between two of its dates, with the offset."""
    tz = ZoneInfo(zone)
    trigger = WallClockTrigger(Schedule(fields, **limits), tz)
    begin, stop = (datetime.fromisoformat(text).replace(tzinfo=tz).astimezone(UTC) for text in (start, end))
    return [moment.astimezone(tz).strftime("%d %H:%M %z") for moment in due(trigger, begin, stop)]


# What is to be expected, as one would explain it: walk through the moments and look at the clock.


def enumerated(
    fields: dict[str, int | str], tz: tzinfo, start: datetime, end: datetime, step: timedelta
) -> Iterator[datetime]:
    """The moments at which a schedule is due, both ends included; fields have numbers, lists, ranges and steps."""
    hour = str(fields.get("hour", "*" if "minute" in fields else "0"))
    is_fixed = "*" not in hour and "/" not in hour
    latest_shown = (start - step).astimezone(tz).replace(tzinfo=None)
    moment = start
    while moment <= end:
        wall = moment.astimezone(tz).replace(tzinfo=None, fold=0)
        if not is_fixed:
            if matches(fields, wall):
                yield moment
        elif wall > latest_shown:
            newly_shown_or_skipped = (wall - n * step for n in range((wall - latest_shown) // step))
            if any(matches(fields, each) for each in newly_shown_or_skipped):
                yield moment
            latest_shown = wall
        moment += step


def matches(fields: dict[str, int | str], wall: datetime) -> bool:
    """Whether a wall clock time is one of a schedule."""
    names = ["month", "day", "day_of_week", "hour", "minute"]
    smallest = max(names.index(name) for name in fields)
    for index, name in enumerate(names):
        value = wall.weekday() if name == "day_of_week" else getattr(wall, name)
        if name in fields:
            if value not in numbers(name, str(fields[name])):
                return False
        elif index > smallest and value != LOWEST.get(name, value):
            return False
    return wall.second == 0


@cache
def numbers(name: str, text: str) -> frozenset[int]:
    """What an expression such as `1-5/2,9` stands for."""
    found: set[int] = set()
    for part in text.split(","):
        limits, _, step = part.partition("/")
        low, _, high = (f"{LOWEST.get(name, 0)}-{HIGHEST.get(name, 6)}" if limits == "*" else limits).partition("-")
        last = int(high) if high else HIGHEST.get(name, 6) if step else int(low)
        found |= set(range(int(low), last + 1, int(step or 1)))
    return frozenset(found)


@cache
def changes(zone: str) -> list[datetime]:
    """The first moments of each offset that a zone has had from 1970 to 2037."""
    tz = ZoneInfo(zone)
    days = [datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=n) for n in range(0, 68 * 365, 3)]
    found = []
    for before, after in pairwise(days):
        low, high = before, after
        if offset(low, tz) == offset(high, tz):
            continue
        while high - low > HALF_A_MINUTE:
            middle = low + (high - low) // 2 // HALF_A_MINUTE * HALF_A_MINUTE
            low, high = (middle, high) if offset(middle, tz) == offset(low, tz) else (low, middle)
        found.append(high)
    return found


def offset(moment: datetime, tz: tzinfo) -> timedelta:
    """By how much the clock is ahead of UTC."""
    ahead = moment.astimezone(tz).utcoffset()
    assert ahead is not None
    return ahead


def expressions(low: int, high: int) -> st.SearchStrategy[str]:
    """Numbers, ranges, lists, wildcards and steps, as APScheduler takes them."""
    number = st.integers(low, high)
    a_range = st.tuples(number, number).map(lambda ends: f"{min(ends)}-{max(ends)}")
    step = st.integers(2, (high - low) // 2).map(lambda n: f"*/{n}")
    one = st.one_of(number.map(str), a_range, step, st.just("*"))
    return st.lists(one, min_size=1, max_size=3).map(",".join)


ZONES = sorted(zone for zone in available_timezones() if zone not in ("Factory", "localtime"))

schedules = st.fixed_dictionaries(
    {}, optional={"hour": expressions(0, 23), "minute": expressions(0, 59), "day_of_week": expressions(0, 6)}
).filter(bool)


@settings(deadline=None)
@given(st.data(), st.sampled_from(ZONES), schedules)
def test_schedules_are_due_as_a_plain_enumeration_says(
    data: st.DataObject, zone: str, fields: dict[str, int | str]
) -> None:
    """B1: around any change of clocks of any zone in tzdata, a fixed hour is due once, an open one whenever shown."""
    tz = ZoneInfo(zone)
    change = data.draw(st.sampled_from(changes(zone) or [datetime(2026, 3, 29, 1, tzinfo=UTC)]))
    around = abs(offset(change, tz) - offset(change - HALF_A_MINUTE, tz)) + timedelta(hours=3)
    start = change + data.draw(st.integers(-around // MINUTE, around // MINUTE)) * MINUTE
    end = change + around

    found = due(WallClockTrigger(Schedule(fields), tz), start, end)

    # What a clock showed before the start may be shown again after it: the walk begins before both.
    expected = enumerated(fields, tz, change - around, end, HALF_A_MINUTE)
    assert found == [moment for moment in expected if moment >= start]


@pytest.mark.parametrize(
    ("zone", "year"),
    [
        ("Europe/Amsterdam", 2026),
        ("Europe/Dublin", 2026),  # summer time is its standard time
        ("Africa/Casablanca", 2026),  # one hour less in Ramadan
        ("Africa/Cairo", 2026),  # forward at midnight
        ("Asia/Beirut", 2026),
        ("America/Santiago", 2026),
        ("Australia/Lord_Howe", 2026),  # by half an hour
        ("Antarctica/Troll", 2026),  # by two hours
        ("Antarctica/Casey", 2023),  # by three hours, once
        ("Asia/Pyongyang", 2018),  # by half an hour, for good
        ("Pacific/Apia", 2011),  # without 30 December
        ("Pacific/Kwajalein", 1993),  # without 21 August
        ("America/Sao_Paulo", 2018),  # forward at midnight
    ],
)
@pytest.mark.parametrize(
    "fields",
    [{"hour": 0}, {"hour": "1-3", "minute": 30}, {"hour": "*/2"}, {"minute": "*/30"}, {"day_of_week": 0}],
    ids=str,
)
def test_whole_years_are_as_a_plain_enumeration_says(zone: str, year: int, fields: dict[str, int | str]) -> None:
    """B1: nothing is lost and nothing comes twice from one change of clocks to the next."""
    tz = ZoneInfo(zone)
    start, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 2, tzinfo=UTC)
    step = timedelta(minutes=30)

    assert due(WallClockTrigger(Schedule(fields), tz), start, end) == list(enumerated(fields, tz, start, end, step))


def test_midnight_and_mondays_are_kept_when_the_clocks_go_forward() -> None:
    """B1: CronTrigger skips the Monday after."""
    days = ("2026-03-28", "2026-03-31")

    assert shown("Europe/Amsterdam", {"hour": 0}, *days) == [
        "28 00:00 +0100",
        "29 00:00 +0100",
        "30 00:00 +0200",
        "31 00:00 +0200",
    ]
    assert shown("Europe/Amsterdam", {"day_of_week": "mon"}, *days) == ["30 00:00 +0200"]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"hour": 2, "minute": 30}, ["24 02:30 +0200", "25 02:30 +0200"]),
        ({"hour": "2", "minute": "*/30"}, ["24 02:00 +0200", "24 02:30 +0200", "25 02:00 +0200", "25 02:30 +0200"]),
        ({"day": 25, "hour": "1-3"}, ["25 01:00 +0200", "25 02:00 +0200", "25 03:00 +0100"]),
        ({"day": 25, "hour": "2,14"}, ["25 02:00 +0200", "25 14:00 +0100"]),
        (
            {"day": 25, "hour": "*", "minute": 30},
            ["25 00:30 +0200", "25 01:30 +0200", "25 02:30 +0200", "25 02:30 +0100", "25 03:30 +0100"],
        ),
        ({"day": 25, "hour": "0-4/2"}, ["25 00:00 +0200", "25 02:00 +0200", "25 02:00 +0100", "25 04:00 +0100"]),
    ],
    ids=str,
)
def test_clocks_set_back(fields: dict[str, int | str], expected: list[str]) -> None:
    """B1: a fixed hour is due in the first pass only, a wildcard or step in both."""
    found = shown("Europe/Amsterdam", fields, "2026-10-24", "2026-10-26")

    assert found[: len(expected)] == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"hour": 2, "minute": 30}, ["28 02:30 +0100", "29 03:00 +0200"]),
        ({"day": 29, "hour": "2-3", "minute": "*/30"}, ["29 03:00 +0200", "29 03:30 +0200"]),
        ({"day": 29, "hour": "1-3"}, ["29 01:00 +0100", "29 03:00 +0200"]),
        ({"day": 29, "hour": 2, "minute": "*", "second": "*"}, ["29 03:00 +0200"]),
        ({"day": "last sun", "hour": 2}, ["29 03:00 +0200"]),
        ({"week": 13, "day_of_week": "sun", "hour": 2, "minute": 59}, ["29 03:00 +0200"]),
        ({"day": 29, "hour": "*/2", "minute": 30}, ["29 00:30 +0100", "29 04:30 +0200"]),
        ({"day": 29, "hour": "*", "minute": 30}, ["29 00:30 +0100", "29 01:30 +0100", "29 03:30 +0200"]),
    ],
    ids=str,
)
def test_clocks_set_forward(fields: dict[str, int | str], expected: list[str]) -> None:
    """B1: a fixed hour in the gap is due once, right after it; a wildcard or step does not see the gap."""
    found = shown("Europe/Amsterdam", fields, "2026-03-28", "2026-03-30")

    assert found[: len(expected)] == expected


@pytest.mark.parametrize(
    ("zone", "fields", "start", "end", "expected"),
    [
        (
            "Africa/Cairo",
            {"hour": 0},
            "2026-04-23",
            "2026-04-25",
            ["23 00:00 +0200", "24 01:00 +0300", "25 00:00 +0300"],
        ),
        ("Asia/Beirut", {"day_of_week": "sun"}, "2026-03-23", "2026-04-04", ["29 01:00 +0300"]),
        (
            "America/Santiago",
            {"hour": "0,1"},
            "2026-09-06",
            "2026-09-07",
            ["06 01:00 -0300", "07 00:00 -0300"],
        ),
        (
            "Australia/Lord_Howe",
            {"hour": 2, "minute": 15},
            "2026-10-03",
            "2026-10-05",
            ["03 02:15 +1030", "04 02:30 +1100"],
        ),
        (
            "Australia/Lord_Howe",
            {"hour": 1, "minute": 45},
            "2026-04-05",
            "2026-04-06",
            ["05 01:45 +1100"],
        ),
        (
            "Australia/Lord_Howe",
            {"hour": "*", "minute": 45},
            "2026-04-05 01:00:00",
            "2026-04-05 03:00:00",
            ["05 01:45 +1100", "05 01:45 +1030", "05 02:45 +1030"],
        ),
        (
            "Pacific/Apia",
            {"hour": 9},
            "2011-12-29",
            "2012-01-01",
            ["29 09:00 -1000", "31 00:00 +1400", "31 09:00 +1400"],
        ),
        (
            "America/Goose_Bay",
            {"hour": 0, "minute": "0,30"},
            "2010-03-14",
            "2010-03-15",
            ["14 00:00 -0400", "14 01:01 -0300", "15 00:00 -0300"],
        ),
        ("Pacific/Apia", {"day": 30, "hour": 9}, "2011-12-01", "2012-01-29", ["31 00:00 +1400"]),
        (
            "Pacific/Apia",
            {"hour": 0},
            "2011-12-29",
            "2012-01-01",
            ["29 00:00 -1000", "31 00:00 +1400", "01 00:00 +1400"],
        ),
        ("Pacific/Kwajalein", {"day": 21}, "1993-08-01", "1993-09-01", ["22 00:00 +1200"]),
        ("Africa/Casablanca", {"hour": 2}, "2026-02-14", "2026-02-16", ["14 02:00 +0100", "15 02:00 +0100"]),
        ("Africa/Casablanca", {"hour": 2, "minute": 30}, "2026-03-22", "2026-03-23", ["22 03:00 +0100"]),
        ("Europe/Dublin", {"hour": 1, "minute": 30}, "2026-03-29", "2026-03-30", ["29 02:00 +0100"]),
        ("Europe/Dublin", {"hour": 1, "minute": 30}, "2026-10-25", "2026-10-26", ["25 01:30 +0100"]),
    ],
    ids=str,
)
def test_peculiar_zones(zone: str, fields: dict[str, int | str], start: str, end: str, expected: list[str]) -> None:
    """B1: gaps at midnight and of a whole day, changes by half an hour, at Ramadan, and the other way round."""
    assert shown(zone, fields, start, end) == expected


EXPRESSIONS: list[dict[str, int | str]] = [
    {"minute": "*/5"},
    {"minute": "3-59/7"},
    {"minute": "5/20"},
    {"hour": "9-17"},
    {"hour": 9, "minute": "0,15, 45"},
    {"second": "*/20", "minute": 0},
    {"day_of_week": "mon,wed"},
    {"day_of_week": "MON-Fri", "hour": 9},
    {"day_of_week": "0-4,sun"},
    {"day": "last"},
    {"day": "last sun,2nd fri"},
    {"day": "1st mon", "hour": "12-14"},
    {"day": "5th fri"},
    {"day": "29-31"},
    {"day": "*/10", "hour": 8},
    {"month": "jan-mar,dec"},
    {"month": "*/5", "day": "last"},
    {"week": "1,53"},
    {"week": "*/13", "day_of_week": "tue"},
    {"year": "2026-2030/2"},
    {"year": 2028, "month": 2, "day": 29},
]


@pytest.mark.parametrize("fields", EXPRESSIONS, ids=str)
@pytest.mark.parametrize("tz", [UTC, ZoneInfo("UTC"), timezone(timedelta(hours=5, minutes=45))], ids=str)
def test_expressions_mean_what_they_mean_in_apscheduler(fields: dict[str, int | str], tz: tzinfo) -> None:
    """Where no clock changes, nothing differs."""
    now = datetime(2026, 1, 1, 0, 0, 0, 5, tzinfo=UTC)
    theirs, ours = CronTrigger(**fields, timezone=tz), WallClockTrigger(Schedule(fields), tz)

    expected, found = theirs.get_next_fire_time(None, now), ours.get_next_fire_time(None, now)

    for _ in range(50):
        assert found == expected
        if found is None:
            break
        expected, found = theirs.get_next_fire_time(expected, expected), ours.get_next_fire_time(found, found)


def test_missed_runs_are_told_one_by_one() -> None:
    """APScheduler asks for what came after the last run, however long ago, and makes up for all by one."""
    trigger = WallClockTrigger(Schedule({"hour": 9}), UTC)
    yesterday = datetime(2026, 1, 5, 9, tzinfo=UTC)

    assert trigger.get_next_fire_time(yesterday, datetime(2026, 1, 9, tzinfo=UTC)) == yesterday + timedelta(days=1)


def test_a_time_zone_of_its_own() -> None:
    """B1: the clock is that of the schedule, not of the bot."""
    limits = {"timezone": "America/New_York"}

    assert shown("Asia/Tokyo", {"hour": 2, "minute": 30}, "2026-03-08", "2026-03-09", **limits) == ["08 16:00 +0900"]


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({"start_date": "2026-03-29 02:30:00"}, ["29 03:00 +0200", "29 03:15 +0200", "29 03:30 +0200"]),
        ({"start_date": "2026-03-29 03:15:00"}, ["29 03:15 +0200", "29 03:30 +0200"]),
        ({"start_date": datetime(2026, 3, 29, 1, 10, tzinfo=UTC)}, ["29 03:15 +0200", "29 03:30 +0200"]),
        ({"start_date": "2026-03-29 03:30:00+02:00"}, ["29 03:30 +0200"]),
        ({"end_date": "2026-03-29 01:45:00"}, ["29 01:30 +0100", "29 01:45 +0100"]),
        ({"end_date": "2026-03-29 02:30:00"}, ["29 01:30 +0100", "29 01:45 +0100", "29 03:00 +0200"]),
        ({"start_date": "0001-01-01", "end_date": date(2026, 3, 29)}, []),
        ({"start_date": "9999-12-31 23:59:59"}, []),
    ],
    ids=str,
)
def test_limits_at_a_gap(limits: dict[str, Any], expected: list[str]) -> None:
    """B1: a limit that the clock skips is the moment after the gap."""
    fields: dict[str, int | str] = {"minute": "*/15"}

    assert shown("Europe/Amsterdam", fields, "2026-03-29 01:30:00", "2026-03-29 03:30:00", **limits) == expected


def test_limits_where_clocks_are_set_back() -> None:
    """B1: a limit without offset is the first of the two moments; one with an offset says which."""
    day = ("2026-10-25 02:00:00", "2026-10-25 03:00:00")
    fields: dict[str, int | str] = {"minute": "*/30"}

    assert shown("Europe/Amsterdam", fields, *day, end_date="2026-10-25 02:30:00") == [
        "25 02:00 +0200",
        "25 02:30 +0200",
    ]
    assert shown("Europe/Amsterdam", fields, *day, start_date="2026-10-25 02:30:00+01:00") == [
        "25 02:30 +0100",
        "25 03:00 +0100",
    ]
    second_pass = datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=ZoneInfo("Europe/Amsterdam"))
    assert shown("Europe/Amsterdam", fields, *day, start_date=second_pass) == ["25 02:30 +0100", "25 03:00 +0100"]


def test_the_end_of_time() -> None:
    """Python knows no year 10000, wherever it begins first."""
    for zone in ("Pacific/Kiritimati", "America/New_York"):
        trigger = WallClockTrigger(Schedule({"hour": 9}, end_date="9999-12-31 23:59:59"), ZoneInfo(zone))
        assert trigger.get_next_fire_time(None, datetime(9999, 12, 31, 23, 59, tzinfo=UTC)) is None
        assert trigger.get_next_fire_time(None, datetime(2026, 1, 1, tzinfo=UTC)) is not None


@pytest.mark.parametrize(
    ("fields", "limits", "message"),
    [
        ({}, {}, 'no field is given, so it would run every second. If that is meant, write second="*".'),
        ({}, {"timezone": "UTC"}, "every second"),
        (
            {"month": 2, "day": 30},
            {},
            "it never runs, because no date matches all of its fields. Change or remove one.",
        ),
        ({"day": "5th fri", "month": "feb", "week": 1}, {}, "no date matches"),
        ({"hour": 9}, {"start_date": "2026-02-01", "end_date": "2026-01-01"}, "start_date is after end_date. Swap"),
        ({"day": 5}, {"start_date": "2026-01-06", "end_date": "2026-01-20"}, "no time within its limits matches"),
        ({"hour": 25}, {}, "hour=25 is not understood (Error validating"),
        ({"hour": 25}, {}, "hour takes 0 to 23; also lists"),
        ({"hour": 9.5}, {}, "hour=9.5 is not understood"),
        ({"hour": True}, {}, "hour=True is not understood"),
        ({"hour": "22-2"}, {}, "minimum value in a range must not be higher"),
        ({"minute": "*/0"}, {}, "must be higher than 0"),
        ({"day_of_week": "mun"}, {}, '0 (Monday) to 6, or "mon" to "sun"'),
        ({"day_of_week": "mon fri"}, {}, "day_of_week='mon fri' is not understood"),  # CronTrigger: Mondays
        ({"day_of_week": "mon - fri"}, {}, "is not understood"),
        ({"day_of_week": "mon-fri/2"}, {}, "is not understood"),
        ({"month": "jan;feb"}, {}, "is not understood"),
        ({"day": "last-1"}, {}, "is not understood"),
        ({"year": 1960}, {}, "year takes 1970 to 9999"),
        (
            {"hour": 9},
            {"start_date": "soon"},
            "start_date='soon' is not a date or time (Invalid date string). Write it as \"",
        ),
        ({"hour": 9}, {"end_date": "2026-02-30"}, "end_date='2026-02-30' is not a date or time (day"),
        ({"hour": 9}, {"end_date": 5}, "end_date=5 is not a date or time. Write"),
        ({"hour": 9}, {"timezone": "Europe/Amsterdm"}, 'is not a time zone. Did you mean "Europe/Amsterdam"?'),
        ({"hour": 9}, {"timezone": "Europe"}, "timezone='Europe' is not a time zone."),  # a folder
        ({"hour": 9}, {"timezone": 5}, "timezone=5 is not a time zone."),
    ],
    ids=str,
)
def test_what_cannot_be_read_or_never_runs_is_refused(
    fields: dict[str, Any], limits: dict[str, Any], message: str
) -> None:
    """B2: with what is wrong and what to write instead."""
    with pytest.raises(ValueError, match=re.escape(message)) as raised:
        WallClockTrigger(Schedule(fields, **limits), UTC)

    assert str(raised.value)[-1] in ".?"


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["month", "day", "day_of_week", "hour"]), st.text("*/-, 0259lastmonfeb", max_size=8)
    )
)
@example({"hour": "\u0665"})  # a digit of Unicode
def test_any_text_is_read_or_refused(fields: dict[str, int | str]) -> None:
    """B2: never with anything else than a ValueError."""
    try:
        trigger = WallClockTrigger(Schedule(fields), UTC)
    except ValueError:
        return
    assert trigger.get_next_fire_time(None, datetime(2026, 1, 1, tzinfo=UTC)) is not None
