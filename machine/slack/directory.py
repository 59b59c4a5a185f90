"""Who and what there is in the workspace: people and channels, kept up to date by events.

The directory never lists a large workspace before the first event: start-up waits for one page of each list, the rest
arrives in the background, and whoever is met before that is looked up by id.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

import aiohttp
from pydantic import ValidationError
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from machine.envelope import Envelope, Payload
from machine.models import Channel, User

PAGE_SIZE = 200
LOOK_UP_TIMEOUT_S = 5.0  # a handler waits for an unknown sender no longer than this

_CHANNEL_TYPES = "public_channel,private_channel,mpim,im"
_logger = logging.getLogger(__name__)


class Directory:
    """The people and channels of a workspace, by id, name and e-mail address.

    Attributes:
        own_user_id: The bot's own user id.
        users: People by id.
        channels: Channels, groups and direct messages by id.
    """

    def __init__(self, web: AsyncWebClient, own_user_id: str) -> None:
        self._web = web
        self.own_user_id = own_user_id
        self.users: dict[str, User] = {}
        self.channels: dict[str, Channel] = {}
        self._ids_by_email: dict[str, str] = {}
        self._background: set[asyncio.Task[None]] = set()

    @property
    def users_by_email(self) -> dict[str, User]:
        """People by e-mail address, as far as the bot may see addresses (scope `users:read.email`)."""
        return {email: self.users[user_id] for email, user_id in self._ids_by_email.items()}

    async def fill(self) -> None:
        """List people and channels: one page of each now, the rest in the background."""
        await asyncio.gather(
            self._list(self._web.users_list, "members", self.remember_user),
            self._list(
                self._web.conversations_list,
                "channels",
                self.remember_channel,
                types=_CHANNEL_TYPES,
                exclude_archived=True,
            ),
        )

    async def close(self) -> None:
        """Stop what still runs in the background."""
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)

    def find_user(self, who: str) -> User | None:
        """A person by id, `@name`, name, display name or e-mail address; `None` if there is none."""
        name = who.removeprefix("<@").removesuffix(">").removeprefix("@")
        if name in self.users:
            return self.users[name]
        if name.lower() in self._ids_by_email:
            return self.users[self._ids_by_email[name.lower()]]
        wanted = name.casefold()
        if not wanted:
            return None  # or whoever has no display name would be found
        names: list[Callable[[User], str | None]] = [
            lambda user: user.name,
            lambda user: user.display_name,
            lambda user: user.real_name,
        ]
        for name_of in names:
            for user in self.users.values():
                if (name_of(user) or "").casefold() == wanted:
                    return user
        return None

    def find_channel(self, where: str) -> Channel | None:
        """A channel by id, `#name` or name; `None` if there is none. Direct messages are found by id only."""
        name = where.removeprefix("<#").removesuffix(">").partition("|")[0].removeprefix("#")
        if name in self.channels:
            return self.channels[name]
        wanted = name.casefold()
        return next(
            (channel for channel in self.channels.values() if channel.name and channel.name.casefold() == wanted), None
        )

    async def ensure_user(self, user_id: str) -> User:
        """The person with this id, looked up at Slack where unknown.

        Where Slack will not tell (a stranger from Slack Connect, say), a `User` with nothing but the id.
        """
        known = self.users.get(user_id)
        if known is not None:
            return known
        data = await self._look_up("user", self._web.users_info(user=user_id))
        self.remember_user(data or {"id": user_id})
        return self.users.get(user_id) or User(id=user_id)

    async def ensure_channel(self, channel_id: str) -> Channel:
        """The channel with this id, looked up at Slack where unknown.

        Where Slack will not tell, a `Channel` with nothing but the id, which is enough to answer there.
        """
        known = self.channels.get(channel_id)
        if known is not None:
            return known
        data = await self._look_up("channel", self._web.conversations_info(channel=channel_id))
        self.remember_channel(data or {"id": channel_id, "is_im": channel_id.startswith("D")})
        return self.channels.get(channel_id) or Channel(id=channel_id)

    def remember_user(self, data: Mapping[str, Any]) -> None:
        """Take over a user object of Slack; what cannot be read is left out and logged."""
        try:
            user = User.model_validate(data)
        except ValidationError:
            _logger.warning("Slack sent a user that cannot be read: id %s", data.get("id"))
            return
        old = self.users.get(user.id)
        if old is not None and old.email and self._ids_by_email.get(old.email.lower()) == user.id:
            del self._ids_by_email[old.email.lower()]
        self.users[user.id] = user
        if user.email:
            self._ids_by_email[user.email.lower()] = user.id

    def remember_channel(self, data: Mapping[str, Any]) -> None:
        """Take over a conversation object of Slack, over what is known of it already."""
        channel_id = data.get("id")
        known = self.channels.get(channel_id) if isinstance(channel_id, str) else None
        try:
            channel = Channel.model_validate({**known.model_dump(), **data} if known else data)
        except ValidationError:
            _logger.warning("Slack sent a channel that cannot be read: id %s", channel_id)
            return
        self.channels[channel.id] = channel

    def forget_channel(self, channel_id: str) -> Channel | None:
        """Drop a channel that is gone; harmless for one that was not known."""
        return self.channels.pop(channel_id, None)

    def update(self, envelope: Envelope) -> None:
        """Follow what an event says about people and channels."""
        event = envelope.event
        follow = _FOLLOW.get(str(event.get("type")))
        if follow is not None:
            follow(self, event)

    async def _list(self, method: Any, key: str, remember: Callable[[Mapping[str, Any]], None], **options: Any) -> None:
        page = await method(limit=PAGE_SIZE, **options)
        cursor = self._take(page.data, key, remember)
        if cursor:
            task = asyncio.create_task(self._list_rest(method, key, remember, cursor, options))
            self._background.add(task)
            task.add_done_callback(self._background.discard)

    async def _list_rest(
        self,
        method: Any,
        key: str,
        remember: Callable[[Mapping[str, Any]], None],
        cursor: str,
        options: Mapping[str, Any],
    ) -> None:
        try:
            while cursor:
                page = await method(limit=PAGE_SIZE, cursor=cursor, **options)
                cursor = self._take(page.data, key, remember)
        except (SlackApiError, aiohttp.ClientError, TimeoutError, OSError) as error:
            _logger.warning("The list of %s is incomplete, the rest is looked up when met: %s", key, error)

    @staticmethod
    def _take(data: Mapping[str, Any], key: str, remember: Callable[[Mapping[str, Any]], None]) -> str:
        for item in data.get(key) or []:
            remember(item)
        return str((data.get("response_metadata") or {}).get("next_cursor") or "")

    @staticmethod
    async def _look_up(key: str, call: Any) -> Mapping[str, Any] | None:
        try:
            response = await asyncio.wait_for(call, LOOK_UP_TIMEOUT_S)
        except (SlackApiError, aiohttp.ClientError, TimeoutError, OSError) as error:
            _logger.debug("Slack did not tell about a %s: %s", key, error)
            return None
        data = response.get(key)
        return data if isinstance(data, Mapping) else None


def _user_changed(directory: Directory, event: Payload) -> None:
    if isinstance(event.get("user"), Mapping):
        directory.remember_user(event["user"])


def _channel_appeared(directory: Directory, event: Payload) -> None:
    if isinstance(event.get("channel"), Mapping):
        directory.remember_channel(event["channel"])


def _channel_gone(directory: Directory, event: Payload) -> None:
    directory.forget_channel(str(event.get("channel")))


def _channel_id_changed(directory: Directory, event: Payload) -> None:
    known = directory.forget_channel(str(event.get("old_channel_id")))
    if isinstance(event.get("new_channel_id"), str):
        directory.remember_channel({**(known.model_dump() if known else {}), "id": event["new_channel_id"]})


def _channel_changed(**changes: Any) -> Callable[[Directory, Payload], None]:
    def follow(directory: Directory, event: Payload) -> None:
        channel = event.get("channel")
        if isinstance(channel, str) and channel in directory.channels:
            directory.remember_channel({"id": channel, **changes})

    return follow


def _membership_changed(*, is_member: bool) -> Callable[[Directory, Payload], None]:
    change = _channel_changed(is_member=is_member)

    def follow(directory: Directory, event: Payload) -> None:
        if event.get("user") == directory.own_user_id:
            change(directory, event)

    return follow


_FOLLOW: Mapping[str, Callable[[Directory, Payload], None]] = {
    "user_change": _user_changed,
    "user_profile_changed": _user_changed,
    "team_join": _user_changed,
    "channel_created": _channel_appeared,
    "channel_rename": _channel_appeared,
    "channel_joined": _channel_appeared,
    "group_joined": _channel_appeared,
    "group_rename": _channel_appeared,
    "im_created": _channel_appeared,
    "mpim_joined": _channel_appeared,
    "channel_archive": _channel_changed(is_archived=True),
    "group_archive": _channel_changed(is_archived=True),
    "channel_unarchive": _channel_changed(is_archived=False),
    "group_unarchive": _channel_changed(is_archived=False),
    "channel_deleted": _channel_gone,
    "group_deleted": _channel_gone,
    "channel_left": _channel_gone,
    "channel_id_changed": _channel_id_changed,
    "member_joined_channel": _membership_changed(is_member=True),
    "member_left_channel": _membership_changed(is_member=False),
}
