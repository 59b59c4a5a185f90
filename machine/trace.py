"""What happened, as typed records, for whoever subscribes.

The framework emits; the console, the tests and the metrics subscribe. The framework never asks what became of a
record, and with nobody subscribed emitting costs one truth test:

    if trace:
        trace.emit(ApiCalled(...))

A context variable carries the running invocation, so that API calls, storage operations and log lines know which
event caused them without being told.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias, TypedDict, TypeVar, overload

from machine.envelope import Answer, Envelope


@dataclass(slots=True)  # not frozen: every run makes one, three times as fast
class Invocation:
    """One run of one handler. Nobody changes it.

    Attributes:
        id: Unique in this process.
        handler: Name of the handler: module, class and method, joined by dots.
        envelope_id: The envelope that caused it; `None` for scheduled jobs.
        is_simulated: Its envelope was made by a person, so against a live workspace nothing may be sent.
        event_id: The same for every delivery of the event that caused it.
        user_id: The person who caused it, where that is known.
    """

    id: str
    handler: str
    envelope_id: str | None = None
    is_simulated: bool = False
    event_id: str | None = None
    user_id: str | None = None


current_invocation: ContextVar[Invocation | None] = ContextVar("current_invocation", default=None)


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Something that happened.

    Attributes:
        at: When it had happened (aware, UTC).
        envelope_id: The envelope that caused it, if any.
        invocation_id: The invocation that did it, if any.
    """

    at: datetime = field(default_factory=_now)
    envelope_id: str | None = None
    invocation_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvelopeReceived(Record):
    """A transport (or a person, by `simulate`) handed an envelope to the dispatcher."""

    envelope: Envelope


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvelopeAcknowledged(Record):
    """Slack was told that the envelope arrived; `duration` counts from its arrival."""

    answer: Answer
    duration: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvelopeUnfinished(Record):
    """An earlier process of the bot ended before the handlers of this envelope had.

    Attributes:
        envelope: What was received.
        received_at: When it was (aware, UTC).
        attempts: How often it has been begun.
        is_rerun: Whether its handlers run again now.
    """

    envelope: Envelope
    received_at: datetime
    attempts: int
    is_rerun: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvelopeDropped(Record):
    """An envelope went no further, for example because it was a redelivery."""

    reason: str


@dataclass(frozen=True, slots=True)
class Considered:
    """One handler that an envelope was held against.

    Attributes:
        handler: Name of the handler.
        trigger: What the handler waits for, as its decorator reads: `listen_to(r"^ping$")`.
        is_match: Whether it will run.
        reason: Why it matched or why not, for a person.
        groups: The named groups of the pattern, where it matched.
        span: Start and end of the matched part in `text`, where a pattern matched.
        text: The text that the pattern was found in (a mention of the bot is stripped for `respond_to`).
    """

    handler: str
    trigger: str
    is_match: bool
    reason: str
    groups: Mapping[str, str | None] = field(default_factory=dict)
    span: tuple[int, int] | None = None
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandlersConsidered(Record):
    """The registry was asked who handles an envelope.

    Attributes:
        matched: The handlers that will run.
        explain: Works out of every handler that was there whether it matched and why; as long as the record is kept,
            and with the same result, whatever became of the plugins since.
    """

    matched: tuple[Considered, ...]
    explain: Callable[[], tuple[Considered, ...]] = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class InvocationStarted(Record):
    """A handler began to run."""

    handler: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InvocationFinished(Record):
    """A handler ran to its end."""

    handler: str
    duration: timedelta


