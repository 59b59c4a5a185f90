"""Channels, private channels, DMs and group DMs, and who is in them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from itertools import chain

from machine.errors import WorkspaceError
from machine.sandbox.refusal import SlackRefusal
from machine.sandbox.state.changes import Announce, ChannelChanged, ChannelCreated, MemberJoined, MemberLeft
from machine.sandbox.state.clock import Timeline, stable_id
from machine.sandbox.state.objects import Conversation, Kind
from machine.sandbox.state.people import People, nearest

_MAX_NAME_LENGTH = 80
_MAX_TOPIC_LENGTH = 250
_MAX_GROUP_DM_SIZE = 9
_ID_PREFIXES: dict[Kind, str] = {"channel": "C", "private": "C", "im": "D", "mpim": "C"}


def composed(name: str) -> str:
    """The name with letters and their accents as one character where there is one, as Slack keeps it."""
    return unicodedata.normalize("NFC", name)


def channel_name_problem(name: str) -> str:
    """Why a channel cannot be called so, or nothing: letters of any script will do, but no capitals."""
    if not name or len(composed(name)) > _MAX_NAME_LENGTH:
        return f"1 to {_MAX_NAME_LENGTH} characters"
    # By category, because `\w` leaves out the signs that vowels are written with in Hindi, Thai and others.
    if all(sign in "-_" or unicodedata.category(sign)[0] in "LMN" for sign in name) and name == name.lower():
        return ""
    return "lower-case letters of any script, digits, hyphens and underscores"


class Conversations(dict[str, Conversation]):
    """The conversations by id, with Slack's rules about making and joining them."""

    def __init__(self, people: People, timeline: Timeline, announce: Announce) -> None:
        super().__init__()
        self._people = people
        self._timeline = timeline
        self._announce = announce
        self._ids_by_name: dict[str, str] = {}

    def restore(self, conversations: Iterable[Conversation]) -> None:
        """Take conversations in as they were, without announcing them; they replace those of the same id or name."""
        for conversation in conversations:
            for other in {conversation.id, self._ids_by_name.get(conversation.name, conversation.id)} & self.keys():
                self._ids_by_name.pop(self.pop(other).name, None)
            self._keep(conversation)

    def known(self, channel: str, viewer: str | None = None) -> Conversation:
        """The conversation with this id, as far as `viewer` can see it.

        Raises:
            SlackRefusal: `channel_not_found`, also for a private one that `viewer` is not in.
        """
        conversation = self.get(channel)
        if conversation is None or (viewer is not None and not self.can_see(viewer, conversation)):
            raise SlackRefusal("channel_not_found")
        return conversation

    def joined(self, channel: str, user: str, *, error: str = "not_in_channel") -> Conversation:
        """The conversation with this id, which `user` must be in.

        Raises:
            SlackRefusal: `channel_not_found`, or `error` if the user is not in it.
        """
        conversation = self.known(channel, user)
        if user not in conversation.members:
            raise SlackRefusal(error)
        return conversation

    def writable(self, channel: str, user: str, *, error: str = "not_in_channel") -> Conversation:
        """As `joined`, and the conversation must not be archived (`is_archived`)."""
        conversation = self.joined(channel, user, error=error)
        if conversation.is_archived:
            raise SlackRefusal("is_archived")
        return conversation

    @staticmethod
    def can_see(viewer: str, conversation: Conversation) -> bool:
        """Whether the conversation exists as far as `viewer` can tell."""
        return conversation.kind == "channel" or viewer in conversation.members

    def find(self, which: str) -> Conversation:
        """The conversation with this id, name (with or without `#`) or mention.

        Raises:
            WorkspaceError: There is none; the message names what is near.
        """
        wanted = which.strip().removeprefix("<#").removesuffix(">").partition("|")[0].removeprefix("#")
        conversation = self.get(wanted) or self.named(wanted)
        if conversation is None:
            names = [f"#{channel.name}" for channel in self.values() if channel.is_channel]
            raise WorkspaceError(f"There is no channel {which!r}. {nearest('#' + wanted, names, 'Channels')}")
        return conversation

    def named(self, name: str) -> Conversation | None:
        """The channel or group DM with this name, or `None`."""
        channel = self._ids_by_name.get(name) or self._ids_by_name.get(composed(name))
        return self[channel] if channel else None

    def create(
        self,
        name: str,
        creator: str,
        *,
        is_private: bool = False,
        members: Iterable[str] = (),
        id: str | None = None,  # noqa: A002 - Slack's own name for it
        is_general: bool = False,
    ) -> Conversation:
        """Create a channel; its creator and `members` are in it.

        Raises:
            SlackRefusal: `invalid_name`, `invalid_name_...`, or `name_taken`.
        """
        name = composed(name)
        self._check_name(name)
        channel = Conversation(
            id=id or stable_id("C", "channel", name),
            name=name,
            kind="private" if is_private else "channel",
            creator=creator,
            created=int(self._timeline.now),
            members=dict.fromkeys(chain([creator], members)),
            is_general=is_general,
        )
        if channel.id in self:
            channel.id = self._timeline.next_id("C")
        self._keep(channel)
        self._announce(ChannelCreated(channel, creator))
        return channel

    def open(self, users: Iterable[str]) -> Conversation:
        """The DM or group DM of these people, made if they have none yet.

        Raises:
            SlackRefusal: `user_not_found`, or `too_many_users` for more than nine people.
        """
        members = list(dict.fromkeys(self._people.known(user).id for user in users))
        kind: Kind = "im" if len(members) <= 2 else "mpim"
        if len(members) > _MAX_GROUP_DM_SIZE:
            raise SlackRefusal("too_many_users")
        conversation_id = stable_id(_ID_PREFIXES[kind], kind, *sorted(members))
        conversation = self.get(conversation_id)
        if conversation is None:
            names = "--".join(self._people[member].name for member in members)
            conversation = Conversation(
                id=conversation_id,
                name=f"mpdm-{names}-1" if kind == "mpim" else "",
                kind=kind,
                creator=members[0],
                created=int(self._timeline.now),
                members=dict.fromkeys(members),
            )
            self._keep(conversation)
            self._announce(ChannelCreated(conversation, members[0]))
        elif not conversation.is_open:
            conversation.is_open = True
            self._announce(ChannelChanged(conversation, "open", members[0]))
        return conversation

    def close(self, conversation: Conversation, user: str) -> bool:
        """Close a DM; `False` if it was closed already.

        Raises:
            SlackRefusal: `method_not_supported_for_channel_type` for a channel.
        """
        self._require_direct(conversation)
        was_open, conversation.is_open = conversation.is_open, False
        if was_open:
            self._announce(ChannelChanged(conversation, "close", user))
        return was_open

    def join(self, conversation: Conversation, user: str) -> bool:
        """Join a public channel; `False` for somebody who is in it already."""
        self._require_channel(conversation)
        if conversation.is_archived:
            raise SlackRefusal("is_archived")
        if user in conversation.members:
            return False
        self._add(conversation, user, None)
        return True

    def invite(self, conversation: Conversation, users: Iterable[str], inviter: str) -> None:
        """Take people into a channel.

        Raises:
            SlackRefusal: `user_not_found`, `already_in_channel`, `cant_invite_self`, `is_archived`.
        """
        self._require_channel(conversation)
        if conversation.is_archived:
            raise SlackRefusal("is_archived")
        invited = [self._people.known(user).id for user in users]
        if inviter in invited:
            raise SlackRefusal("cant_invite_self")
        if any(user in conversation.members for user in invited):
            raise SlackRefusal("already_in_channel")
        for user in invited:
            self._add(conversation, user, inviter)

    def leave(self, conversation: Conversation, user: str) -> bool:
        """Leave a channel; `False` for somebody who was not in it.

        Raises:
            SlackRefusal: `cant_leave_general`, `last_member` for a private channel.
        """
        self._require_channel(conversation)
        if user not in conversation.members:
            return False
        if conversation.is_general:
            raise SlackRefusal("cant_leave_general")
        if conversation.kind == "private" and len(conversation.members) == 1:
            raise SlackRefusal("last_member")
        self._remove(conversation, user)
        return True

    def kick(self, conversation: Conversation, user: str, by: str) -> None:
        """Remove somebody from a channel.

        Raises:
            SlackRefusal: `user_not_found`, `cant_kick_self`, `cant_kick_from_general`, `not_in_channel`.
        """
        self._require_channel(conversation)
        if self._people.known(user).id == by:
            raise SlackRefusal("cant_kick_self")
        if conversation.is_general:
            raise SlackRefusal("cant_kick_from_general")
        if user not in conversation.members:
            raise SlackRefusal("not_in_channel")
        self._remove(conversation, user)

    def archive(self, conversation: Conversation, user: str) -> None:
        """Archive a channel.

        Raises:
            SlackRefusal: `already_archived`, `cant_archive_general`.
        """
        self._require_channel(conversation)
        if conversation.is_general:
            raise SlackRefusal("cant_archive_general")
        if conversation.is_archived:
            raise SlackRefusal("already_archived")
        conversation.is_archived = True
        self._announce(ChannelChanged(conversation, "archive", user))

    def unarchive(self, conversation: Conversation, user: str) -> None:
        """Bring an archived channel back.

        Raises:
            SlackRefusal: `not_archived`.
        """
        self._require_channel(conversation)
        if not conversation.is_archived:
            raise SlackRefusal("not_archived")
        conversation.is_archived = False
        self._announce(ChannelChanged(conversation, "unarchive", user))

    def rename(self, conversation: Conversation, name: str, user: str) -> None:
        """Give a channel another name.

        Raises:
            SlackRefusal: `invalid_name`, `name_taken`.
        """
        self._require_channel(conversation)
        name = composed(name)
        self._check_name(name)
        conversation.previous_names.append(conversation.name)
        del self._ids_by_name[conversation.name]
        conversation.name = name
        self._keep(conversation)
        self._announce(ChannelChanged(conversation, "rename", user))

    def set_topic(self, conversation: Conversation, topic: str, user: str) -> None:
        """Set what a channel talks about now, at most 250 characters (`too_long`)."""
        conversation.topic = self._checked_topic(topic)
        conversation.topic_set = (user, int(self._timeline.now))
        self._announce(ChannelChanged(conversation, "topic", user))

    def set_purpose(self, conversation: Conversation, purpose: str, user: str) -> None:
        """Set what a channel is for, at most 250 characters (`too_long`)."""
        conversation.purpose = self._checked_topic(purpose)
        conversation.purpose_set = (user, int(self._timeline.now))
        self._announce(ChannelChanged(conversation, "purpose", user))

    def _keep(self, conversation: Conversation) -> None:
        self[conversation.id] = conversation
        if conversation.name:
            self._ids_by_name[conversation.name] = conversation.id

    def _add(self, conversation: Conversation, user: str, inviter: str | None) -> None:
        conversation.members[user] = None
        self._announce(MemberJoined(conversation, user, inviter))

    def _remove(self, conversation: Conversation, user: str) -> None:
        del conversation.members[user]
        self._announce(MemberLeft(conversation, user))

    def _check_name(self, name: str) -> None:
        if not name:
            raise SlackRefusal("invalid_name_required")
        if len(name) > _MAX_NAME_LENGTH:
            raise SlackRefusal("invalid_name_maxlength")
        if channel_name_problem(name):
            raise SlackRefusal("invalid_name_specials")
        if self.named(name):
            raise SlackRefusal("name_taken")

    @staticmethod
    def _checked_topic(topic: str) -> str:
        if len(topic) > _MAX_TOPIC_LENGTH:
            raise SlackRefusal("too_long")
        return topic

    @staticmethod
    def _require_channel(conversation: Conversation) -> None:
        if not conversation.is_channel:
            raise SlackRefusal("method_not_supported_for_channel_type")

    @staticmethod
    def _require_direct(conversation: Conversation) -> None:
        if conversation.is_channel:
            raise SlackRefusal("method_not_supported_for_channel_type")
