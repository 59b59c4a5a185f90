"""Verbs for Slack: what plugins, and the REPL, do in a workspace.

Every verb takes the objects people have at hand (a `Channel` or its id or name, a `User` or an id, blocks as dicts or
as slack_sdk's objects) and returns what Slack answered.
"""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any, TypeAlias

from slack_sdk.errors import SlackApiError
from slack_sdk.models.attachments import Attachment
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from slack_sdk.webhook.webhook_response import WebhookResponse

from machine.models import Channel, User
from machine.near_names import did_you_mean
from machine.safe_repr import safe_repr
from machine.slack.directory import Directory
from machine.slack.identity import Identity
from machine.slack.long_text import CUT_BY_SLACK
from machine.slack.long_text import split as split_text
from machine.slack.web import SlackWebClient

Attachments: TypeAlias = Sequence[Attachment] | Sequence[dict[str, Any]] | None
Blocks: TypeAlias = Sequence[Block] | Sequence[dict[str, Any]] | None
ViewLike: TypeAlias = dict[str, Any] | View

_ID = re.compile(r"[CDGUW][A-Z0-9]{2,}")

_logger = logging.getLogger(__name__)


class SlackClient:
    """What the bot can do in its workspace.

    Attributes:
        web: slack_sdk's Web API client, for everything that has no verb here.
        directory: People and channels.
        identity: Who the bot is.
        tz: In which datetimes without a time zone are read.
    """

    def __init__(self, web: SlackWebClient, directory: Directory, identity: Identity, tz: tzinfo) -> None:
        self.web = web
        self.directory = directory
        self.identity = identity
        self.tz = tz

    @property
    def users(self) -> MutableMapping[str, User]:
        """People by id, as far as they are known yet."""
        return self.directory.users

    @property
    def channels(self) -> MutableMapping[str, Channel]:
        """Channels, groups and direct messages by id, as far as they are known yet."""
        return self.directory.channels

    # The next four, `send` and `send_scheduled` are what plugins for slack-machine call on `self._client`.

    @property
    def users_by_email(self) -> Mapping[str, User]:
        """People by e-mail address, as far as they are known yet."""
        return self.directory.users_by_email

    @property
    def web_client(self) -> SlackWebClient:
        """slack_sdk's Web API client."""
        return self.web

    def get_user_by_id(self, user_id: str) -> User | None:
        """The person with this id; `None` if unknown."""
        return self.users.get(user_id)

    def get_user_by_email(self, email: str) -> User | None:
        """The person with this e-mail address, in any case of letters; `None` if unknown."""
        return self.users_by_email.get(email.lower())

    def user(self, user_id: str) -> User:
        """The person with this id; a `User` with nothing but the id where Slack tells no more."""
        return self.users.get(user_id) or User(id=user_id)

    def channel(self, channel_id: str) -> Channel:
        """The channel with this id; a `Channel` with nothing but the id where Slack tells no more."""
        return self.channels.get(channel_id) or Channel(id=channel_id, is_im=channel_id.startswith("D"))

    @property
    def bot_info(self) -> dict[str, Any]:
        """The bot as `bots.info` describes it."""
        return dict(self.identity.bot_info)

    async def say(
        self,
        channel: Channel | str,
        text: str | None = None,
        attachments: Attachments = None,
        blocks: Blocks = None,
        thread_ts: str | None = None,
        ephemeral_user: User | str | None = None,
        *,
        split: bool = False,
        **kwargs: Any,
    ) -> AsyncSlackResponse:
        """Post a message; with `ephemeral_user`, one that only this person sees.

        With `split`, a text over 4,000 characters becomes several messages, broken between lines where it can be;
        attachments and blocks come with the last, whose response is returned.

        Calls [chat.postMessage](https://docs.slack.dev/reference/methods/chat.postMessage) or
        [chat.postEphemeral](https://docs.slack.dev/reference/methods/chat.postEphemeral).
        """
        content = _content(text, attachments, blocks)
        if text and split:
            *beginning, text = list(split_text(text.split("\n"))) or [text]
            for part in beginning:
                await self.say(channel, part, None, None, thread_ts, ephemeral_user, **kwargs)
            content["text"] = text
        elif text and len(text) > CUT_BY_SLACK:
            _logger.warning("Slack cuts a text of %d characters; split=True posts it whole", len(text))
        where = self._channel_id(channel)
        with self._near_names(channel, ephemeral_user):
            if ephemeral_user is not None:
                return await self.web.chat_postEphemeral(
                    channel=where, user=self._user_id(ephemeral_user), thread_ts=thread_ts, **content, **kwargs
                )
            return await self.web.chat_postMessage(channel=where, thread_ts=thread_ts, **content, **kwargs)

    send = say

    async def say_scheduled(
        self,
        when: datetime,
        channel: Channel | str,
        text: str,
        attachments: Attachments = None,
        blocks: Blocks = None,
        thread_ts: str | None = None,
        **kwargs: Any,
    ) -> AsyncSlackResponse:
        """Have Slack post a message at `when`; a time without time zone is meant in the `TZ` setting.

        Calls [chat.scheduleMessage](https://docs.slack.dev/reference/methods/chat.scheduleMessage).
        """
        with self._near_names(channel):
            return await self.web.chat_scheduleMessage(
                channel=self._channel_id(channel),
                post_at=self._timestamp(when),
                thread_ts=thread_ts,
                **_content(text, attachments, blocks),
                **kwargs,
            )

    send_scheduled = say_scheduled

    async def update(
        self,
        channel: Channel | str,
        ts: str,
        text: str | None = None,
        attachments: Attachments = None,
        blocks: Blocks = None,
        **kwargs: Any,
    ) -> AsyncSlackResponse:
        """Change a message of the bot. Calls [chat.update](https://docs.slack.dev/reference/methods/chat.update)."""
        with self._near_names(channel):
            return await self.web.chat_update(
                channel=self._channel_id(channel), ts=ts, **_content(text, attachments, blocks), **kwargs
            )

    async def delete(self, channel: Channel | str, ts: str, **kwargs: Any) -> AsyncSlackResponse:
        """Delete a message of the bot. Calls [chat.delete](https://docs.slack.dev/reference/methods/chat.delete)."""
        with self._near_names(channel):
            return await self.web.chat_delete(channel=self._channel_id(channel), ts=ts, **kwargs)

    async def react(self, channel: Channel | str, ts: str, emoji: str) -> AsyncSlackResponse:
        """Add an emoji, with or without colons, to a message.

        Calls [reactions.add](https://docs.slack.dev/reference/methods/reactions.add).
        """
        with self._near_names(channel):
            return await self.web.reactions_add(
                channel=self._channel_id(channel), timestamp=ts, name=emoji.strip().strip(":")
            )

    async def send_dm(
        self,
        user: User | str,
        text: str | None = None,
        attachments: Attachments = None,
        blocks: Blocks = None,
        **kwargs: Any,
    ) -> AsyncSlackResponse:
        """Post a direct message, opening the conversation first (see `open_im`)."""
        return await self.say(await self.open_im(user), text, attachments, blocks, **kwargs)

    async def send_dm_scheduled(
        self,
        when: datetime,
        user: User | str,
        text: str,
        attachments: Attachments = None,
        blocks: Blocks = None,
        **kwargs: Any,
    ) -> AsyncSlackResponse:
        """Have Slack post a direct message at `when`; see `say_scheduled`."""
        return await self.say_scheduled(when, await self.open_im(user), text, attachments, blocks, **kwargs)

    async def pin_message(self, channel: Channel | str, ts: str) -> AsyncSlackResponse:
        """Pin a message. Calls [pins.add](https://docs.slack.dev/reference/methods/pins.add)."""
        with self._near_names(channel):
            return await self.web.pins_add(channel=self._channel_id(channel), timestamp=ts)

    async def unpin_message(self, channel: Channel | str, ts: str) -> AsyncSlackResponse:
        """Unpin a message. Calls [pins.remove](https://docs.slack.dev/reference/methods/pins.remove)."""
        with self._near_names(channel):
            return await self.web.pins_remove(channel=self._channel_id(channel), timestamp=ts)

    async def set_topic(self, channel: Channel | str, topic: str, **kwargs: Any) -> AsyncSlackResponse:
        """Set a channel's topic.

        Calls [conversations.setTopic](https://docs.slack.dev/reference/methods/conversations.setTopic).
        """
        with self._near_names(channel):
            return await self.web.conversations_setTopic(channel=self._channel_id(channel), topic=topic, **kwargs)

    async def open_im(self, users: User | str | Sequence[User | str]) -> str:
        """Open a direct message with one person, or a group direct message with several, and return its channel id.

        Calls [conversations.open](https://docs.slack.dev/reference/methods/conversations.open).
        """
        people = [users] if isinstance(users, User | str) else list(users)
        with self._near_names(*people):
            response = await self.web.conversations_open(users=[self._user_id(user) for user in people])
        return str(response["channel"]["id"])

    async def open_modal(self, trigger_id: str, view: ViewLike, **kwargs: Any) -> AsyncSlackResponse:
        """Open a modal. Calls [views.open](https://docs.slack.dev/reference/methods/views.open)."""
        return await self.web.views_open(trigger_id=trigger_id, view=view, **kwargs)

    async def push_modal(self, trigger_id: str, view: ViewLike, **kwargs: Any) -> AsyncSlackResponse:
        """Lay a modal over the open one. Calls [views.push](https://docs.slack.dev/reference/methods/views.push)."""
        return await self.web.views_push(trigger_id=trigger_id, view=view, **kwargs)

    async def update_modal(
        self,
        view: ViewLike,
        view_id: str | None = None,
        external_id: str | None = None,
        hash: str | None = None,  # noqa: A002 - Slack's name
        **kwargs: Any,
    ) -> AsyncSlackResponse:
        """Change an open modal. Calls [views.update](https://docs.slack.dev/reference/methods/views.update)."""
        return await self.web.views_update(view=view, view_id=view_id, external_id=external_id, hash=hash, **kwargs)

    async def publish_home_tab(
        self,
        user: User | str,
        view: ViewLike,
        hash: str | None = None,  # noqa: A002 - Slack's name
        **kwargs: Any,
    ) -> AsyncSlackResponse:
        """Show a person's home tab. Calls [views.publish](https://docs.slack.dev/reference/methods/views.publish)."""
        with self._near_names(user):
            return await self.web.views_publish(user_id=self._user_id(user), view=view, hash=hash, **kwargs)

    async def upload(
        self,
        channel: Channel | str,
        content: str | bytes | Path,
        filename: str | None = None,
        *,
        title: str | None = None,
        comment: str | None = None,
        thread_ts: str | None = None,
    ) -> AsyncSlackResponse:
        """Share a file: a path, or text or bytes as its content.

        Uses [the external upload methods](https://docs.slack.dev/messaging/working-with-files#upload).

        Args:
            channel: Where to share it.
            content: The content, or the path of a file to read.
            filename: Shown to people; needed for content, taken from a path otherwise.
            title: Shown instead of the file name.
            comment: A message that comes with the file.
            thread_ts: Share it in this thread.
        """
        source: dict[str, Any] = {"file": str(content)} if isinstance(content, Path) else {"content": content}
        name = filename or (content.name if isinstance(content, Path) else "untitled.txt")
        with self._near_names(channel):
            return await self.web.files_upload_v2(
                channel=self._channel_id(channel),
                filename=name,
                title=title or name,
                initial_comment=comment,
                thread_ts=thread_ts,
                **source,
            )

    async def respond(
        self,
        response_url: str,
        text: str | None = None,
        attachments: Attachments = None,
        blocks: Blocks = None,
        *,
        ephemeral: bool = True,
        **kwargs: Any,
    ) -> WebhookResponse:
        """Answer by a `response_url`, to be seen by one person or (`ephemeral=False`) by everybody in the channel.

        See https://docs.slack.dev/interactivity/handling-user-interaction#message_responses.
        """
        message = {
            "response_type": "ephemeral" if ephemeral else "in_channel",
            **{name: _plain(value) for name, value in _content(text, attachments, blocks).items() if value is not None},
            **kwargs,
        }
        return await self.web.send_to_response_url(response_url, message)

    @contextlib.contextmanager
    def _near_names(self, *given: Channel | User | str | None) -> Iterator[None]:
        """Have Slack's refusal of an unknown channel or person say which name was given, and which are near."""
        try:
            yield
        except SlackApiError as error:
            reason = str(error.response.get("error"))
            if reason == "channel_not_found":
                records, find = self.directory.channels, self.directory.find_channel
            elif reason in ("user_not_found", "users_not_found"):
                records, find = self.directory.users, self.directory.find_user  # type: ignore[assignment]
            else:
                raise
            names = [one for one in given if isinstance(one, str) and not _ID.fullmatch(one) and find(one) is None]
            if not names:
                raise
            told = [f"there is no {name!r}.{did_you_mean(name.lstrip('#@'), records.having('name'))}" for name in names]
            message = f"{reason}: {' '.join(told)}"
            raise SlackApiError(message, error.response) from None  # type: ignore[no-untyped-call]  # slack_sdk's

    def _channel_id(self, channel: Channel | str) -> str:
        if isinstance(channel, Channel):
            return channel.id
        if channel in self.channels:  # an id, as nearly always: reading names took 1 % of what a message takes
            return channel
        known = self.directory.find_channel(channel)
        return known.id if known is not None else channel

    def _user_id(self, user: User | str) -> str:
        if isinstance(user, User):
            return user.id
        known = self.directory.find_user(user)
        return known.id if known is not None else user

    def _timestamp(self, when: datetime) -> int:
        aware = when if when.tzinfo is not None else when.replace(tzinfo=self.tz)
        return int(aware.timestamp())


def _content(text: str | None, attachments: Attachments, blocks: Blocks) -> dict[str, Any]:
    given: object = text
    if given is not None and not isinstance(given, str):
        remedy = "Pass it as blocks=" if isinstance(given, list | tuple | Block) else "Write str(...) around it"
        raise TypeError(
            f"the text of a message must be a str, not {type(given).__name__}: {safe_repr(given)}. {remedy}"
        )
    return {"text": text, "attachments": attachments, "blocks": blocks}


def _plain(value: Any) -> Any:
    """slack_sdk's objects as the JSON they stand for."""
    if hasattr(value, "to_dict"):
        return value.to_dict()
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(item) for item in value]
    return dict(value) if isinstance(value, Mapping) else value
