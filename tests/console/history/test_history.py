"""Records of the trace find the event and the handler run that caused them."""

from __future__ import annotations

from machine.trace import EnvelopeDropped, InvocationFinished, InvocationStarted, JobFired, LogWritten
from machine_console.history.history import MAX_RECORDS, History
from tests.console.story import DEPLOY, PING, at, failed_deploy, handled_ping, message, ms, received, told_history


def test_what_a_handler_did_is_found_below_its_run() -> None:
    """The detail pane and `history.last` in the REPL read it there."""
    history = History()
    for record in handled_ping():
        history.record(record)

    event = history.last
    assert event is not None
    (run,) = event.invocations
    assert run.handler == PING
    assert [call.method for call in run.api_calls] == ["chat.postMessage"]
    assert [access.operation for access in run.storage] == ["get", "set"]
    assert [log.message for log in run.logs] == ["Pinged"]
    assert [emitted.event for emitted in run.emitted] == ["pinged"]
    assert event.duration == ms(16)
    assert [one.handler for one in event.matched] == [PING]
    assert not event.failed


def test_a_failure_marks_the_event() -> None:
    """Errors cannot be missed."""
    history = History()
    for record in failed_deploy():
        history.record(record)

    assert history.last is not None
    assert history.last.failed
    assert history.failures == 1
    assert history.last.invocations[0].traceback.startswith("Traceback")


def test_an_event_has_no_duration_while_a_handler_runs() -> None:
    """A number there would be read as the end."""
    history = History()
    for record in handled_ping():
        if not isinstance(record, InvocationFinished):
            history.record(record)

    assert history.last is not None
    assert history.last.is_running
    assert history.last.duration is None


def test_a_scheduled_job_is_an_event_of_its_own() -> None:
    """Jobs have no envelope, yet one wants to see what they do."""
    history = History()
    history.record(JobFired(at=at(0), job="remind", handler=DEPLOY, invocation_id="j1"))
    history.record(InvocationStarted(at=at(0), handler=DEPLOY, invocation_id="j1"))
    history.record(InvocationFinished(at=at(5), handler=DEPLOY, invocation_id="j1", duration=ms(5)))

    assert history.last is not None
    assert history.last.envelope.kind == "scheduled_job"
    assert history.last.envelope.payload["job"] == "remind"
    assert history.last.duration == ms(5)


def test_a_redelivery_says_why_it_went_no_further() -> None:
    """Otherwise it would look like a message nobody listens to."""
    history = History()
    for record in received(message("again", "ping"), 0):
        history.record(record)
    history.record(EnvelopeDropped(envelope_id="again", reason="a redelivery"))

    assert history.last is not None
    assert history.last.dropped == "a redelivery"


def test_the_oldest_events_are_forgotten_with_their_runs() -> None:
    """A bot that runs for weeks keeps its size."""
    history = History(limit=2)
    for record in handled_ping():
        history.record(record)
    for number in range(2):
        for record in received(message(f"m{number}", "x"), number):
            history.record(record)

    assert [event.envelope.id for event in history.events] == ["m0", "m1"]
    assert history.by_id("e1") is None
    assert history.by_number(0) is None
    assert history.by_number(2) is history.last
    history.record(LogWritten(level="info", logger="x", message="late", fields={}, invocation_id="i1"))
    assert len(history.logs) == 2


def test_a_handler_that_logs_without_end_is_cut_off_and_says_so() -> None:
    """Ten thousand lines a second must not eat the memory."""
    history = History()
    for record in handled_ping():
        history.record(record)
    for number in range(MAX_RECORDS + 5):
        history.record(
            LogWritten(level="info", logger="x", message=str(number), fields={}, invocation_id="i1", envelope_id="e1")
        )

    assert history.last is not None
    run = history.last.invocations[0]
    assert len(run.logs) == MAX_RECORDS
    assert run.omitted == 6


def test_each_change_of_an_event_is_seen_in_its_version() -> None:
    """Rows are drawn once per version."""
    history = told_history()
    event = history.events[0]
    before = event.version

    history.record(LogWritten(level="info", logger="x", message="late", fields={}, envelope_id="e1"))

    assert event.version == before + 1
    assert event.logs[-1].message == "late"
