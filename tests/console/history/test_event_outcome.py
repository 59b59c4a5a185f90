"""What an event led to, compared with what it leads to now."""

from __future__ import annotations

import pytest

from machine_console.history.event_outcome import Call, Outcome, Run, Stored, compare, outcome_of
from tests.console.story import told_history

TS, OTHER_TS, THIRD_TS = "1772616600.000100", "1772616600.000200", "1772616700.000300"


def said(text: str, handler: str = "a.A.greet", **more: str) -> Run:
    """A run that posted a text."""
    return Run(handler=handler, calls=(Call(method="chat.postMessage", arguments={"text": text, **more}),))


def test_the_same_outcome_has_no_differences() -> None:
    """Timestamps that the event does not name come from Slack and change each time."""
    before = Outcome(runs=(said("hi", ts=OTHER_TS),))
    after = Outcome(runs=(said("hi", ts=THIRD_TS),))

    assert all(pair.is_same for pair in compare(before, after, {"event": {"ts": TS}}))


def test_a_timestamp_of_the_event_must_stay() -> None:
    """An answer that leaves the thread is a difference."""
    before, after = Outcome(runs=(said("hi", thread_ts=TS),)), Outcome(runs=(said("hi", thread_ts=THIRD_TS),))

    assert not all(pair.is_same for pair in compare(before, after, {"event": {"ts": TS}}))


def test_what_changed_stands_side_by_side() -> None:
    """And what did not change is not marked."""
    before = Outcome(runs=(said("hi"), Run(handler="a.A.stay")))
    after = Outcome(runs=(said("hello"), Run(handler="a.A.stay"), Run(handler="a.A.z", error="KeyError: 1")))

    marked = [(pair.before, pair.after) for pair in compare(before, after, {}) if not pair.is_same]
    assert marked[0] == ('  call chat.postMessage {"text": "hi"}  ok', '  call chat.postMessage {"text": "hello"}  ok')
    assert (None, "  KeyError: 1") in marked
    assert len(marked) == 3


def test_captured_calls_are_compared_by_what_they_would_send() -> None:
    """What Slack would have said is not known."""
    refused = Call(method="chat.postMessage", arguments={"text": "hi"}, error="not_in_channel")
    captured = Call(method="chat.postMessage", arguments={"text": "hi"}, is_captured=True)
    before, after = (Outcome(runs=(Run(handler="a.A.b", calls=(call,)),)) for call in (refused, captured))

    assert all(pair.is_same for pair in compare(before, after, {}))


def test_stored_values_count() -> None:
    """A counter that counts differently is a difference."""
    before, after = (
        Outcome(runs=(Run(handler="a.A.b", storage=(Stored(operation="set", key="n", value=value),)),))
        for value in ("1", "2")
    )

    assert [pair.is_same for pair in compare(before, after, {})] == [True, False]


@pytest.mark.parametrize(
    ("before", "after", "is_same"),
    [
        ("VHOFXM2QS57", "V0CAPTURED10", True),  # a view, opened anew, or not really
        ("F0AB12CD34", "FQ99SD12AB", True),
        ("1772616600.000100", "1772616700.000200", True),
        ("C60UK0ZMBHG", "C60UK0ZMBHX", False),  # another channel is another deed
        ("FRAMEWORKS", "FACTORIES", False),
        ("VIN9THEEVENT", "V0CAPTURED10", False),
    ],
)
def test_what_slack_makes_anew_is_no_difference(before: str, after: str, is_same: bool) -> None:
    """The id of a view that a handler keeps; of those that the event itself names, another one is."""
    old, new = (
        Outcome(runs=(Run(handler="a.A.b", storage=(Stored(operation="set", key="n", value=value),)),))
        for value in (before, after)
    )

    assert compare(old, new, {"view": {"id": "VIN9THEEVENT"}})[-1].is_same is is_same


def test_the_outcome_of_an_event_survives_being_written_down() -> None:
    """Recordings are read by another process, on another day."""
    for event in told_history().events:
        outcome = outcome_of(event)

        assert Outcome.model_validate_json(outcome.model_dump_json()) == outcome
