"""The envelope for what somebody might type in the chat; the chat's people and channels are those the bot knows."""

from __future__ import annotations

from collections.abc import Mapping

from machine.envelope import Envelope
from machine.models import Channel, User
from machine.simulation import Simulation
from machine_console.session.chat import ChatChannel, ChatPerson


def typed_envelope(
    text: str,
    person: ChatPerson | None,
    channel: ChatChannel | None,
    simulation: Simulation,
    channels: Mapping[str, Channel],
) -> Envelope:
    """What Slack would send the bot if this person typed that there.

    Args:
        text: The message or command.
        person: Who; somebody, if it is left open.
        channel: Where, likewise.
        simulation: Makes the envelope.
        channels: Those that the bot knows, by id.
    """
    user = User(id=person.id, name=person.name) if person else User(id="")
    place = Channel(id=channel.id, is_im=channel.is_dm) if channel else Channel(id="")
    return simulation.typed(text, user, channels.get(place.id) or place)
