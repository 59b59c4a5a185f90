"""What people of the workspace can name when they type."""

from __future__ import annotations

from machine.sandbox.state.conversations import Conversations
from machine.sandbox.state.people import People
from machine.sandbox.state.team import Extras
from machine.slack.text_encoding import Named


class WorkspaceNames:
    """The names of people, user groups and public channels; see `machine.slack.text_encoding.TypedNames`."""

    def __init__(self, people: People, channels: Conversations, extras: Extras) -> None:
        self._people = people
        self._channels = channels
        self._extras = extras

    def person_named(self, name: str) -> Named | None:
        """The person with this name."""
        person = self._people.named(name)
        return Named(person.id, person.name) if person else None

    def group_named(self, handle: str) -> Named | None:
        """The user group with this handle."""
        groups = (Named(group["id"], group["handle"]) for group in self._extras.usergroups)
        return next((group for group in groups if group.name == handle.lower()), None)

    def channel_named(self, name: str) -> Named | None:
        """The public channel with this name."""
        channel = self._channels.named(name)
        return Named(channel.id, channel.name) if channel and channel.kind == "channel" else None
