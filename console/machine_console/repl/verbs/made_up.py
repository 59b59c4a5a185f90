"""Envelopes that nobody sent: as Slack would send them, for what a person might do."""

from __future__ import annotations

import copy
import re
import time
import uuid
from collections.abc import Mapping
from typing import Any

from machine.bot import Machine
from machine.envelope import Envelope
from machine.models import Channel, User
from machine_console.repl.language.errors import ReplError
from machine_console.repl.verbs.slack_messages import Target

INTERACTIVE = frozenset(
    {"block_actions", "view_submission", "view_closed", "shortcut", "message_action", "block_suggestion"}
)
"""The kinds of interactive payloads, by their `type`."""

_TYPED_MENTION = re.compile(r"(?<![\w<])@([\w.-]+)")
_RESPONSE_URL = "https://hooks.slack.com/actions/simulated"
"""Leads nowhere: Slack issues one for something that happened, and this did not."""


class MadeUp:
    """Makes envelopes for a bot; none of them is marked as real unless it may send (see `send`).

    Args:
        machine: The bot they are for.
    """

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def message(self, text: str, user: User, channel: Channel, *, send: bool = False) -> Envelope:
        """A message that `user` writes; `@name` mentions somebody."""
        ts = f"{time.time():.6f}"
        event = {
            "type": "message",
            "user": user.id,
            "text": self._with_mentions(text),
            "channel": channel.id,
            "channel_type": _channel_type(channel),
            "ts": ts,
            "event_ts": ts,
        }
        return self.payload(event, send=send)

    def command(self, text: str, user: User, channel: Channel, *, send: bool = False) -> Envelope:
        """A slash command, as it is typed: `/deploy api`."""
        name, _, rest = text.strip().partition(" ")
        identity = self._machine.identity
        payload = {
            "command": name,
            "text": rest.strip(),
            "team_id": identity.team_id,
            "user_id": user.id,
            "user_name": user.name,
            "channel_id": channel.id,
            "channel_name": channel.name or "directmessage",
            "response_url": _RESPONSE_URL,
            "trigger_id": _id("trigger"),
        }
        return self.payload(payload, send=send)

    def action(self, action_id: str, value: str | None, user: User, where: Target, *, send: bool = False) -> Envelope:
        """A click on a button of a message."""
        action = {"type": "button", "action_id": action_id, "block_id": "simulated", "action_ts": f"{time.time():.6f}"}
        payload = self._interactive("block_actions", user) | {
            "container": {"type": "message", "message_ts": where.ts, "channel_id": where.channel},
            "channel": {"id": where.channel},
            "message": {"type": "message", "ts": where.ts, "text": ""},
            "state": {"values": {}},
            "response_url": _RESPONSE_URL,
            "actions": [action if value is None else action | {"value": value}],
        }
        return self.payload(payload, send=send)

    def shortcut(self, callback_id: str, user: User, where: Target | None, *, send: bool = False) -> Envelope:
        """A shortcut; on a message, where there is one."""
        payload = self._interactive("shortcut" if where is None else "message_action", user)
        payload |= {"callback_id": callback_id, "action_ts": f"{time.time():.6f}"}
        if where is not None:
            payload |= {
                "channel": {"id": where.channel},
                "message_ts": where.ts,
                "message": {"type": "message", "ts": where.ts, "text": ""},
                "response_url": _RESPONSE_URL,
            }
        return self.payload(payload, send=send)

    def payload(self, payload: Mapping[str, Any], *, send: bool = False) -> Envelope:
        """Any payload of Slack's: of an event, its inner event alone, a command, or something interactive.

        Args:
            payload: It is copied; an event gets an id of its own, so that the bot does not take it for a repetition.
            send: Handlers may send to a live workspace.

        Raises:
            ReplError: It is none of these.
        """
        copied = copy.deepcopy(dict(payload))
        kind = copied.get("type")
        if isinstance(copied.get("command"), str):
            return self._envelope("slash_commands", copied, send=send)
        if kind in INTERACTIVE:
            return self._envelope(str(kind), copied, send=send)
        if not isinstance(kind, str):
            raise ReplError('This is no payload of Slack: it has neither a "type" nor a "command".')
        if kind != "event_callback":
            copied = {"type": "event_callback", "team_id": self._machine.identity.team_id, "event": copied}
        copied |= {"event_id": _id("Ev"), "event_time": int(time.time())}
        return self._envelope("events_api", copied, send=send)

    def again(self, envelope: Envelope, *, send: bool = False) -> Envelope:
        """The same payload once more.

        Raises:
            ReplError: It is no payload of Slack's, as with a scheduled job.
        """
        if envelope.kind not in {"events_api", "slash_commands", *INTERACTIVE}:
            raise ReplError(f"{envelope.type} did not come from Slack, so it cannot be replayed.")
        return self.payload(envelope.payload, send=send)

    def _envelope(self, kind: str, payload: dict[str, Any], *, send: bool) -> Envelope:
        return Envelope(_id("simulated"), kind, payload, is_simulated=not send)

    def _interactive(self, kind: str, user: User) -> dict[str, Any]:
        team = self._machine.identity.team_id
        return {
            "type": kind,
            "team": {"id": team, "domain": ""},
            "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": team},
            "api_app_id": "",
            "token": "",
            "trigger_id": _id("trigger"),
        }

    def _with_mentions(self, text: str) -> str:
        """`@alice` as Slack writes it, for names that are known."""

        def mention(found: re.Match[str]) -> str:
            user = self._machine.slack.directory.find_user(found[1])
            return f"<@{user.id}>" if user is not None else found[0]

        return _TYPED_MENTION.sub(mention, text)


def _id(kind: str) -> str:
    return f"{kind}-{uuid.uuid4()}"


def _channel_type(channel: Channel) -> str:
    if channel.is_im:
        return "im"
    if channel.is_mpim:
        return "mpim"
    return "group" if channel.is_private else "channel"
