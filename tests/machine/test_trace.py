"""The trace: who is told of what."""

from __future__ import annotations

import pytest

from machine.trace import ConnectionChanged, EnvelopeDropped, Record, Trace

DROPPED = EnvelopeDropped(reason="delivered before")
CONNECTED = ConnectionChanged(state="connected", detail="", connections=1)


def test_whoever_wants_one_kind_is_told_of_no_other() -> None:
    """Who names no kind is told of all, in the order in which they subscribed."""
    trace, told = Trace(), list[tuple[str, Record]]()
    trace.subscribe(lambda record: told.append(("all", record)))
    trace.subscribe(lambda record: told.append(("dropped", record)), EnvelopeDropped)

    for record in (CONNECTED, DROPPED):
        trace.emit(record)

    assert told == [("all", CONNECTED), ("all", DROPPED), ("dropped", DROPPED)]


def test_a_subscription_begins_and_ends_at_once() -> None:
    """Also for a kind of record that came before, and the trace is true only while somebody listens."""
    trace, told = Trace(), list[Record]()
    assert not trace
    leave_first = trace.subscribe(lambda _: None)
    trace.emit(DROPPED)

    leave = trace.subscribe(told.append, EnvelopeDropped, ConnectionChanged)
    trace.emit(DROPPED)
    leave()
    trace.emit(DROPPED)
    leave_first()

    assert told == [DROPPED]
    assert not trace


def test_a_kind_takes_what_derives_from_it() -> None:
    """As `isinstance` has it."""
    trace, told = Trace(), list[Record]()
    trace.subscribe(told.append, Record)

    trace.emit(CONNECTED)

    assert told == [CONNECTED]


def test_who_raises_is_reported_and_dropped(caplog: pytest.LogCaptureFixture) -> None:
    """The others are told nevertheless, and nobody is told twice."""
    trace, told = Trace(), list[Record]()

    def fail(record: Record) -> None:
        raise RuntimeError(f"no {type(record).__name__}")

    trace.subscribe(fail)
    trace.subscribe(told.append)

    trace.emit(DROPPED)
    trace.emit(CONNECTED)

    assert told == [DROPPED, CONNECTED]
    assert caplog.text.count("A trace subscriber failed") == 1
