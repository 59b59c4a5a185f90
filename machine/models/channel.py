"""Channels, and everything else that Slack calls a conversation."""

from __future__ import annotations

from typing import Annotated

from machine.models.slack_object import Flag, Name, Names, OptionalInt, OptionalStr, OrElse, SlackObject


class PurposeTopic(SlackObject):
    """The topic or the purpose of a channel.

    Attributes:
        last_set: When it was set, in seconds since 1970; 0 for never.
    """

    value: Name = ""
    creator: OptionalStr = None
    last_set: OptionalInt = None


_UNSET = PurposeTopic()


class Channel(SlackObject):
    """A public or private channel, a direct message or a group direct message.

    Only `id` is certain: `Channel(id="C1")` stands for a channel of which an event told nothing else. See
    [conversations.info](https://docs.slack.dev/reference/methods/conversations.info).

    Attributes:
        name: Without `#`; `None` for direct messages.
        created: When it was created, in seconds since 1970.
        is_channel: A channel, public or private; see `is_private`.
        is_group: A private channel created before March 2021.
        is_im: A direct message; `user` is then the id of the other person.
        is_mpim: A group direct message.
        is_member: Whether the bot is in it.
        members: Ids of the members, only where Slack listed them.
    """

    id: str
    name: OptionalStr = None
    name_normalized: OptionalStr = None
    created: OptionalInt = None
    creator: OptionalStr = None
    user: OptionalStr = None
    is_channel: Flag = False
    is_group: Flag = False
    is_im: Flag = False
    is_mpim: Flag = False
    is_private: Flag = False
    is_archived: Flag = False
    is_general: Flag = False
    is_member: Flag = False
    is_open: Flag = False
    is_shared: Flag = False
    is_org_shared: Flag = False
    is_ext_shared: Flag = False
    is_user_deleted: Flag = False
    topic: Annotated[PurposeTopic, OrElse(_UNSET)] = _UNSET
    purpose: Annotated[PurposeTopic, OrElse(_UNSET)] = _UNSET
    members: Names = ()
    num_members: OptionalInt = None
    previous_names: Names = ()
    context_team_id: OptionalStr = None
    updated: OptionalInt = None

    @property
    def identifier(self) -> str:
        """What to call the channel: its name, or its id where it has none (direct messages)."""
        return self.name or self.id
