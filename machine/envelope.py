"""One inbound request of Slack as a value: what kind it is, and its payload.

Transports make envelopes, the dispatcher takes them. The shape of a payload is documented by Slack:
https://docs.slack.dev/apis/events-api and https://docs.slack.dev/interactivity/handling-user-interaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Payload: TypeAlias = Mapping[str, Any]
Answer: TypeAlias = Mapping[str, Any] | None
"""What goes back to Slack with the acknowledgement, for example the text a slash command answers with."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """One request from Slack.

    Attributes:
        id: Slack's `envelope_id`; unique per delivery, so a redelivery carries a new one.
        kind: `events_api`, `slash_commands`, or the `type` of an interactive payload: `block_actions`,
            `view_submission`, `view_closed`, `shortcut`, `message_action`, `block_suggestion`.
        payload: The payload as Slack sent it. Nobody changes it.
        retry_attempt: 0 for a first delivery, else the number Slack gives the retry.
        is_simulated: Made by a person (replay, `simulate`), not by Slack.
        size: How long it was on the wire, in characters; 0 where it came over none.
        event: The inner event of an `events_api` envelope; empty where there is none.
    """

    id: str
    kind: str
    payload: Payload
    retry_attempt: int = 0
    is_simulated: bool = False
    size: int = field(default=0, compare=False, repr=False)
    event: Payload = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        # Worked out here because it is read a dozen times for each message: a tenth of the time of dispatching one.
        event = _mapping(self.payload.get("event")) if self.kind == "events_api" else {}
        object.__setattr__(self, "event", event)

    @property
    def type(self) -> str:
        """What happened, as a person would name it: the event type, the slash command, or the kind."""
        if self.kind == "events_api":
            return str(self.event.get("type") or self.payload.get("type") or "unknown")
        if self.kind == "slash_commands":
            return str(self.payload.get("command") or self.kind)
        return self.kind

    @property
    def delivery_key(self) -> str:
        """The same for every delivery of one event: Slack's `event_id`, else the envelope's own id."""
        event_id = self.payload.get("event_id")
        return event_id if isinstance(event_id, str) and event_id else self.id

    @property
    def user_id(self) -> str | None:
        """The person who caused this, where the payload says so."""
        event = self.event
        return (
            _id(event, "user", "user_id")
            or _id(_mapping(event.get("message")), "user", "user_id")
            or _id(_mapping(event.get("previous_message")), "user", "user_id")
            or _id(self.payload, "user", "user_id")
        )

    @property
    def channel_id(self) -> str | None:
        """The channel where this happened, where the payload says so."""
        event = self.event
        return (
            _id(event, "channel", "channel_id")
            or _id(_mapping(event.get("item")), "channel", "channel_id")
            or _id(self.payload, "channel", "channel_id")
            or _id(_mapping(self.payload.get("container")), "channel", "channel_id")
        )

    @property
    def text(self) -> str:
        """The text a person wrote, where there is one; else empty."""
        event = self.event
        for holder in (event, _mapping(event.get("message")), self.payload):
            text = holder.get("text")
            if isinstance(text, str):
                return text
        return ""


def _mapping(value: object) -> Payload:
    # A dict is found to be one much sooner than a Mapping.
    return value if isinstance(value, (dict, Mapping)) else {}


def _id(holder: Payload, name: str, other_name: str) -> str | None:
    """The id under either name, as text or as an object with an `id`."""
    found = holder.get(name) or holder.get(other_name)
    if not isinstance(found, str):
        found = _mapping(found).get("id")
    return found if isinstance(found, str) and found else None
