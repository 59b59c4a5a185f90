"""Typed models of the events that plugins handle most; every other event is a dict.

A handler asks for one by annotating its argument:

    @process("reaction_added")
    async def thank(self, event: ReactionAdded) -> None: ...

See https://docs.slack.dev/reference/events. Models of your own work as well: any pydantic model can be asked for.
"""

from __future__ import annotations

from typing import Annotated

from machine.models.channel import Channel
from machine.models.slack_object import Name, OptionalStr, OrElse, SlackObject
from machine.models.user import User

__all__ = [
    "AppHomeOpened",
    "ChannelCreated",
    "ChannelRename",
    "Event",
    "FileShared",
    "MemberJoinedChannel",
    "MemberLeftChannel",
    "PinAdded",
    "PinRemoved",
    "ReactedItem",
    "ReactionAdded",
    "ReactionRemoved",
    "TeamJoin",
    "UserChange",
]


class Event(SlackObject):
    """What all events have in common.

    Attributes:
        type: The event type.
        event_ts: When it happened, as a Slack timestamp.
    """

    type: Name = ""
    event_ts: OptionalStr = None


class ReactedItem(SlackObject):
    """What was reacted to, or pinned.

    Attributes:
        channel: Id of the channel the message is in.
        ts: The message's `ts`.
    """

    type: Name = ""
    channel: OptionalStr = None
    ts: OptionalStr = None


_NO_ITEM = ReactedItem()


class ReactionAdded(Event):
    """[reaction_added](https://docs.slack.dev/reference/events/reaction_added): an emoji was added to a message.

    Attributes:
        user: Id of the person who reacted.
        reaction: Name of the emoji, without colons.
        item_user: Id of the person whose message it is; `None` where Slack does not tell.
    """

    user: str
    reaction: str
    item_user: OptionalStr = None
    item: Annotated[ReactedItem, OrElse(_NO_ITEM)] = _NO_ITEM


class ReactionRemoved(ReactionAdded):
    """[reaction_removed](https://docs.slack.dev/reference/events/reaction_removed): an emoji was taken back."""


class MemberJoinedChannel(Event):
    """[member_joined_channel](https://docs.slack.dev/reference/events/member_joined_channel): somebody joined.

    Attributes:
        user: Id of the person.
        channel: Id of the channel.
        inviter: Id of whoever invited them; `None` if nobody did.
    """

    user: str
    channel: str
    team: OptionalStr = None
    inviter: OptionalStr = None


class MemberLeftChannel(Event):
    """[member_left_channel](https://docs.slack.dev/reference/events/member_left_channel): somebody left.

    Attributes:
        user: Id of the person.
        channel: Id of the channel.
    """

    user: str
    channel: str
    team: OptionalStr = None


class PinAdded(Event):
    """[pin_added](https://docs.slack.dev/reference/events/pin_added): a message was pinned.

    Attributes:
        user: Id of the person who pinned it.
        channel_id: Id of the channel.
    """

    user: str
    channel_id: OptionalStr = None
    item: Annotated[ReactedItem, OrElse(_NO_ITEM)] = _NO_ITEM


class PinRemoved(PinAdded):
    """[pin_removed](https://docs.slack.dev/reference/events/pin_removed): a pin was taken off."""


class ChannelCreated(Event):
    """[channel_created](https://docs.slack.dev/reference/events/channel_created): there is a new public channel."""

    channel: Channel


class ChannelRename(Event):
    """[channel_rename](https://docs.slack.dev/reference/events/channel_rename): a channel has another name."""

    channel: Channel


class UserChange(Event):
    """[user_change](https://docs.slack.dev/reference/events/user_change): somebody's account or profile changed."""

    user: User


class TeamJoin(Event):
    """[team_join](https://docs.slack.dev/reference/events/team_join): somebody is new in the workspace."""

    user: User


class FileShared(Event):
    """[file_shared](https://docs.slack.dev/reference/events/file_shared): a file was shared.

    Attributes:
        file_id: Id of the file; `files.info` tells the rest.
        user_id: Id of the person who shared it.
        channel_id: Id of the channel.
    """

    file_id: str
    user_id: OptionalStr = None
    channel_id: OptionalStr = None


class AppHomeOpened(Event):
    """[app_home_opened](https://docs.slack.dev/reference/events/app_home_opened): somebody opened the app's home.

    Attributes:
        user: Id of the person.
        tab: `home` or `messages`.
    """

    user: str
    channel: OptionalStr = None
    tab: Name = ""
