"""Who and what there is in the workspace: people and channels, kept up to date by events.

The directory never lists a large workspace before the first event: start-up waits a moment for one page of each list,
the rest arrives in the background, and whoever is met before that is looked up by id. A large workspace that an earlier
run has listed is there at once (see `directory_cache`) and is listed again later, to learn what changed in between.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from pydantic import ValidationError
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from machine.envelope import Envelope, Payload
from machine.models import Channel, User
from machine.slack.directory_cache import DirectoryCache
from machine.slack.lazy_records import ByEmail, Names, Records

PAGE_SIZE = 200  # of the first page, which start-up waits for
LATER_PAGE_SIZE = 999  # as much as Slack gives: it allows so many pages a minute, and not so many people
FIRST_PAGES_TIMEOUT_S = 1.5  # events are not kept waiting any longer, by rate limits for example
REFRESH_AFTER_S = 10.0  # after starting from the cache: not while the first events are answered
PAGE_EVERY_S = 3.0  # Slack's tier 2: 20 calls a minute, https://docs.slack.dev/apis/web-api/rate-limits
LOOK_UP_TIMEOUT_S = 5.0  # a handler waits for an unknown sender no longer than this

LIMITED_S = 60.0  # when others of the app use up the limit; the list is in no hurry

_TAKE_AT_ONCE = 50  # people of a page, in some 3 ms; then events have their turn
_CHANNEL_TYPES = "public_channel,private_channel,mpim,im"
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class _List:
    """A list of Slack's, and where its items belong."""

    method: Any
    key: str
    records: Records[Any]
    remember: Callable[[Mapping[str, Any]], None]
    options: Mapping[str, Any]
    has_page: asyncio.Event = field(default_factory=asyncio.Event)


