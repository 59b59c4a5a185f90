"""Events once more, through the code as it is now."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from machine.bot import Machine
from machine.envelope import Envelope
from machine.redaction import redact_value
from machine.simulation import again
from machine_console.history.event_outcome import Outcome, Pair, compare, outcome_of
from machine_console.history.history import EventTrace, History
from machine_console.history.recording import RecordedEvent

WAIT = timedelta(seconds=10)
"""How long the handlers of one event are waited for; they run on afterwards."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """An event that was run again.

    Attributes:
        title: What it was, for a person.
        event: The new event, with what it led to.
        pairs: What it led to before and now, side by side.
        is_over: Whether all its handlers had ended when this was made.
    """

    title: str
    event: EventTrace
    pairs: tuple[Pair, ...]
    is_over: bool = True

    @property
    def outcome(self) -> Outcome:
        """What it led to now."""
        return outcome_of(self.event)

    @property
    def differences(self) -> list[Pair]:
        """Where the two do not say the same."""
        return [pair for pair in self.pairs if not pair.is_same]


async def replay(
    machine: Machine,
    history: History,
    original: Envelope,
    before: Outcome,
    payload: Mapping[str, Any] | None = None,
) -> Replayed:
    """Run an event again, as simulated, and wait for its handlers.

    Args:
        machine: The bot.
        history: Takes in the bot's trace.
        original: The event.
        before: What it led to.
        payload: Another payload to send instead of the event's.
    """
    envelope = again(original, payload)
    handling = asyncio.ensure_future(machine.handle(envelope))
    await asyncio.wait({handling}, timeout=WAIT.total_seconds())
    is_over = handling.done()
    if is_over:
        handling.result()
    event = history.by_id(envelope.id)
    if event is None:  # the history began to forget it before it was over
        event = EventTrace(-1, envelope, datetime.now(UTC))
    pairs = compare(before, outcome_of(event), envelope.payload)
    return Replayed(_title(original), event, tuple(pairs), is_over)


async def replay_all(machine: Machine, history: History, recording: Sequence[RecordedEvent]) -> list[Replayed]:
    """Run a recording again, one event after the other; where it names the bot it was made with, it is ours now."""
    results = []
    recorded_bot = next(filter(None, map(_bot_of, recording)), "")
    own = machine.identity.user_id
    for one in recording:
        envelope = one.envelope()
        if recorded_bot and recorded_bot != own:
            envelope = replace(envelope, payload=_renamed(envelope.payload, recorded_bot, own))
        results.append(await replay(machine, history, envelope, one.outcome))
    return results


def _bot_of(event: RecordedEvent) -> str:
    """The bot's user id, as Slack says it beside each event."""
    granted = event.payload.get("authorizations")
    for one in granted if isinstance(granted, list) else []:
        if isinstance(one, Mapping) and one.get("is_bot") and isinstance(one.get("user_id"), str):
            return str(one["user_id"])
    return ""


def _renamed(value: Any, old: str, new: str) -> Any:
    if isinstance(value, str):
        return value.replace(old, new)
    if isinstance(value, Mapping):
        return {key: _renamed(item, old, new) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [_renamed(item, old, new) for item in value]
    return value


def _title(envelope: Envelope) -> str:
    text = " ".join(envelope.text[:60].split())
    return f"{envelope.type}: {text}" if text else envelope.type


def restored(edited: Any, original: Any) -> Any:
    """An edited payload in which every secret that was shown redacted, and left so, is the original one again."""
    shown = redact_value(original)
    if edited == shown:
        return original
    if isinstance(edited, Mapping) and isinstance(original, Mapping):
        secrets = redact_value(original)  # the names of fields decide as well
        return {
            key: original[key] if key in original and value == secrets[key] else restored(value, original.get(key))
            for key, value in edited.items()
        }
    if isinstance(edited, list) and isinstance(original, Sequence) and not isinstance(original, str | bytes):
        return [
            restored(value, original[index]) if index < len(original) else value for index, value in enumerate(edited)
        ]
    return edited
