"""An interaction with a block element, as handlers receive it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from slack_sdk.web.async_slack_response import AsyncSlackResponse
from slack_sdk.webhook.webhook_response import WebhookResponse

from machine.models import Channel, User
from machine.slack.client import Attachments, Blocks, SlackClient, ViewLike

if TYPE_CHECKING:
    from machine.models.interactive import Action, BlockActionsPayload, State

__all__ = ["BlockAction"]

_logger = logging.getLogger(__name__)


class BlockAction:
    """A button pressed, an option chosen, a date picked; and ways to answer.

    Attributes:
        payload: All that Slack sent; see
            https://docs.slack.dev/reference/interaction-payloads/block_actions-payload.
        triggered_action: The action that this handler was called for.
    """

    def __init__(self, client: SlackClient, payload: BlockActionsPayload, triggered_action: Action) -> None:
        self._client = client
        self.payload = payload
        self.triggered_action = triggered_action

    @property
    def user(self) -> User:
        """Who did it; a `User` with nothing but the id where Slack tells no more."""
        return self._client.user(self.payload.user.id)

    @property
    def channel(self) -> Channel | None:
        """Where it was done; `None` in a modal or a home tab."""
        return self._client.channel(self.payload.channel.id) if self.payload.channel is not None else None

    @property
    def state(self) -> State | None:
        """What all the input elements around the action hold; `None` where Slack sent no state."""
        return self.payload.state

    @property
    def response_url(self) -> str | None:
        """Where `say()` sends its messages; `None` in a modal or a home tab."""
        return self.payload.response_url

    @property
    def trigger_id(self) -> str:
        """Opens a modal, within 3 seconds; `open_modal()` uses it."""
        return self.payload.trigger_id or ""

    async def say(
        self,
        text: str | None = None,
        attachments: Attachments = None,
        blocks: Blocks = None,
        ephemeral: bool = True,
        replace_original: bool = False,
        delete_original: bool = False,
        **kwargs: Any,
    ) -> WebhookResponse | None:
        """Answer in the channel, by the `response_url`.

        In a modal or a home tab there is none: nothing is sent then, and a warning is logged.

        Args:
            text: The message, or what notifications show where there are blocks.
            attachments: Dicts or slack_sdk's objects.
            blocks: Dicts or slack_sdk's objects.
            ephemeral: Show it to the person only, in the thread where the element is; `False` shows it to everybody.
            replace_original: Put this in the place of the message with the element.
            delete_original: Delete the message with the element.
            **kwargs: Further fields of the message.
        """
        if self.response_url is None:
            _logger.warning("Nothing was sent: an action in a modal or a home tab has no response_url; use send_dm()")
            return None
        thread_ts = getattr(self.payload.container, "thread_ts", None)
        if ephemeral and thread_ts and not (replace_original or delete_original):
            kwargs.setdefault("thread_ts", thread_ts)
        return await self._client.respond(
            self.response_url,
            text,
            attachments,
            blocks,
            ephemeral=ephemeral,
            replace_original=replace_original,
            delete_original=delete_original,
            **kwargs,
        )

    async def send_dm(
        self, text: str | None = None, attachments: Attachments = None, blocks: Blocks = None, **kwargs: Any
    ) -> AsyncSlackResponse:
        """Post a direct message to the person."""
        return await self._client.send_dm(self.user, text, attachments, blocks, **kwargs)

    async def open_modal(self, view: ViewLike, **kwargs: Any) -> AsyncSlackResponse:
        """Open a modal for the person, within 3 seconds of the action.

        Calls [views.open](https://docs.slack.dev/reference/methods/views.open).
        """
        return await self._client.open_modal(self.trigger_id, view, **kwargs)

    def __repr__(self) -> str:
        return f"BlockAction(action_id={self.triggered_action.action_id!r}, user={self.payload.user.id!r})"
