"""The base class of all plugins."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from machine.errors import PluginError
from machine.models import Channel, User
from machine.plugins.message import Message  # noqa: F401 - plugins for slack-machine import it from here
from machine.plugins.triggers import Trigger
from machine.settings import CaseInsensitiveDict
from machine.slack.client import Attachments, Blocks, SlackClient, ViewLike
from machine.storage import PluginStorage

__all__ = ["MachineBasePlugin"]


class HandlerDescription(Protocol):
    """What is told about a handler."""

    @property
    def instance(self) -> MachineBasePlugin:
        """The plugin it belongs to."""

    @property
    def trigger(self) -> Trigger:
        """What it waits for."""

    @property
    def doc(self) -> str:
        """Its docstring, or empty."""


class Host(Protocol):
    """What the framework offers plugins apart from Slack."""

    @property
    def handlers(self) -> Sequence[HandlerDescription]:
        """Every live handler of every plugin."""

    def emit(self, event: str, /, **kwargs: Any) -> None:
        """Call everybody who listens for `event`."""


class MachineBasePlugin:
    """Subclass this to write a plugin; its decorated methods become handlers.

    The framework makes one instance, calls `init()` once, and runs handlers on the bot's event loop. Overriding the
    constructor is rarely needed; one that does passes its three arguments on.

    Attributes:
        settings: Every setting of the bot, the plugin's own included; names in any case of letters.
        storage: Values that outlive the process, kept apart from those of other plugins.
    """

    def __init__(self, client: SlackClient, settings: CaseInsensitiveDict, storage: PluginStorage) -> None:
        self._client = client
        self._host: Host | None = None
        self._fq_name = f"{type(self).__module__}.{type(self).__name__}"  # read by plugins for slack-machine
        self.settings = settings
        self.storage = storage

    def connect_host(self, host: Host) -> None:
        """Make the framework known to the plugin; called by the framework after the constructor."""
        self._host = host

    @property
    def host(self) -> Host:
        """The framework: emits events, and knows the handlers of all plugins.

        Raises:
            PluginError: In a constructor, where there is none yet; use `init()`.
        """
        if self._host is None:
            name = type(self).__name__
            raise PluginError(name, "The bot cannot be reached from a constructor; use init().", phase="construct")
        return self._host

    @property
    def users(self) -> MutableMapping[str, User]:
        """People by id.

        In a large workspace the list fills in the background; whoever causes an event is in it when a handler runs.
        """
        return self._client.users

    @property
    def users_by_email(self) -> Mapping[str, User]:
        """People by e-mail address; only those whose address the app may see (scope `users:read.email`)."""
        return self._client.directory.users_by_email

    @property
    def channels(self) -> MutableMapping[str, Channel]:
        """Channels by id: public ones, and private ones and direct messages that the bot is in."""
        return self._client.channels

    @property
    def web_client(self) -> AsyncWebClient:
        """slack_sdk's Web API client, for everything the plugin API has no method for."""
        return self._client.web

    @property
    def bot_info(self) -> dict[str, Any]:
        """The bot, as [bots.info](https://docs.slack.dev/reference/methods/bots.info) describes it."""
        return self._client.bot_info

    async def init(self) -> None:
        """Prepare the plugin; called once, before its first handler runs. Override it where needed.

        Settings, storage and Slack are available. A plugin whose `init()` raises is not loaded.
        """

    async def on_reload(self, previous: MachineBasePlugin) -> None:
        """Take over what should survive a hot reload; called after `init()`, while `previous` is still live.

        Carry plain data over (numbers, texts, lists of them): an object of a class from the old module would keep the
        old code alive. A new version whose `on_reload()` raises is not taken over. Override it where needed.
        """

    async def shutdown(self) -> None:
        """Release what `init()` acquired; called once, after the plugin's last handler has ended. Override it."""

    def find_channel_by_name(self, channel_name: str) -> Channel | None:
        """The channel of this name, with or without `#`; `None` if there is none. Direct messages have no name."""
        wanted = channel_name.removeprefix("#")
        channels = self._client.directory.channels
        return next((channels[channel_id] for channel_id in channels.called(wanted, "name")), None)

    def get_user_by_id(self, user_id: str) -> User | None:
        """The person with this id; `None` if unknown."""
        return self.users.get(user_id)

    def get_user_by_email(self, email: str) -> User | None:
        """The person with this e-mail address, in any case of letters; `None` if unknown."""
        return self.users_by_email.get(email.lower())

    def at(self, user: User) -> str:
        """A mention of `user`, to be put into a text."""
        return user.fmt_mention()

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
        """Post a message to a channel.

        Calls [chat.postMessage](https://docs.slack.dev/reference/methods/chat.postMessage), or
        [chat.postEphemeral](https://docs.slack.dev/reference/methods/chat.postEphemeral).

        Args:
            channel: The channel, its id, or its name.
            text: The message, or what notifications show where there are blocks.
            attachments: Dicts or slack_sdk's objects.
            blocks: Dicts or slack_sdk's objects.
            thread_ts: `ts` of the message to answer in a thread.
            ephemeral_user: Show it to this person only.
            split: Post a text over 4,000 characters as several messages; the response is that of the last. Without
                it, Slack cuts what is over 40,000 (and a warning is logged).
            **kwargs: Further arguments of the Slack method.

        Raises:
            SlackApiError: When Slack refuses, for example `not_in_channel`.
        """
        return await self._client.say(
            channel, text, attachments, blocks, thread_ts, ephemeral_user, split=split, **kwargs
        )

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
        """Like `say()`, at a later time; Slack keeps the message until then.

        Calls [chat.scheduleMessage](https://docs.slack.dev/reference/methods/chat.scheduleMessage).

        Args:
            when: At most 120 days ahead. Without a time zone it is meant in the `TZ` setting.
            channel: As for `say()`; the other arguments likewise.
        """
        return await self._client.say_scheduled(when, channel, text, attachments, blocks, thread_ts, **kwargs)

    async def update(
        self,
        channel: Channel | str,
        ts: str,
        text: str | None = None,
        attachments: Attachments = None,
        blocks: Blocks = None,
        ephemeral_user: User | str | None = None,
        **kwargs: Any,
    ) -> AsyncSlackResponse:
        """Change a message that the bot posted.

        Calls [chat.update](https://docs.slack.dev/reference/methods/chat.update). Slack cannot change an ephemeral
        message this way: with `ephemeral_user` a new ephemeral message is posted in its stead (in a thread with
        `thread_ts`).

        Args:
            channel: Where the message is.
            ts: Its `ts`.
            text: The new text, of which Slack takes 4,000 characters; other arguments as for `say()`.
        """
        if ephemeral_user is not None:
            return await self._client.say(channel, text, attachments, blocks, ephemeral_user=ephemeral_user, **kwargs)
        return await self._client.update(channel, ts, text, attachments, blocks, **kwargs)

    async def delete(self, channel: Channel | str, ts: str, **kwargs: Any) -> AsyncSlackResponse:
        """Delete a message that the bot posted.

        Calls [chat.delete](https://docs.slack.dev/reference/methods/chat.delete).
        """
        return await self._client.delete(channel, ts, **kwargs)

    async def react(self, channel: Channel | str, ts: str, emoji: str) -> AsyncSlackResponse:
        """Add an emoji to a message, by its name with or without colons.

        Calls [reactions.add](https://docs.slack.dev/reference/methods/reactions.add).
        """
        return await self._client.react(channel, ts, emoji)

    async def send_dm(
        self,
        user: User | str,
        text: str | None = None,
        attachments: Attachments = None,
        blocks: Blocks = None,
        **kwargs: Any,
    ) -> AsyncSlackResponse:
        """Post a direct message to a person (a `User`, an id or a name), opening the conversation where needed."""
        return await self._client.send_dm(user, text, attachments, blocks, **kwargs)

    async def send_dm_scheduled(
        self,
        when: datetime,
        user: User | str,
        text: str,
        attachments: Attachments = None,
        blocks: Blocks = None,
        **kwargs: Any,
    ) -> AsyncSlackResponse:
        """Like `send_dm()`, at a later time; see `say_scheduled()`."""
        return await self._client.send_dm_scheduled(when, user, text, attachments, blocks, **kwargs)

    def emit(self, event: str, **kwargs: Any) -> None:
        """Call every method decorated with `@on(event)`, in this plugin and others, with these arguments.

        Returns at once; the listeners run after the caller next awaits.
        """
        self.host.emit(event, **kwargs)

    async def pin_message(self, channel: Channel | str, ts: str) -> AsyncSlackResponse:
        """Pin a message in its channel. Calls [pins.add](https://docs.slack.dev/reference/methods/pins.add)."""
        return await self._client.pin_message(channel, ts)

    async def unpin_message(self, channel: Channel | str, ts: str) -> AsyncSlackResponse:
        """Unpin a message. Calls [pins.remove](https://docs.slack.dev/reference/methods/pins.remove)."""
        return await self._client.unpin_message(channel, ts)

    async def set_topic(self, channel: Channel | str, topic: str, **kwargs: Any) -> AsyncSlackResponse:
        """Set a channel's topic, which Slack shows without formatting.

        Calls [conversations.setTopic](https://docs.slack.dev/reference/methods/conversations.setTopic).
        """
        return await self._client.set_topic(channel, topic, **kwargs)

    async def open_im(self, users: User | str | Sequence[User | str]) -> str:
        """Open a direct message with one person, or a group direct message with several.

        Calls [conversations.open](https://docs.slack.dev/reference/methods/conversations.open).

        Returns:
            The id of the conversation.
        """
        return await self._client.open_im(users)

    async def open_modal(self, trigger_id: str, view: ViewLike, **kwargs: Any) -> AsyncSlackResponse:
        """Open a modal; Slack honours a `trigger_id` for 3 seconds.

        Calls [views.open](https://docs.slack.dev/reference/methods/views.open).
        """
        return await self._client.open_modal(trigger_id, view, **kwargs)

    async def push_modal(self, trigger_id: str, view: ViewLike, **kwargs: Any) -> AsyncSlackResponse:
        """Lay a modal over the open one; Slack stacks at most 3.

        Calls [views.push](https://docs.slack.dev/reference/methods/views.push).
        """
        return await self._client.push_modal(trigger_id, view, **kwargs)

    async def update_modal(
        self,
        view: ViewLike,
        view_id: str | None = None,
        external_id: str | None = None,
        hash: str | None = None,  # noqa: A002 - given by the plugin API, after Slack's name
        **kwargs: Any,
    ) -> AsyncSlackResponse:
        """Change an open modal, named by `view_id` or `external_id`.

        Calls [views.update](https://docs.slack.dev/reference/methods/views.update).

        Args:
            view: The new view.
            view_id: Slack's id of the view.
            external_id: The id your app gave it.
            hash: Refuse the update if the view has changed since it had this hash.
            **kwargs: Further arguments of the Slack method.
        """
        return await self._client.update_modal(view, view_id, external_id, hash, **kwargs)

    async def publish_home_tab(
        self,
        user: User | str,
        view: ViewLike,
        hash: str | None = None,  # noqa: A002 - given by the plugin API, after Slack's name
        **kwargs: Any,
    ) -> AsyncSlackResponse:
        """Show a view in the app's home tab of one person.

        Calls [views.publish](https://docs.slack.dev/reference/methods/views.publish).
        """
        return await self._client.publish_home_tab(user, view, hash, **kwargs)

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
        """Share a file in a channel.

        Args:
            channel: The channel, its id, or its name.
            content: Text or bytes to share as a file, or the path of one.
            filename: Shown to people; taken from a path where not given.
            title: Shown instead of the file name.
            comment: A message that comes with the file.
            thread_ts: Share it in this thread.
        """
        return await self._client.upload(channel, content, filename, title=title, comment=comment, thread_ts=thread_ts)
