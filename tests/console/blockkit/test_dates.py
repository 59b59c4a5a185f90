"""Dates as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from machine_console.blockkit.dates import date_text
from machine_console.blockkit.mrkdwn import mrkdwn_lines
from machine_console.blockkit.rich_text import rich_text_lines
from machine_console.text.formatting import IdsOnly
from machine_console.text.styled_text import plain

AT = 1392734382
"""2014-02-18, 14:39:42 in UTC."""
NOW = datetime(2026, 3, 4, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("form", "shown"),
    [
        ("{date_num}", "2014-02-18"),
        ("{date_slash}", "18/02/2014"),
        ("{date}", "February 18th, 2014"),
        ("{date_short}", "Feb 18, 2014"),
        ("{date_long}", "Tuesday, February 18th, 2014"),
        ("{date_long_full}", "February 18, 2014"),
        ("{date_pretty} at {time}", "February 18th, 2014 at 2:39 PM"),
        ("{date_short_pretty}", "Feb 18, 2014"),
        ("{date_long_pretty}", "Tuesday, February 18th, 2014"),
        ("{day_divider_pretty}", "Tuesday, February 18th, 2014"),
        ("{time_secs}", "2:39:42 PM"),
        ("{new_token} {", "{new_token} {"),
    ],
)
def test_a_form_is_filled_in(form: str, shown: str) -> None:
    """A token that nobody knows stays as it is."""
    assert date_text(form, AT, NOW) == shown


@pytest.mark.parametrize(
    ("days", "pretty", "ago"),
    [
        (0, "today", "0 seconds ago"),
        (-1, "yesterday", "1 day ago"),
        (1, "tomorrow", "in 1 day"),
        (3, "Mar 7, 2026", "in 3 days"),
    ],
)
def test_days_nearby_have_names(days: int, pretty: str, ago: str) -> None:
    """As of the reader's own day."""
    at = NOW + timedelta(days=days)
    assert date_text("{date_short_pretty}|{ago}", int(at.timestamp()), NOW) == f"{pretty}|{ago}"


@pytest.mark.parametrize(
    ("day", "shown"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (11, "11th"), (12, "12th"), (23, "23rd")]
)
def test_days_are_counted_as_people_say_them(day: int, shown: str) -> None:
    """The year is left out where it goes without saying."""
    at = datetime(2026, 5, day, tzinfo=UTC)
    assert date_text("{day_divider_pretty}", int(at.timestamp()), NOW).endswith(f", May {shown}")


def test_texts_and_rich_text_show_dates() -> None:
    """In place of what is meant for clients that cannot."""
    (row,) = mrkdwn_lines(f"on <!date^{AT}^{{date_num}} {{time}}^https://example.com|back then>", IdsOnly())
    assert plain(row) == "on 2014-02-18 2:39 PM"

    date = {"type": "date", "timestamp": AT, "format": "{date_short}", "fallback": "back then"}
    block: dict[str, Any] = {"elements": [{"type": "rich_text_section", "elements": [date]}]}
    assert [plain(row) for row in rich_text_lines(block, IdsOnly())] == ["Feb 18, 2014"]


@pytest.mark.parametrize("at", ["999999999999", "-999999999999"])
def test_a_date_that_there_is_not_is_shown_by_its_fallback(at: str) -> None:
    """Or, without one, by what was written."""
    (row,) = mrkdwn_lines(f"<!date^{at}^{{date}}|back then>", IdsOnly())
    assert plain(row) == "back then"

    date = {"type": "date", "timestamp": int(at), "format": "{date_short}", "fallback": "back then"}
    block: dict[str, Any] = {"elements": [{"type": "rich_text_section", "elements": [date]}]}
    assert [plain(row) for row in rich_text_lines(block, IdsOnly())] == ["back then"]


@given(st.text(), st.integers(-(10**9), 10**10))
def test_any_form_can_be_written(form: str, at: int) -> None:
    """Whatever an app sends."""
    assert isinstance(date_text(form, at, NOW), str)
