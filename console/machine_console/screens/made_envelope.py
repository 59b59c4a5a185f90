"""Envelopes for a text that nobody sent, to ask which handlers it would run."""

from __future__ import annotations

import time

from machine.envelope import Envelope
from machine_console.session.chat import ChatChannel, ChatPerson


def typed_envelope(text: str, person: ChatPerson | None, channel: ChatChannel | None) -> Envelope:
    """What Slack would send if `person` typed `text` in `channel`: a command or a message, marked as simulated."""
    user_id, channel_id = person.id if person else "", channel.id if channel else ""
    if text.startswith("/") and len(text) > 1:
        command, _, rest = text.partition(" ")
        payload = {"command": command, "text": rest.strip(), "user_id": user_id, "channel_id": channel_id}
        return Envelope("typed", "slash_commands", payload, is_simulated=True)
    ts = f"{time.time():.6f}"
    is_dm = channel is not None and channel.is_dm
    event = {
        "type": "message",
        "user": user_id,
        "text": text,
        "channel": channel_id,
        "channel_type": "im" if is_dm else "channel",
        "ts": ts,
        "event_ts": ts,
    }
    return Envelope("typed", "events_api", {"type": "event_callback", "event": event}, is_simulated=True)
