"""Envelopes for what nobody did, as Slack would send them.

The playground, the REPL, replay and the test kit ask with them what the bot would do, or let it do so. Real events do
not come from here: what people do in the sandbox goes the way that everything takes.
"""

from __future__ import annotations

import copy
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from machine.envelope import Envelope
from machine.errors import MachineError
from machine.models import Channel, User
from machine.slack.directory import Directory
from machine.slack.text_encoding import Named, TypedNames, encode_typed, rich_text

InteractionKind: TypeAlias = Literal[
    "block_actions", "block_suggestion", "message_action", "shortcut", "view_submission", "view_closed"
]

INTERACTIVE = frozenset(InteractionKind.__args__)  # type: ignore[attr-defined]  # a Literal has them
"""The kinds of interactive payloads, by their `type`."""

_RESPONSE_URL = "https://hooks.slack.com/actions/simulated"
"""Leads nowhere: Slack issues one for something that happened, and this did not."""


def is_command(text: str) -> bool:
    """Whether Slack's client takes a typed text for a slash command: whatever begins with the character is one."""
    return text.startswith("/")


@dataclass(frozen=True, slots=True)
class Simulation:
    """Makes envelopes for what people might do.

    Attributes:
        names: Whom and what a person who types can name.
        team_id: The workspace.
        may_send: Handlers may send to a live workspace; else what they send there is captured.
    """

    names: TypedNames
    team_id: str = ""
    may_send: bool = False

    def typed(self, text: str, user: User, channel: Channel) -> Envelope:
        """What somebody types and sends: a message, or a slash command such as `/deploy api`."""
        return (self._command if is_command(text) else self._message)(text, user, channel)

    def action(self, action_id: str, value: str | None, user: User, channel_id: str, ts: str) -> Envelope:
        """A click on a button of a message."""
        action = {"type": "button", "action_id": action_id, "block_id": "simulated", "action_ts": _now_ts()}
        return self.interaction(
            "block_actions",
            user,
            container={"type": "message", "message_ts": ts, "channel_id": channel_id},
            state={"values": {}},
            actions=[action if value is None else action | {"value": value}],
            **_message_fields(channel_id, ts),
        )

    def shortcut(self, callback_id: str, user: User) -> Envelope:
        """A global shortcut."""
        return self.interaction("shortcut", user, callback_id=callback_id, action_ts=_now_ts())

    def message_shortcut(self, callback_id: str, user: User, channel_id: str, ts: str) -> Envelope:
        """A shortcut on a message."""
        about = _message_fields(channel_id, ts)
        return self.interaction(
            "message_action", user, callback_id=callback_id, action_ts=_now_ts(), message_ts=ts, **about
        )

    def interaction(self, kind: InteractionKind, user: User, **fields: Any) -> Envelope:
        """Anything interactive: `interaction("view_submission", user, view={...})`.

        Args:
            kind: The `type` of the payload.
            user: Who does it.
            fields: What the payload has beside who, where from and the trigger id.
        """
        payload = {
            "type": kind,
            "team": {"id": self.team_id, "domain": ""},
            "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": self.team_id},
            "api_app_id": "",
            "token": "",
            "trigger_id": _unique("trigger"),
        }
        return self.payload(payload | fields)

    def payload(self, payload: Mapping[str, Any]) -> Envelope:
        """Any payload of Slack's: of an event, its inner event alone, a command, or something interactive.

        It is copied.

        Raises:
            MachineError: It is none of these.
        """
        kind = payload.get("type")
        if isinstance(payload.get("command"), str):
            return _envelope("slash_commands", payload, may_send=self.may_send)
        if not isinstance(kind, str):
            raise MachineError('This is not a payload of Slack: it has neither a "type" nor a "command".')
        if kind in INTERACTIVE:
            return _envelope(kind, payload, may_send=self.may_send)
        if kind != "event_callback":
            payload = {"type": "event_callback", "team_id": self.team_id, "event": payload}
        return _envelope("events_api", payload, may_send=self.may_send)

    def _message(self, text: str, user: User, channel: Channel) -> Envelope:
        ts, encoded = _now_ts(), encode_typed(text, self.names)
        event = {
            "type": "message",
            "user": user.id,
            "text": encoded,
            "team": self.team_id,
            "blocks": [rich_text(encoded, "simulated")],
            "channel": channel.id,
            "channel_type": _channel_type(channel),
            "ts": ts,
            "event_ts": ts,
        }
        return self.payload(event)

    def _command(self, text: str, user: User, channel: Channel) -> Envelope:
        name, _, rest = text.strip().partition(" ")
        payload = {
            "command": name,
            "text": rest.strip(),
            "team_id": self.team_id,
            "user_id": user.id,
            "user_name": user.name,
            "channel_id": channel.id,
            "channel_name": channel.name or "directmessage",
            "response_url": _RESPONSE_URL,
            "trigger_id": _unique("trigger"),
        }
        return self.payload(payload)


class DirectoryNames:
    """Names as far as the bot has learnt them; see `machine.slack.text_encoding.TypedNames`.

    User groups are not among them: the bot does not ask for those.
    """

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def person_named(self, name: str) -> Named | None:
        """The person with this name, by the handle or as they are shown."""
        user = self._directory.find_user(name)
        return Named(user.id, user.name) if user else None

    def group_named(self, handle: str) -> Named | None:  # noqa: ARG002 - see above
        """None is known."""
        return None

    def channel_named(self, name: str) -> Named | None:
        """The public channel with this name."""
        channel = self._directory.find_channel(name)
        is_public = channel is not None and _channel_type(channel) == "channel"
        return Named(channel.id, channel.identifier) if channel and is_public else None


def again(envelope: Envelope, payload: Mapping[str, Any] | None = None, *, may_send: bool = False) -> Envelope:
    """The same once more, or of the same kind with another payload.

    Raises:
        MachineError: It did not come from Slack, as with a scheduled job.
    """
    if envelope.kind not in {"events_api", "slash_commands", *INTERACTIVE}:
        raise MachineError(f"{envelope.type} did not come from Slack, so it cannot be replayed.")
    return _envelope(envelope.kind, envelope.payload if payload is None else payload, may_send=may_send)


def _envelope(kind: str, payload: Mapping[str, Any], *, may_send: bool) -> Envelope:
    own = copy.deepcopy(dict(payload))
    if kind == "events_api":  # an id of its own, or the bot would take it for a repetition
        own |= {"event_id": _unique("Ev"), "event_time": int(time.time())}
    return Envelope(_unique("simulated"), kind, own, is_simulated=not may_send)


def _unique(kind: str) -> str:
    return f"{kind}-{uuid.uuid4()}"


def _now_ts() -> str:
    return f"{time.time():.6f}"


def _message_fields(channel_id: str, ts: str) -> dict[str, Any]:
    message = {"type": "message", "ts": ts, "text": ""}
    return {"channel": {"id": channel_id}, "message": message, "response_url": _RESPONSE_URL}


def _channel_type(channel: Channel) -> str:
    if channel.is_im or channel.id.startswith("D"):  # of one that is not known, the id tells it all the same
        return "im"
    if channel.is_mpim:
        return "mpim"
    return "group" if channel.is_private else "channel"