@dataclass(frozen=True, slots=True)
class Frame:
    """A place that an exception passed through.

    Attributes:
        file: Path of the source file.
        line: The line that was running, counted from 1.
        function: Name of the function.
        source: Lines around it, by number; redacted, and empty where the source cannot be read.
        variables: Local variables as text: shortened, redacted; only of the plugin's own code.
    """

    file: str
    line: int
    function: str
    source: Mapping[int, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class InvocationFailed(Record):
    """A handler raised, timed out, or was cancelled when the bot stopped.

    Attributes:
        error: One line: type and message, redacted.
        traceback: Beginning in the handler's own code, redacted.
        frames: The same places with source and variables, the outermost first.
    """

    handler: str
    error: str
    traceback: str
    duration: timedelta
    frames: tuple[Frame, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class InvocationRefused(Record):
    """A handler matched but was not run, for example because the person lacks a role."""

    handler: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiCalled(Record):
    """A call to Slack came back.

    Attributes:
        method: Web API method such as `chat.postMessage`, or `response_url`.
        arguments: What was sent, redacted.
        is_ok: Whether Slack said `ok`.
        error: Slack's error name, or what broke the connection.
        response: What Slack answered, redacted.
        is_captured: Not sent: the call came from a simulated event in a live workspace.
    """

    method: str
    arguments: Mapping[str, Any]
    is_ok: bool
    error: str | None
    response: Mapping[str, Any]
    duration: timedelta
    is_captured: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CallGivenUp(Record):
    """A call failed because of the network or of Slack's own troubles, and is not tried again.

    Attributes:
        method: Web API method, or `response_url`.
        error: What is wrong, redacted.
        is_uncertain: Slack may have taken it all the same.
    """

    method: str
    error: str
    is_uncertain: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimited(Record):
    """Slack asked for patience: the call waits, then is tried again.

    Attributes:
        method: Web API method.
        wait: How long Slack says to wait.
    """

    method: str
    wait: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageAccessed(Record):
    """A plugin used its storage.

    Attributes:
        plugin: Name of the plugin; `shared` for shared keys.
        operation: `get`, `set`, `delete` or `has`.
        key: The key as the plugin gave it.
        is_found: Whether there was a value, for `get` and `has`.
        size: Bytes read or written.
        value: What was read or written, as a person would write it: shortened, redacted; `None` where there is none.
    """

    plugin: str
    operation: str
    key: str
    is_found: bool | None
    size: int | None
    duration: timedelta
    value: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventEmitted(Record):
    """A plugin emitted an event to other plugins."""

    event: str
    arguments: Mapping[str, Any]
    listeners: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogWritten(Record):
    """A log line at or above the level in force; text and fields are redacted."""

    level: str
    logger: str
    message: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginLoaded(Record):
    """A plugin went live; `handlers` are its handler names, `duration` the time import to `init()` took."""

    plugin: str
    handlers: tuple[str, ...]
    duration: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginFailed(Record):
    """A plugin could not be loaded; see `machine.errors.PluginError` for the fields."""

    plugin: str
    phase: str
    error: str
    traceback: str
    file: str | None
    line: int | None
    is_old_version_live: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginUnloaded(Record):
    """A plugin is gone."""

    plugin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginsReloaded(Record):
    """Changed files were taken over, in one step between two events.

    Attributes:
        files: Paths that had changed, relative to the project.
        modules: Modules that were imported again.
        added: Handlers that are new.
        removed: Handlers that are gone.
        changed: Handlers that do something else than before.
        steps: How long each step took: `compare`, `import`, `prepare`, `swap`.
        duration: From the notice of the change to the new handlers being live.
    """

    files: tuple[str, ...]
    modules: tuple[str, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...] = ()
    steps: Mapping[str, timedelta] = field(default_factory=dict)
    duration: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFired(Record):
    """The scheduler started a job."""

    job: str
    handler: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopBlocked(Record):
    """Something held up the event loop, so that nothing else ran.

    Attributes:
        handler: The handler that did, if it was one.
        file: Where it was found: the innermost line of the bot's own code.
        line: The line in `file`, counted from 1.
        function: The function there.
        duration: How long the loop was held up.
    """

    handler: str | None
    file: str
    line: int
    function: str
    duration: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionChanged(Record):
    """The connection to Slack changed its state.

    Attributes:
        state: `connecting`, `connected`, `reconnecting`, `disconnected` or `failed`.
        detail: For a person: the workspace's name, or why the connection went.
        connections: How many connections are open now.
    """

    state: str
    detail: str
    connections: int = 0


Subscriber: TypeAlias = Callable[[Record], None]
_R = TypeVar("_R", bound=Record)

_logger = logging.getLogger(__name__)


class Trace:
    """Hands records to its subscribers, in the order in which things happened.

    A trace is true while somebody listens, so that emitters can skip building records nobody reads.
    """

    def __init__(self) -> None:
        self._subscribers: tuple[tuple[Subscriber, tuple[type[Record], ...]], ...] = ()
        self._takers: dict[type[Record], tuple[Subscriber, ...]] = {}

    def __bool__(self) -> bool:
        return bool(self._subscribers)

    @overload
    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]: ...
    @overload
    def subscribe(
        self, subscriber: Callable[[_R], None], kind: type[_R], /, *kinds: type[_R]
    ) -> Callable[[], None]: ...
    def subscribe(self, subscriber: Callable[[Any], None], *kinds: type[Record]) -> Callable[[], None]:
        """Call `subscriber` with each record from now on, until the returned function is called.

        A subscriber runs on the bot's event loop and in its way: it must return at once and must not raise. One that
        raises is reported once and dropped.

        Args:
            subscriber: Takes a record.
            kinds: Only records of these classes, for whom the others mean nothing; of every class, if none is given.
        """
        self._subscribers = (*self._subscribers, (subscriber, kinds or (Record,)))
        self._takers = {}
        return lambda: self._unsubscribe(subscriber)

    def emit(self, record: Record) -> None:
        """Give `record` to every subscriber that wants its kind."""
        takers = self._takers.get(type(record))
        if takers is None:
            takers = tuple(subscriber for subscriber, kinds in self._subscribers if isinstance(record, kinds))
            self._takers[type(record)] = takers
        for subscriber in takers:
            try:
                subscriber(record)
            except Exception:
                self._unsubscribe(subscriber)
                _logger.exception("A trace subscriber failed and was dropped")

    def _unsubscribe(self, subscriber: Subscriber) -> None:
        self._subscribers = tuple(other for other in self._subscribers if other[0] is not subscriber)
        self._takers = {}


class Cause(TypedDict):
    """What a record belongs to."""

    envelope_id: str | None
    invocation_id: str | None


def cause() -> Cause:
    """The `envelope_id` and `invocation_id` of the running invocation, to be spread into a record."""
    invocation = current_invocation.get()
    if invocation is None:
        return {"envelope_id": None, "invocation_id": None}
    return {"envelope_id": invocation.envelope_id, "invocation_id": invocation.id}
