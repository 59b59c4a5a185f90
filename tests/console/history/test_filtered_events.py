"""A filter over a history that goes on: what it shows is what looking at every event would show."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from machine.trace import InvocationFailed, InvocationStarted
from machine_console.history.event_filter import parse_event_filter
from machine_console.history.filtered_events import FilteredEvents
from machine_console.history.history import History
from tests.console.story import PING, Names, message, ms, received

NAMES = Names()


def write(history: History, number: int, text: str) -> None:
    """Somebody writes."""
    for record in received(message(f"m{number}", text), number):
        history.record(record)


def fail(history: History, number: int) -> None:
    """A handler of that message fails."""
    ids: dict[str, Any] = {"envelope_id": f"m{number}", "invocation_id": f"i{number}"}
    history.record(InvocationStarted(handler=PING, **ids))
    history.record(InvocationFailed(handler=PING, error="E", traceback="", duration=ms(1), **ids))


def shown(view: FilteredEvents) -> list[int]:
    """The numbers in the view, once all of it has been searched."""
    while view.advance(0.0):
        pass
    return [view.number_at(index) for index in range(len(view))]


def expected(history: History, text: str) -> list[int]:
    """The numbers that every event asked by itself would give."""
    event_filter = parse_event_filter(text)
    return [event.number for event in history.events if event_filter.accepts(event, NAMES)]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.sampled_from(["alpha", "beta", "alpha beta"])),
        st.tuples(st.just("fail"), st.integers(0, 30)),
        st.tuples(st.just("advance"), st.none()),
        st.tuples(st.just("filter"), st.sampled_from(["alpha", "error", "-error", "beta -alpha", ""])),
    ),
    max_size=60,
)


@given(STEPS)
def test_it_agrees_with_asking_every_event(steps: list[tuple[str, str | int | None]]) -> None:
    """Whatever arrives, changes or is forgotten while the search is under way."""
    history = History(limit=12)
    view, text, count = FilteredEvents(history, NAMES), "", 0
    for step, value in steps:
        if step == "write":
            write(history, count, str(value))
            count += 1
        elif step == "fail" and isinstance(value, int):
            fail(history, value)
        elif step == "filter":
            text = str(value)
            view.apply(parse_event_filter(text))
        else:
            view.advance(0.0)

    assert shown(view) == expected(history, text)
    assert [view[index].number for index in range(len(view))] == expected(history, text)


def test_a_slice_ends_when_its_time_is_over_and_begins_with_the_newest() -> None:
    """The bot shares the loop; a person looks at the newest first."""
    history = History()
    for number in range(2_000):
        write(history, number, "text")
    view = FilteredEvents(history, NAMES)
    view.apply(parse_event_filter("text"))

    view.advance(0.0)

    assert view.is_searching
    assert 0 < len(view) < 2_000
    assert view[-1].number == 1_999


def test_a_pause_lets_nothing_in_and_loses_nothing() -> None:
    """One wants to read a busy list without scrolling away from its end."""
    history = History()
    view = FilteredEvents(history, NAMES)
    write(history, 0, "before")
    view.pause(is_paused=True)
    write(history, 1, "after")

    assert len(view) == 1
    assert view.held_back == 1

    view.pause(is_paused=False)
    assert len(view) == 2


def test_who_fell_far_behind_looks_at_everything_again() -> None:
    """What changed is remembered within bounds."""
    history = History()
    for number in range(50):
        write(history, number, "text")
    view = FilteredEvents(history, NAMES)
    view.apply(parse_event_filter("error"))
    assert shown(view) == []

    for _ in range(1_000):
        for number in range(50):
            history.changes.note(number)
    fail(history, 7)

    assert shown(view) == [7]
