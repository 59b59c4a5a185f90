"""What the bot did, kept for looking back: trace records put together event by event.

The trace is a flat stream. Here each record finds the event and the handler run that caused it, so that a pane (or
the REPL) can ask "what did this message lead to?". Everything is bounded; nothing here needs a terminal.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from machine.envelope import Envelope
from machine.trace import (
    ApiCalled,
    Considered,
    EnvelopeAcknowledged,
    EnvelopeDropped,
    EnvelopeReceived,
    EventEmitted,
    Frame,
    HandlersConsidered,
    InvocationFailed,
    InvocationFinished,
    InvocationRefused,
    InvocationStarted,
    JobFired,
    LogWritten,
    Record,
    StorageAccessed,
)
from machine_console.history.ring import Ring

MAX_EVENTS = 100_000
MAX_LOGS = 20_000
MAX_RECORDS = 1_000
"""Records of one kind kept per handler run: a handler that logs in a loop must not eat the memory."""
MAX_CHANGES = 20_000
"""Changes remembered for views; who falls further behind must look at everything again."""
MAX_VALUES = 10_000
"""Keys of the storage whose last value is remembered."""

JOB_KIND = "scheduled_job"
"""The kind of the envelope that stands for a scheduled job, which no envelope of Slack's causes."""

_R = TypeVar("_R", bound=Record)


@dataclass(slots=True)
class InvocationTrace:
    """One run of one handler, and what it did.

    Attributes:
        id: The invocation's id in the trace.
        handler: Name of the handler: module, class and method.
        started_at: When it began.
        duration: How long it took; `None` while it runs.
        refused: Why it was not let run after all, such as a role that the person does not have; else `None`.
        error: Type and message of what it raised.
        traceback: Beginning in the handler's own code.
        frames: Where the exception passed through, with source and variables.
        api_calls: Its Web API calls, in the order in which they came back.
        storage: Its storage operations.
        logs: Its log lines.
        emitted: The events it sent to other plugins.
        before: What a key held before, by the position in `storage` of the operation that replaced it, where known.
        omitted: How many records were not kept, beyond `MAX_RECORDS` of a kind.
    """

    id: str
    handler: str
    started_at: datetime
    duration: timedelta | None = None
    refused: str | None = None
    error: str | None = None
    traceback: str = ""
    frames: tuple[Frame, ...] = ()
    api_calls: list[ApiCalled] = field(default_factory=list)
    storage: list[StorageAccessed] = field(default_factory=list)
    logs: list[LogWritten] = field(default_factory=list)
    emitted: list[EventEmitted] = field(default_factory=list)
    before: dict[int, str] = field(default_factory=dict)
    omitted: int = 0

    @property
    def is_running(self) -> bool:
        """Whether it has not ended yet."""
        return self.duration is None


@dataclass(slots=True)
class EventTrace:
    """One envelope, or one run of a scheduled job, and everything it led to.

    Attributes:
        number: Counts events from 0; stays with the event while others are forgotten.
        envelope: What arrived.
        received_at: When.
        acknowledged: How Slack was answered; `None` until it was.
        matched: The handlers that it was for.
        explain: Works out why each handler matched or did not.
        invocations: The handlers that ran.
        dropped: Why it went no further, where it did not.
        logs: Log lines about it that belong to no handler run.
        version: Grows with each change, for whoever caches a picture of it.
        search_text: For a filter to keep what it looks in; empty until one has.
    """

    number: int
    envelope: Envelope
    received_at: datetime
    acknowledged: EnvelopeAcknowledged | None = None
    matched: tuple[Considered, ...] = ()
    explain: Callable[[], tuple[Considered, ...]] = tuple
    invocations: list[InvocationTrace] = field(default_factory=list)
    dropped: str | None = None
    logs: list[LogWritten] = field(default_factory=list)
    version: int = 0
    search_text: str = ""

    @property
    def considered(self) -> tuple[Considered, ...]:
        """Every handler it was held against, with the reason for running or not; worked out at each call."""
        return self.explain()

    @property
    def failed(self) -> bool:
        """Whether a handler raised."""
        return any(one.error is not None for one in self.invocations)

    @property
    def is_running(self) -> bool:
        """Whether a handler is still at it."""
        return any(one.is_running for one in self.invocations)

    @property
    def duration(self) -> timedelta | None:
        """From its arrival to the end of its last handler; `None` while one runs, or where none ran."""
        ends = [one.started_at + one.duration for one in self.invocations if one.duration is not None]
        if self.is_running or not ends:
            return None
        return max(ends) - self.received_at


