"""Which events a person wants to see: `deploy user:bob error slow:>100ms`.

Every term must hold. Needs no terminal, and takes any text: see `machine_console.history.query`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from machine_console.history.history import EventTrace
from machine_console.history.query import Term, parse_limit, parse_terms
from machine_console.text.formatting import Names, kind_of, subject_of

Test: TypeAlias = Callable[[EventTrace, Names], bool]

_WORDS = {"error", "errors"}
EXAMPLE = "text  kind:message user:alice channel:general plugin:greeter error slow:>100ms  -not"
"""What one can write, in one line."""


@dataclass(frozen=True, slots=True)
class EventFilter:
    """A filter, ready to be asked.

    Attributes:
        source: As it was typed.
        tests: What must hold.
        problems: What was set aside, and why.
    """

    source: str = ""
    tests: tuple[Test, ...] = ()
    problems: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.tests)

    def accepts(self, event: EventTrace, names: Names) -> bool:
        """Whether the event is wanted."""
        return all(test(event, names) for test in self.tests)


def parse_event_filter(text: str) -> EventFilter:
    """Understand a filter; whatever cannot be understood is named in `problems`."""
    return EventFilter(text, *parse_terms(text, _test_of))


def _test_of(term: Term) -> Test | str:
    if not term.field:
        return _failed if term.value in _WORDS else lambda event, names: _says(event, names, term.value)
    if term.field == "slow":
        return _slow(term.value)
    field = _FIELDS.get(term.field)
    if field is None:  # as in 10:30 or https://…: a word with a colon in it
        value = f"{term.field}:{term.value}"
        return lambda event, names: _says(event, names, value)
    if not term.value:
        return f"{term.field}: what?"
    return lambda event, names: field(event, names, term.value)


def _slow(value: str) -> Test | str:
    limit = parse_limit(value)
    if limit is None:
        return "slow: takes a duration such as >100ms or >2s"
    return lambda event, _names: limit.holds(event.duration)


def _failed(event: EventTrace, _names: Names) -> bool:
    return event.failed


def _says(event: EventTrace, names: Names, word: str) -> bool:
    if word in search_text(event, names):
        return True
    return any(word in run.handler.lower() or (run.error and word in run.error.lower()) for run in event.invocations)


def search_text(event: EventTrace, names: Names) -> str:
    """What free text is looked for in: what the event's row says, in lower case; worked out once per event."""
    if not event.search_text:
        envelope = event.envelope
        person, channel = envelope.user_id, envelope.channel_id
        words = (
            kind_of(envelope),
            names.person(person) if person else "",
            names.channel(channel) if channel else "",
            subject_of(envelope, names),
        )
        event.search_text = "\n".join(words).lower()
    return event.search_text


def _kind(event: EventTrace, _names: Names, value: str) -> bool:
    return value in kind_of(event.envelope).lower() or value == event.envelope.kind


def _user(event: EventTrace, names: Names, value: str) -> bool:
    user = event.envelope.user_id
    return bool(user) and (value.lstrip("@") in names.person(user or "").lower() or value == (user or "").lower())


def _channel(event: EventTrace, names: Names, value: str) -> bool:
    channel = event.envelope.channel_id
    return bool(channel) and (value in names.channel(channel or "").lower() or value == (channel or "").lower())


def _plugin(event: EventTrace, _names: Names, value: str) -> bool:
    ran = [run.handler for run in event.invocations] or [one.handler for one in event.matched]
    return any(value in handler.lower() for handler in ran)


def _identity(event: EventTrace, _names: Names, value: str) -> bool:
    return value in event.envelope.id.lower() or value == str(event.number + 1)


_FIELDS: Mapping[str, Callable[[EventTrace, Names, str], bool]] = {
    "kind": _kind,
    "user": _user,
    "channel": _channel,
    "plugin": _plugin,
    "handler": _plugin,
    "id": _identity,
}
