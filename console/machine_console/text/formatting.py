"""Events, durations and sizes in a few words, for people.

Slack's payloads name people and channels by id and mark up their text; `Names` knows what they are called.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Protocol

from machine.envelope import Envelope
from machine_console.history.history import JOB_KIND, EventTrace

_MARKUP = re.compile(r"<(?P<sigil>[@#!]?)(?P<target>[^<>|]+)(?:\|(?P<label>[^<>]*))?>")
_SUBJECT = 1_000
"""Characters of a text looked at for one row; Slack sends up to 40,000, others may send megabytes."""


class Names(Protocol):
    """Knows what people and channels are called; ids nobody knows come back as they are."""

    def person(self, user_id: str) -> str:
        """The name of a person, such as `alice`."""

    def channel(self, channel_id: str) -> str:
        """A channel as a person would write it, such as `#general` or `@alice` for a direct message."""


class IdsOnly:
    """Names for when nobody has been asked yet: everything is called by its id."""

    def person(self, user_id: str) -> str:
        """The id itself."""
        return user_id

    def channel(self, channel_id: str) -> str:
        """The id itself."""
        return channel_id


@dataclass(frozen=True, slots=True)
class Mark:
    """How an event went, as one sign that also works without colour."""

    sign: str
    style: str
    meaning: str


_FAILED = Mark("✗", "bad", "a handler failed")
_RUNNING = Mark("…", "warn", "running")
_DROPPED = Mark("↺", "dim", "dropped")
_RAN = Mark("✓", "good", "handled")
_UNHEARD = Mark("·", "dim", "no handler")


def mark_of(event: EventTrace) -> Mark:
    """How `event` went so far."""
    if event.failed:
        return _FAILED
    if event.is_running:
        return _RUNNING
    if event.dropped is not None:
        return _DROPPED
    return _RAN if event.invocations else _UNHEARD


def kind_of(envelope: Envelope) -> str:
    """What happened, in Slack's own word: `message`, `message_changed`, `/deploy`, `block_actions`."""
    if envelope.kind == JOB_KIND:
        return "schedule"
    subtype = envelope.event.get("subtype")
    if envelope.type == "message" and isinstance(subtype, str) and subtype not in {"bot_message", "file_share"}:
        return subtype
    return envelope.type


def is_from_a_bot(envelope: Envelope) -> bool:
    """Whether a bot wrote the message, or this bot caused the event."""
    event = envelope.event
    message = event.get("message")
    if event.get("bot_id") or (isinstance(message, Mapping) and message.get("bot_id")):
        return True
    own = envelope.payload.get("authorizations")
    if not isinstance(own, Sequence):
        return False
    return any(isinstance(one, Mapping) and one.get("user_id") == envelope.user_id is not None for one in own)


def subject_of(envelope: Envelope, names: Names) -> str:
    """What it is about, in one line: the text, the emoji, the button, the job."""
    if envelope.kind == JOB_KIND:
        return str(envelope.payload.get("job", ""))
    if envelope.text:
        return readable(envelope.text[:_SUBJECT], names)
    event, payload = envelope.event, envelope.payload
    if reaction := event.get("reaction"):
        return f":{reaction}:"
    actions = payload.get("actions")
    if isinstance(actions, Sequence):
        return ", ".join(_action(action) for action in actions if isinstance(action, Mapping))
    view = payload.get("view")
    if isinstance(view, Mapping):
        return str(view.get("callback_id") or view.get("type") or "")
    return str(payload.get("callback_id") or payload.get("action_id") or "")


def _action(action: Mapping[str, Any]) -> str:
    value = action.get("value") or action.get("selected_option") or ""
    if isinstance(value, Mapping):
        value = value.get("value", "")
    return f"{action.get('action_id', '?')}={value}" if value else str(action.get("action_id", "?"))


def readable(text: str, names: Names) -> str:
    """Slack's text as people see it: mentions by name, links by label, entities resolved."""

    def show(match: re.Match[str]) -> str:
        sigil, target, label = match["sigil"], match["target"], match["label"]
        if sigil == "@":
            return f"@{label or names.person(target)}"
        if sigil == "#":
            return f"#{label}" if label else names.channel(target)
        if sigil == "!":
            return label or f"@{target}"
        return f"{label} ({target})" if label and label != target else target

    return html.unescape(_MARKUP.sub(show, text))


def short_handler(name: str) -> str:
    """`module.package.Class.method` as `Class.method`."""
    return ".".join(name.split(".")[-2:])


def milliseconds(duration: timedelta | None) -> str:
    """A duration at a glance: `0.4 ms`, `12 ms`, `3.2 s`, `4 min`; empty for `None`."""
    if duration is None:
        return ""
    value = duration.total_seconds() * 1000
    if value < 10:
        return f"{value:.1f} ms"
    if value < 1000:
        return f"{value:.0f} ms"
    return f"{value / 1000:.1f} s" if value < 120_000 else f"{value / 60_000:.0f} min"


def byte_size(size: int | None) -> str:
    """A size at a glance: `18 B`, `2.4 kB`; empty for `None`."""
    if size is None:
        return ""
    if size < 1000:
        return f"{size} B"
    return f"{size / 1000:.1f} kB" if size < 1_000_000 else f"{size / 1_000_000:.1f} MB"


def clock(at: datetime, timezone: tzinfo = UTC) -> str:
    """The time of day, to the second."""
    return at.astimezone(timezone).strftime("%H:%M:%S")


def counted(number: int, noun: str) -> str:
    """A number of things: `no events`, `1 event`, `1,204 events`."""
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}" if number < 1000 else f"{number:,} {noun}s"