class Changes:
    """Which events something has happened to, for views that keep what they worked out; the newest changes only.

    Attributes:
        position: Grows with each change noted.
    """

    def __init__(self) -> None:
        self._numbers: list[int] = []
        self._last = -1
        self.position = 0

    def note(self, number: int) -> None:
        """Something happened to this event."""
        if number == self._last:
            return  # the same event several times in a row, as is usual, counts once until somebody has looked
        self._last = number
        self._numbers.append(number)
        self.position += 1
        if len(self._numbers) > 2 * MAX_CHANGES:
            del self._numbers[:MAX_CHANGES]

    def mark(self) -> int:
        """The position as of now, for asking later what changed since."""
        self._last = -1
        return self.position

    def since(self, position: int) -> set[int] | None:
        """The events that changed after `position`; `None` where that is too long ago to say."""
        count = self.mark() - position
        if count > len(self._numbers):
            return None
        return set(self._numbers[len(self._numbers) - count :])


class History:
    """The newest events and log lines, fed by the trace: `trace.subscribe(history.record)`.

    Attributes:
        changes: Which events something has happened to.
        failures: Handlers that failed so far.
        version: Grows with each record taken in.

    Args:
        limit: Events to keep; the oldest go first.
    """

    def __init__(self, limit: int = MAX_EVENTS) -> None:
        self._events: Ring[EventTrace] = Ring(limit)
        self._logs: Ring[LogWritten] = Ring(MAX_LOGS)
        self._by_id: dict[str, EventTrace] = {}
        self._runs: dict[str, tuple[EventTrace, InvocationTrace]] = {}
        self._jobs: dict[str, JobFired] = {}
        self._values = _LastValues()
        self._take: dict[type[Record], Callable[..., None]] = {
            EnvelopeReceived: self._received,
            EnvelopeAcknowledged: self._acknowledged,
            EnvelopeDropped: self._dropped,
            HandlersConsidered: self._considered,
            InvocationStarted: self._started,
            InvocationRefused: self._refused,
            InvocationFinished: self._finished,
            InvocationFailed: self._finished,
            ApiCalled: self._did,
            StorageAccessed: self._did,
            EventEmitted: self._did,
            LogWritten: self._logged,
            JobFired: self._job_fired,
        }
        self.changes = Changes()
        self.failures = 0
        self._last_failed = -1
        self.version = 0

    @property
    def events(self) -> Ring[EventTrace]:
        """The events, oldest first; any of them is found at once by its index."""
        return self._events

    @property
    def logs(self) -> Ring[LogWritten]:
        """The log lines, oldest first."""
        return self._logs

    @property
    def last(self) -> EventTrace | None:
        """The newest event."""
        return self._events[-1] if self._events else None

    def by_id(self, envelope_id: str) -> EventTrace | None:
        """The event of this envelope, if it is still kept."""
        return self._by_id.get(envelope_id)

    def by_number(self, number: int) -> EventTrace | None:
        """The event that carries this number, if it is still kept."""
        index = number - self._events.dropped
        return self._events[index] if 0 <= index < len(self._events) else None

    def event_of_run(self, invocation_id: str) -> EventTrace | None:
        """The event that this run of a handler belongs to, if it is still kept."""
        owner = self._runs.get(invocation_id)
        return owner[0] if owner is not None else None

    def run(self, invocation_id: str | None) -> InvocationTrace | None:
        """The run of a handler with this id, if its event is still kept."""
        owner = self._runs.get(invocation_id or "")
        return owner[1] if owner is not None else None

    @property
    def last_failed(self) -> EventTrace | None:
        """The event whose handler failed last, if it is still kept."""
        return self.by_number(self._last_failed)

    def failed(self) -> Sequence[EventTrace]:
        """The events of which a handler raised, oldest first."""
        return [event for event in self._events if event.failed]

    def record(self, record: Record) -> None:
        """Take in one record of the trace. Records about what is no longer kept are let go."""
        take = self._take.get(type(record))
        if take is not None:
            take(record)
            self.version += 1

    def _add(self, envelope: Envelope, at: datetime) -> EventTrace:
        number = self._events.dropped + len(self._events)
        event = EventTrace(number, envelope, at)
        forgotten = self._events.append(event)
        if forgotten is not None:
            self._forget(forgotten)
        self._by_id[envelope.id] = event
        self.changes.note(number)
        return event

    def _forget(self, event: EventTrace) -> None:
        if self._by_id.get(event.envelope.id) is event:
            del self._by_id[event.envelope.id]
        for run in event.invocations:
            self._runs.pop(run.id, None)

    def _event_of(self, record: Record) -> EventTrace | None:
        event = self._by_id.get(record.envelope_id or "")
        if event is not None:
            event.version += 1
            self.changes.note(event.number)
        return event

    def _received(self, record: EnvelopeReceived) -> None:
        self._add(record.envelope, record.at)

    def _acknowledged(self, record: EnvelopeAcknowledged) -> None:
        if (event := self._event_of(record)) is not None:
            event.acknowledged = record

    def _dropped(self, record: EnvelopeDropped) -> None:
        if (event := self._event_of(record)) is not None:
            event.dropped = record.reason

    def _considered(self, record: HandlersConsidered) -> None:
        if (event := self._event_of(record)) is not None:
            event.matched, event.explain = record.matched, record.explain

    def _job_fired(self, record: JobFired) -> None:
        if record.invocation_id is not None:
            self._jobs[record.invocation_id] = record

    def _started(self, record: InvocationStarted) -> None:
        if record.invocation_id is None:
            return
        event = self._event_of(record)
        if event is None:
            if record.envelope_id is not None:
                return
            event = self._add_job(record)
        run = InvocationTrace(record.invocation_id, record.handler, record.at)
        event.invocations.append(run)
        self._runs[run.id] = (event, run)

    def _add_job(self, record: InvocationStarted) -> EventTrace:
        fired = self._jobs.pop(record.invocation_id or "", None)
        payload = {"job": fired.job if fired else record.handler, "handler": record.handler}
        return self._add(Envelope(f"job:{record.invocation_id}", JOB_KIND, payload), record.at)

    def _run_of(self, record: Record) -> InvocationTrace | None:
        event, run = self._runs.get(record.invocation_id or "", (None, None))
        if event is not None:
            event.version += 1
            self.changes.note(event.number)
        return run

    def _refused(self, record: InvocationRefused) -> None:
        run = self._run_of(record)
        if run is not None:
            run.refused = record.reason

    def _finished(self, record: InvocationFinished | InvocationFailed) -> None:
        if isinstance(record, InvocationFailed):
            self.failures += 1
            owner = self._runs.get(record.invocation_id or "")
            self._last_failed = owner[0].number if owner is not None else self._last_failed
        run = self._run_of(record)
        if run is None:
            return
        run.duration = record.duration
        if isinstance(record, InvocationFailed):
            run.error, run.traceback, run.frames = record.error, record.traceback, record.frames

    def _did(self, record: ApiCalled | StorageAccessed | EventEmitted) -> None:
        run = self._run_of(record)
        if run is None:
            return
        match record:
            case ApiCalled():
                _keep(run, run.api_calls, record)
            case StorageAccessed():
                before = self._values.take_in(record)
                if before is not None:
                    run.before[len(run.storage)] = before
                _keep(run, run.storage, record)
            case EventEmitted():
                _keep(run, run.emitted, record)

    def _logged(self, record: LogWritten) -> None:
        self._logs.append(record)
        run = self._run_of(record)
        if run is not None:
            _keep(run, run.logs, record)
        elif (event := self._event_of(record)) is not None and len(event.logs) < MAX_RECORDS:
            event.logs.append(record)


def _keep(run: InvocationTrace, kept: list[_R], record: _R) -> None:
    if len(kept) < MAX_RECORDS:
        kept.append(record)
    else:
        run.omitted += 1


class _LastValues:
    """What the keys used most recently held last: a `set` in the trace does not say what it replaces."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, str], str] = {}

    def take_in(self, access: StorageAccessed) -> str | None:
        """Note an operation; returns what the key held before it was written or removed, where that is known."""
        place = (access.plugin, access.key)
        if access.operation == "has":
            return None
        before = self._values.pop(place, None)
        if access.value is not None:
            if len(self._values) >= MAX_VALUES:
                del self._values[next(iter(self._values))]
            self._values[place] = access.value
        return before if access.operation in ("set", "delete") else None
