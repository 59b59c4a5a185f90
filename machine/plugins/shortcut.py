"""Shortcuts that somebody ran, as handlers receive them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slack_sdk.web.async_slack_response import AsyncSlackResponse
from slack_sdk.webhook.webhook_response import WebhookResponse

from machine.models import Channel, User
from machine.slack.client import Attachments, Blocks, SlackClient, ViewLike

if TYPE_CHECKING:
    from machine.models.interactive import MessageShortcutPayload, ShortcutPayload

__all__ = ["MessageShortcut", "Shortcut"]


class Shortcut:
    """A global shortcut, run from the search bar or the message box; it belongs to no channel.

    Attributes:
        payload: All that Slack sent; see https://docs.slack.dev/reference/interaction-payloads/shortcuts-interaction-payload.
    """

    payload: ShortcutPayload

    def __init__(self, client: SlackClient, payload: ShortcutPayload) -> None:
        self._client = client
        self.payload = payload

    @property
    def user(self) -> User:
        """Who ran it; a `User` with nothing but the id where Slack tells no more."""
        return self._client.user(self.payload.user.id)

    @property
    def callback_id(self) -> str:
        """Which of the app's shortcuts it is."""
        return self.payload.callback_id

    @property
    def trigger_id(self) -> str:
        """Opens a modal, within 3 seconds; `open_modal()` uses it."""
        return self.payload.trigger_id or ""

    async def open_modal(self, view: ViewLike, **kwargs: Any) -> AsyncSlackResponse:
        """Open a modal, within 3 seconds. Calls [views.open](https://docs.slack.dev/reference/methods/views.open)."""
        return await self._client.open_modal(self.trigger_id, view, **kwargs)

    async def send_dm(
        self, text: str | None = None, attachments: Attachments = None, blocks: Blocks = None, **kwargs: Any
    ) -> AsyncSlackResponse:
        """Post a direct message to the person who ran the shortcut."""
        return await self._client.send_dm(self.user, text, attachments, blocks, **kwargs)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(callback_id={self.callback_id!r}, user={self.payload.user.id!r})"


class MessageShortcut(Shortcut):
    """A shortcut run from the menu of a message.

    Attributes:
        payload: All that Slack sent; `payload.message` is the message.
    """

    payload: MessageShortcutPayload

    def __init__(self, client: SlackClient, payload: MessageShortcutPayload) -> None:
        super().__init__(client, payload)

    @property
    def channel(self) -> Channel | None:
        """Where the message is; a `Channel` with nothing but the id where Slack tells no more."""
        return self._client.channel(self.payload.channel.id) if self.payload.channel is not None else None

    @property
    def message_text(self) -> str:
        """The text of the message."""
        message = self.payload.message
        return (message.text or "") if message is not None else ""

    @property
    def message_ts(self) -> str | None:
        """`ts` of the message."""
        return self.payload.message_ts

    @property
    def response_url(self) -> str | None:
        """Where `say()` sends its messages; Slack honours it 5 times within 30 minutes."""
        return self.payload.response_url

    async def say(
        self,
        text: str | None = None,
        attachments: Attachments = None,
        blocks: Blocks = None,
        ephemeral: bool = True,
        **kwargs: Any,
    ) -> WebhookResponse:
        """Answer in the channel of the message, or in its thread; by the `response_url`, see `Command.say`."""
        if ephemeral and (thread_ts := getattr(self.payload.message, "thread_ts", None)):
            kwargs.setdefault("thread_ts", thread_ts)
        return await self._client.respond(
            self.response_url or "", text, attachments, blocks, ephemeral=ephemeral, **kwargs
        )
