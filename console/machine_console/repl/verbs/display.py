"""What a value looks like at the prompt, before any terminal comes into it: a card, a table, or plain Python.

Values of our own know their shape (`__repl__`); those of the framework get theirs here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import singledispatch
from typing import TypeAlias

from machine.models import Channel, User
from machine.trace import Considered
from machine_console.history.history import EventTrace, InvocationTrace
from machine_console.text.formatting import milliseconds, short_handler
from machine_console.text.names import LiveNames

NAMES = "__names__"
"""The namespace's entry with what people and channels are called."""

spoken_names: ContextVar[LiveNames | None] = ContextVar("spoken_names", default=None)
"""What people and channels are called, for the code of one prompt; `None` shows their ids."""


@dataclass(frozen=True, slots=True)
class Card:
    """One thing, with what there is to know about it.

    Attributes:
        title: What it is called.
        fields: Labels and values; those without a value are left out when it is shown.
        body: Lines below them.
    """

    title: str
    fields: Sequence[tuple[str, str | None]] = ()
    body: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Rows:
    """Several things of one kind, as a table.

    Attributes:
        columns: Headings.
        rows: As many cells as there are columns, each.
        title: What they are, for an empty table too.
        total: How many there are, where that is more than the rows.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[str]] = ()
    title: str = ""
    total: int = 0


@dataclass(frozen=True, slots=True)
class Everything:
    """Says that a value is to be shown in full, however long; made by `show(value)`."""

    value: object


Shape: TypeAlias = Card | Rows


@dataclass(frozen=True, slots=True)
class _Row:
    """How values of a type fill a row of a table."""

    columns: Sequence[str]
    cells: Callable[..., Sequence[str]] = field(repr=False)


def shape_of(value: object) -> Shape | None:
    """The card or table that `value` is best shown as; `None` where its `repr` says it best."""
    if isinstance(value, Card | Rows):
        return value
    own = getattr(type(value), "__repl__", None)  # of the type: an object may answer to any name
    if own is not None:
        return own(value)  # type: ignore[no-any-return]  # by this module's convention
    card = card_of(value)
    return card if card is not None else _table_of(value)


@singledispatch
def card_of(value: object) -> Card | None:  # noqa: ARG001 - what it dispatches on
    """The card of `value`; `None` for types that have none."""
    return None


@card_of.register
def _user_card(user: User) -> Card:
    profile = user.profile
    return Card(
        profile.real_name or user.real_name or user.display_name,
        [
            ("name", f"@{user.name}" if user.name else None),
            ("id", user.id),
            ("e-mail", user.email),
            ("title", profile.title),
            ("status", f"{profile.status_emoji or ''} {profile.status_text or ''}".strip()),
            ("time zone", user.tz),
            ("is", user_roles(user)),
        ],
    )


@card_of.register
def _channel_card(channel: Channel) -> Card:
    return Card(
        channel_label(channel),
        [
            ("id", channel.id),
            ("is", channel_kind(channel)),
            ("topic", channel.topic.value),
            ("purpose", channel.purpose.value),
            ("members", str(channel.num_members) if channel.num_members is not None else None),
            ("bot is in it", "yes" if channel.is_member or channel.is_im else "no"),
            ("created", when(datetime.fromtimestamp(channel.created, UTC)) if channel.created else None),
        ],
    )


@card_of.register
def _event_card(event: EventTrace) -> Card:
    envelope = event.envelope
    return Card(
        f"{envelope.type}{' (simulated)' if envelope.is_simulated else ''}",
        [
            ("at", when(event.received_at)),
            ("from", _person(envelope.user_id)),
            ("in", _channel(envelope.channel_id)),
            ("text", envelope.text),
            ("dropped", event.dropped),
            ("matched", ", ".join(short_handler(one.handler) for one in event.matched) or "no handler"),
        ],
        [line for run in event.invocations for line in _run_lines(run)],
    )


def _person(user_id: str | None) -> str:
    names = spoken_names.get()
    return names.person(user_id) if names is not None and user_id else user_id or ""


def _channel(channel_id: str | None) -> str:
    names = spoken_names.get()
    return names.channel(channel_id) if names is not None and channel_id else channel_id or ""


def _run_lines(run: InvocationTrace) -> Iterable[str]:
    state = "running" if run.duration is None else milliseconds(run.duration)
    yield f"{'✗' if run.error else '✓'} {short_handler(run.handler)}  {state}"
    for call in run.api_calls:
        captured = " (captured, not sent)" if call.is_captured else ""
        yield f"    {call.method}{captured} {'ok' if call.is_ok else call.error}  {_brief(call.arguments)}"
    for access in run.storage:
        yield f"    storage {access.operation} {access.key}"
    for log in run.logs:
        yield f"    {log.level} {log.message}"
    if run.error:
        yield f"    {run.error}"


def _brief(arguments: Mapping[str, object]) -> str:
    text = arguments.get("text") or arguments.get("name")
    return repr(text) if text else ""


ROWS: dict[type, _Row] = {
    User: _Row(
        ("name", "real name", "id", "is"),
        lambda user: (f"@{user.name}", user.profile.real_name or user.real_name, user.id, user_roles(user)),
    ),
    Channel: _Row(
        ("name", "id", "is", "topic"),
        lambda channel: (channel_label(channel), channel.id, channel_kind(channel), channel.topic.value),
    ),
    EventTrace: _Row(
        ("#", "at", "what", "from", "text", "matched"),
        lambda event: (
            str(event.number),
            clock(event.received_at),
            event.envelope.type,
            _person(event.envelope.user_id),
            event.envelope.text,
            ", ".join(("✗ " if event.failed else "") + short_handler(one.handler) for one in event.matched),
        ),
    ),
    Considered: _Row(
        ("", "handler", "waits for", "why"),
        lambda one: ("✓" if one.is_match else "", short_handler(one.handler), one.trigger, one.reason),
    ),
}
"""How values become rows. Other modules of the REPL add their own types."""


def add_row(kind: type, columns: Sequence[str], cells: Callable[..., Sequence[str]]) -> None:
    """Let lists of `kind` be shown as tables of these columns."""
    ROWS[kind] = _Row(columns, cells)


def rows_of(items: Sequence[object], title: str = "") -> Rows | None:
    """A table of `items`, if they are all of one type that has rows."""
    kinds = {type(item) for item in items}
    row = ROWS.get(kinds.pop()) if len(kinds) == 1 else None
    if row is None:
        return None
    return Rows(row.columns, [row.cells(item) for item in items], title)


def _table_of(value: object) -> Rows | None:
    if type(value) in {list, tuple} and value:
        return rows_of(list(value))  # type: ignore[call-overload]  # a list or a tuple, as just checked
    return None


def channel_label(channel: Channel) -> str:
    """`#name`, or the id for direct messages, which have no name."""
    return f"#{channel.name}" if channel.name and not channel.is_im else channel.id


def channel_kind(channel: Channel) -> str:
    """What a person would call this kind of session."""
    if channel.is_im:
        return "direct message"
    if channel.is_mpim:
        return "group message"
    kind = "private channel" if channel.is_private else "channel"
    return f"{kind}, archived" if channel.is_archived else kind


def user_roles(user: User) -> str:
    """What sets a member apart: bot, owner, admin, guest, deactivated."""
    roles = {
        "bot": user.is_bot,
        "owner": user.is_owner,
        "admin": user.is_admin and not user.is_owner,
        "guest": user.is_restricted or user.is_ultra_restricted,
        "deactivated": user.deleted,
    }
    return ", ".join(name for name, holds in roles.items() if holds)


def when(at: datetime) -> str:
    """Date and time in the time zone of this computer."""
    return at.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def clock(at: datetime) -> str:
    """Time of day in the time zone of this computer."""
    return at.astimezone().strftime("%H:%M:%S")
