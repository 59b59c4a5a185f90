"""Envelopes for what nobody said, to ask which handlers would run."""

from __future__ import annotations

from typing import Any

from machine.envelope import Envelope
from machine.sandbox import Workspace
from machine.sandbox.state.objects import Conversation, Person


def invented_envelope(workspace: Workspace, person: Person, channel: Conversation, text: str) -> Envelope:
    """What Slack would send if this person said that, or ran that `/command`, here."""
    if text.startswith("/"):
        return Envelope(id="invented", kind="slash_commands", payload=_command(person, channel, text))
    event = {
        "type": "message",
        "user": person.id,
        "channel": channel.id,
        "channel_type": workspace.serializer.channel_type(channel),
        "text": workspace.as_typed(text),
        "ts": "0.000000",
    }
    payload = {"type": "event_callback", "team_id": workspace.team.id, "event": event}
    return Envelope(id="invented", kind="events_api", payload=payload, is_simulated=True)


def _command(person: Person, channel: Conversation, text: str) -> dict[str, Any]:
    name, _, arguments = text.partition(" ")
    return {"command": name, "text": arguments.strip(), "user_id": person.id, "channel_id": channel.id}
