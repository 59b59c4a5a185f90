"""What a failed test shows: the conversations, and what the bot did with each event."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from machine.envelope import Envelope
from machine.redaction import redact
from machine.testing.bot import Bot
from machine.testing.messages import SentMessage, one_line, readable
from machine.trace import (
    ApiCalled,
    Considered,
    EnvelopeDropped,
    EnvelopeReceived,
    EventEmitted,
    HandlersConsidered,
    InvocationFailed,
    InvocationFinished,
    InvocationRefused,
    InvocationStarted,
    LogWritten,
    Record,
    StorageAccessed,
)

_SHOWN_CAUSES = 20
"""Events and jobs in the report, the last ones: the failure is rarely about what came before them."""

_SHOWN_NEAR_MISSES = 5
_SHOWN_CHARACTERS = 160


def sections(bot: Bot) -> list[tuple[str, str]]:
    """Titles and texts for the report of a test that failed."""
    found = [(f"Slack, {place}", redact(transcript)) for place, transcript in transcripts(bot).items()]
    if told := "\n".join(trace_lines(bot)):
        found.append(("What the bot did", redact(told)))
    return found


def transcripts(bot: Bot) -> dict[str, str]:
    """What was said, by place: `#ops`, `@alice` for a DM; threads below the messages they hang on."""
    spoken: dict[str, list[str]] = {}
    posted = {message.ts: message for message in (*bot.history(), *bot.messages())}
    for message in sorted(posted.values(), key=lambda message: message.ts):
        if not message.message.is_reply:
            lines = spoken.setdefault(message.channel, [])
            lines.append(_line(message))
            lines += [f"    {_line(reply)}" for reply in message.thread]
    return {place: "\n".join(lines) for place, lines in spoken.items()}


def trace_lines(bot: Bot) -> Iterator[str]:
    """The last events and jobs in order, with the handlers that were asked, and what these did."""
    causes: dict[str, list[Record]] = {}
    for record in bot.records:
        cause = record.envelope_id or record.invocation_id
        if cause is not None:
            causes.setdefault(cause, []).append(record)
    told = [records for records in causes.values() if _is_worth_telling(records)]
    if len(told) > _SHOWN_CAUSES:
        yield f"({len(told) - _SHOWN_CAUSES} earlier ones are left out)"
    for records in told[-_SHOWN_CAUSES:]:
        for record in records:
            yield from _describe(bot, record)


def _line(message: SentMessage) -> str:
    return f"{message.author}: {one_line(message)}"


def _is_worth_telling(records: Iterable[Record]) -> bool:
    """Whether something came of it, or a person did it; the bot's own messages, which come back to it, are neither."""
    is_told = is_own = False
    for record in records:
        match record:
            case InvocationStarted() | EnvelopeDropped():
                return True
            case EnvelopeReceived(envelope=envelope):
                is_own = bool(envelope.event.get("bot_id"))
                is_told = not is_own and envelope.event.get("type", "message") == "message"
            case HandlersConsidered(explain=explain):
                is_told = is_told or (not is_own and bool(explain()))
            case _:
                pass
    return is_told


def _describe(bot: Bot, record: Record) -> Iterator[str]:
    match record:
        case EnvelopeReceived(envelope=envelope):
            yield f"{envelope.type} {_gist(bot, envelope)}".rstrip()
        case EnvelopeDropped(reason=reason):
            yield f"    dropped: {reason}"
        case HandlersConsidered(explain=explain):
            yield from _considered(explain())
        case InvocationStarted(handler=handler, envelope_id=None):
            yield f"{handler} by schedule or by another plugin"
        case InvocationRefused(handler=handler, reason=reason):
            yield f"    {handler} was refused: {reason}"
        case InvocationFinished(handler=handler, duration=duration):
            yield f"    {handler} ended after {duration.total_seconds() * 1000:.0f} ms"
        case InvocationFailed(handler=handler, error=error):
            yield f"    {handler} FAILED: {error}"
        case ApiCalled(method=method, arguments=arguments, error=error):
            yield f"        {method} {_short(_named(bot, arguments))} -> {error or 'ok'}"
        case StorageAccessed(operation=operation, key=key, is_found=is_found):
            found = {None: "", True: " -> found", False: " -> nothing"}[is_found]
            yield f"        storage {operation} {key!r}{found}"
        case EventEmitted(event=event, listeners=listeners):
            yield f"        emitted {event}, heard by {', '.join(listeners) or 'nobody'}"
        case LogWritten(level=level, message=message):
            yield f"        log {level}: {_short(message)}"
        case _:
            return


def _considered(considered: Iterable[Considered]) -> Iterator[str]:
    matched = [entry for entry in considered if entry.is_match]
    missed = [entry for entry in considered if not entry.is_match]
    for entry in matched:
        yield f"    {entry.handler} matches: {entry.reason}"
    for entry in missed[:_SHOWN_NEAR_MISSES]:
        yield f"    {entry.handler} does not: {entry.reason}"
    if len(missed) > _SHOWN_NEAR_MISSES:
        yield f"    (and {len(missed) - _SHOWN_NEAR_MISSES} more do not)"
    if not matched and not missed:
        yield "    no handler waits for this"


def _gist(bot: Bot, envelope: Envelope) -> str:
    """Who, where, and what they wrote or used."""
    person = bot.workspace.people.get(envelope.user_id or "")
    actions = ", ".join(str(action.get("action_id")) for action in envelope.payload.get("actions") or ())
    name = str(envelope.payload.get("callback_id") or "")
    what = repr(readable(bot.workspace, envelope.text)) if envelope.text else actions or name
    return " ".join(filter(None, [f"of {person.name}" if person else "", _short(what)]))


def _named(bot: Bot, arguments: Mapping[str, Any]) -> str:
    channels = bot.workspace.channels
    shown = {
        name: f"#{channels[value].name}" if name == "channel" and value in channels and channels[value].name else value
        for name, value in arguments.items()
    }
    return ", ".join(f"{name}={value!r}" for name, value in shown.items())


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN_CHARACTERS else f"{line[:_SHOWN_CHARACTERS]}…"
