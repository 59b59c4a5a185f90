"""Events in a few words."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from machine.envelope import Envelope
from machine_console.panes.events.row import event_line
from machine_console.text.formatting import (
    byte_size,
    is_from_a_bot,
    kind_of,
    mark_of,
    milliseconds,
    readable,
    subject_of,
)
from machine_console.text.styled_text import plain, width_of
from tests.console.story import Names, message, told_history

NAMES = Names()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


def test_a_row_tells_the_story_at_a_glance() -> None:
    """Who, where, what, how many handlers, how long, and how it went."""
    rows = [plain(event_line(event, NAMES, 78)) for event in told_history().events]

    assert rows[0].startswith("✓ 09:30:00 message        alice    #general   ping, are you the")
    assert rows[0].endswith(" 1   16 ms")
    assert rows[3].startswith("✗ 09:31:01 /deploy        bob      #ops       api")


@pytest.mark.parametrize("width", [38, 58, 78, 158])
def test_a_row_leaves_room_for_the_text_at_any_width(width: int) -> None:
    """What was said is what one looks for; other columns give way."""
    row = plain(event_line(told_history().events[0], NAMES, width))

    assert "ping, are y" in row
    assert row.endswith("16 ms")


@given(st.integers(30, 220))
def test_a_row_has_the_width_of_the_pane(width: int) -> None:
    """Columns stay in line."""
    assert {width_of(event_line(event, NAMES, width)) for event in told_history().events} == {width}


@given(st.sampled_from(["events_api", "slash_commands", "block_actions", "view_submission", "shortcut"]), JSON)
def test_no_payload_breaks_a_row(kind: str, value: object) -> None:
    """Slack adds fields and shapes; the list shows what it can."""
    payload = {"event": value, "actions": value, "view": value, "user": value, "channel": value, "text": value}
    envelope = Envelope("x", kind, payload)

    assert isinstance(subject_of(envelope, NAMES), str)
    assert isinstance(kind_of(envelope), str)
    assert is_from_a_bot(envelope) in {True, False}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<@U1> &lt;3 <#C1>", "@alice <3 #general"),
        ("<#C5|random> <!here>", "#random @here"),
        ("<https://x.org|docs> <https://y.org>", "docs (https://x.org) https://y.org"),
        ("<@U404>", "@U404"),
    ],
)
def test_slack_markup_reads_as_people_see_it(text: str, shown: str) -> None:
    """Ids mean nothing to people."""
    assert readable(text, NAMES) == shown


def test_marks_differ_without_colour() -> None:
    """NO_COLOR and colour-blind people."""
    assert [mark_of(event).sign for event in told_history().events] == ["✓", "·", "·", "✗"]


def test_the_bot_is_known_by_its_authorization() -> None:
    """A reaction of the bot has no `bot_id`, and must not count as what somebody did."""
    envelope = Envelope(
        "x",
        "events_api",
        {"event": {"type": "reaction_added", "user": "U9"}, "authorizations": [{"user_id": "U9", "is_bot": True}]},
    )

    assert is_from_a_bot(envelope)
    assert not is_from_a_bot(message("y", "hi"))


@pytest.mark.parametrize(
    ("duration", "shown"), [(0.0004, "0.4 ms"), (0.0123, "12 ms"), (3.21, "3.2 s"), (600, "10 min")]
)
def test_durations_are_short(duration: float, shown: str) -> None:
    """Seven cells is what the column has."""
    assert milliseconds(timedelta(seconds=duration)) == shown


@pytest.mark.parametrize(("size", "shown"), [(18, "18 B"), (2400, "2.4 kB"), (3_100_000, "3.1 MB"), (None, "")])
def test_sizes_are_short(size: int | None, shown: str) -> None:
    """As beside a key."""
    assert byte_size(size) == shown