class Directory:
    """The people and channels of a workspace, by id, name and e-mail address.

    Attributes:
        own_user_id: The bot's own user id.
        users: People by id.
        channels: Channels, groups and direct messages by id.
        users_by_email: People by e-mail address, as far as the bot may see addresses (scope `users:read.email`).

    Args:
        web: Asked for the lists, and about whoever is not known yet.
        own_user_id: The bot's own user id.
        cache: What an earlier run knew, and where this one keeps what it learns; by default in memory.
        page_every_s: How long to wait between pages of a list.
        refresh_after_s: When to list again what the cache has.
    """

    def __init__(
        self,
        web: AsyncWebClient,
        own_user_id: str,
        cache: DirectoryCache | None = None,
        *,
        page_every_s: float = 0.0,
        refresh_after_s: float = REFRESH_AFTER_S,
    ) -> None:
        self._web = web
        self.own_user_id = own_user_id
        self._cache = cache or DirectoryCache()
        self.users: Records[User] = Records(self._cache, "users", User, _user_names)
        self.channels: Records[Channel] = Records(self._cache, "channels", Channel, _channel_names)
        self.users_by_email: Mapping[str, User] = ByEmail(self.users)
        self._page_every_s = page_every_s
        self._refresh_after_s = refresh_after_s
        self._told: set[str] = set()  # ids of what events and look-ups told while lists come in: newer than their pages
        self._background: set[asyncio.Task[None]] = set()

    @property
    def is_listing(self) -> bool:
        """Whether lists are still coming in, or to be listed again: not everybody may be known."""
        return bool(self._background)

    async def fill(self) -> None:
        """List people and channels: one page of each now, unless that takes too long, and the rest in the background.

        What the cache has of a large workspace is there already, and is listed again later.
        """
        lists = (
            _List(self._web.users_list, "members", self.users, self._remember_user, {}),
            _List(
                self._web.conversations_list,
                "channels",
                self.channels,
                self._remember_channel,
                {"types": _CHANNEL_TYPES, "exclude_archived": True},
            ),
        )
        first_pages = []
        for one in lists:
            is_known = len(one.records) > PAGE_SIZE
            task = asyncio.create_task(self._list(one, after_s=self._refresh_after_s if is_known else 0.0))
            self._background.add(task)
            task.add_done_callback(self._listed)
            if not is_known:
                first_pages.append(asyncio.create_task(one.has_page.wait()))
        if first_pages:
            _, late = await asyncio.wait(first_pages, timeout=FIRST_PAGES_TIMEOUT_S)
            for waiting in late:
                waiting.cancel()

    async def close(self) -> None:
        """Stop what still runs in the background."""
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        self._cache.close()

    def find_user(self, who: str) -> User | None:
        """A person by id, `@name`, name, display name or e-mail address; `None` if there is none."""
        name = who.removeprefix("<@").removesuffix(">").removeprefix("@")
        if name in self.users:
            return self.users[name]
        for called in ("email", "name", "display_name", "real_name"):
            for user_id in self.users.called(name, called):
                return self.users[user_id]
        return None

    def find_channel(self, where: str) -> Channel | None:
        """A channel by id, `#name` or name; `None` if there is none. Direct messages are found by id only."""
        name = where.removeprefix("<#").removesuffix(">").partition("|")[0].removeprefix("#")
        if name in self.channels:
            return self.channels[name]
        for channel_id in self.channels.called(name, "name"):
            return self.channels[channel_id]
        return None

    async def ensure_user(self, user_id: str) -> User:
        """The person with this id, looked up at Slack where unknown.

        Where Slack will not tell (a stranger from Slack Connect, say), a `User` with nothing but the id.
        """
        known = self.users.get(user_id)
        if known is not None:
            return known
        data = await self._look_up("user", self._web.users_info(user=user_id))
        if data is not None:
            self.remember_user(data)
        else:
            self._remember_user({"id": user_id})  # the list may know better
        return self.users.get(user_id) or User(id=user_id)

    async def ensure_channel(self, channel_id: str) -> Channel:
        """The channel with this id, looked up at Slack where unknown.

        Where Slack will not tell, a `Channel` with nothing but the id, which is enough to answer there.
        """
        known = self.channels.get(channel_id)
        if known is not None:
            return known
        data = await self._look_up("channel", self._web.conversations_info(channel=channel_id))
        if data is not None:
            self.remember_channel(data)
        else:
            self._remember_channel({"id": channel_id, "is_im": channel_id.startswith("D")})
        return self.channels.get(channel_id) or Channel(id=channel_id)

    def remember_user(self, data: Mapping[str, Any]) -> None:
        """Take over a user object of Slack; what cannot be read is left out and logged."""
        self._newer_than_lists(data.get("id"))
        self._remember_user(data)

    def remember_channel(self, data: Mapping[str, Any]) -> None:
        """Take over a conversation object of Slack, over what is known of it already."""
        self._newer_than_lists(data.get("id"))
        self._remember_channel(data)

    def forget_channel(self, channel_id: str) -> dict[str, Any]:
        """Drop a channel that is gone, and say what was known of it; harmless for one that was not known."""
        self._newer_than_lists(channel_id)
        known = self.channels.raw(channel_id)
        self.channels.pop(channel_id, None)
        return known

    def _newer_than_lists(self, told_of: object) -> None:
        if self._background and isinstance(told_of, str):
            self._told.add(told_of)

    def _listed(self, task: asyncio.Task[None]) -> None:
        self._background.discard(task)
        if not self._background:
            self._told.clear()

    def _remember_user(self, data: Mapping[str, Any]) -> None:
        try:
            self.users.take(data)
        except ValidationError:
            _logger.warning("Slack sent a user that cannot be read: id %s", data.get("id"))

    def _remember_channel(self, data: Mapping[str, Any]) -> None:
        channel_id = data.get("id")
        known = self.channels.raw(channel_id) if isinstance(channel_id, str) else {}
        try:
            self.channels.take({**known, **data})
        except ValidationError:
            _logger.warning("Slack sent a channel that cannot be read: id %s", channel_id)

    def update(self, envelope: Envelope) -> None:
        """Follow what an event says about people and channels."""
        event = envelope.event
        follow = _FOLLOW.get(str(event.get("type")))
        if follow is not None:
            follow(self, event)

    async def _list(self, one: _List, *, after_s: float) -> None:
        await asyncio.sleep(after_s)
        try:
            page = await self._page(one, limit=PAGE_SIZE)
            cursor = await self._take(page.data, one)
            one.has_page.set()
            while cursor:
                await asyncio.sleep(self._page_every_s)
                page = await self._page(one, limit=LATER_PAGE_SIZE, cursor=cursor)
                cursor = await self._take(page.data, one)
            one.records.drop_unlisted()
        except (SlackApiError, aiohttp.ClientError, TimeoutError, OSError) as error:
            _logger.warning("The list of %s is incomplete, the rest is looked up when met: %s", one.key, error)
        finally:
            one.has_page.set()

    @staticmethod
    async def _page(one: _List, **where: Any) -> Any:
        while True:
            try:
                return await one.method(**where, **one.options)
            except SlackApiError as error:  # after the retries that every call has, which keep to Retry-After
                if error.response.get("error") != "ratelimited":
                    raise
                await asyncio.sleep(LIMITED_S)

    async def _take(self, data: Mapping[str, Any], one: _List) -> str:
        """Remember a page, but for what is known better, and return the cursor of the next."""
        items = data.get(one.key) or []
        for start in range(0, len(items), _TAKE_AT_ONCE):
            with self._cache.changing():
                for item in items[start : start + _TAKE_AT_ONCE]:
                    if item.get("id") not in self._told:
                        one.remember(item)
            await asyncio.sleep(0)
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


def _user_names(user: User) -> Names:
    real_name = user.profile.real_name or user.real_name
    label = f"@{user.name}" if user.name and not user.deleted else ""
    return Names(user.name, user.display_name, user.real_name or real_name, user.email, label, real_name)


def _channel_names(channel: Channel) -> Names:
    label = f"#{channel.name}" if channel.name and not channel.is_im else ""
    about = channel.topic.value or channel.purpose.value
    is_joined = channel.is_member or channel.is_im or channel.is_mpim
    return Names(channel.name, label=label, about=about, is_joined=is_joined and not channel.is_archived)


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
        directory.remember_channel({**known, "id": event["new_channel_id"]})


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
FOLLOWED_EVENTS = frozenset(_FOLLOW)
"""The events that keep the directory up to date."""
