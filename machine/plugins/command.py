"""A slash command that somebody ran, as handlers receive it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slack_sdk.web.async_slack_response import AsyncSlackResponse
from slack_sdk.webhook.webhook_response import WebhookResponse

from machine.models import Channel, User
from machine.slack.client import Attachments, Blocks, SlackClient, ViewLike

__all__ = ["Command"]


class Command:
    """A slash command, and ways to answer it.

    Attributes:
        payload: As Slack sent it; see https://docs.slack.dev/interactivity/implementing-slash-commands.
    """

    def __init__(self, client: SlackClient, cmd_payload: Mapping[str, Any]) -> None:
        self._client = client
        self.payload = cmd_payload

    @property
    def _cmd_payload(self) -> Mapping[str, Any]:
        """The payload under the name by which slack-machine's plugins read it."""
        return self.payload

    @property
    def sender(self) -> User:
        """Who ran the command; a `User` with nothing but the id where Slack tells no more."""
        return self._client.user(str(self.payload.get("user_id") or ""))

    @property
    def channel(self) -> Channel:
        """Where it was run; a `Channel` with nothing but the id where Slack tells no more."""
        return self._client.channel(str(self.payload.get("channel_id") or ""))

    @property
    def is_dm(self) -> bool:
        """Whether it was run in a direct message."""
        return self.payload.get("channel_name") == "directmessage" or self.channel.is_im

    @property
    def text(self) -> str:
        """What was typed after the command."""
        return str(self.payload.get("text") or "")

    @property
    def command(self) -> str:
        """The command itself, with its slash."""
        return str(self.payload.get("command") or "")

    @property
    def at_sender(self) -> str:
        """A mention of the sender."""
        return self.sender.fmt_mention()

    @property
    def response_url(self) -> str:
        """Where `say()` sends its messages; Slack honours it 5 times within 30 minutes."""
        return str(self.payload.get("response_url") or "")

    @property
    def trigger_id(self) -> str:
        """Opens a modal, within 3 seconds; `open_modal()` uses it."""
        return str(self.payload.get("trigger_id") or "")

    async def say(
        self,
        text: str | None = None,
        attachments: Attachments = None,
        blocks: Blocks = None,
        ephemeral: bool = True,
        **kwargs: Any,
    ) -> WebhookResponse:
        """Answer in the channel, by the `response_url`.

        Args:
            text: The message, or what notifications show where there are blocks.
            attachments: Dicts or slack_sdk's objects.
            blocks: Dicts or slack_sdk's objects.
            ephemeral: Show it to the sender only; `False` shows it to everybody in the channel.
            **kwargs: Further fields of the message.
        """
        return await self._client.respond(self.response_url, text, attachments, blocks, ephemeral=ephemeral, **kwargs)

    async def open_modal(self, view: ViewLike, **kwargs: Any) -> AsyncSlackResponse:
        """Open a modal for the sender.

        Slack honours the command's `trigger_id` for 3 seconds, so call this before slow work. Calls
        [views.open](https://docs.slack.dev/reference/methods/views.open).

        Raises:
            SlackApiError: `expired_trigger_id` once the 3 seconds have passed.
        """
        return await self._client.open_modal(self.trigger_id, view, **kwargs)

    def __repr__(self) -> str:
        return f"Command({self.command!r}, text={self.text!r}, sender={self.sender.id!r})"
