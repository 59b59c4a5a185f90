"""Modals that were submitted or closed, as handlers receive them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slack_sdk.web.async_slack_response import AsyncSlackResponse

from machine.models import User
from machine.slack.client import Attachments, Blocks, SlackClient, ViewLike

if TYPE_CHECKING:
    from machine.models.interactive import View, ViewClosedPayload, ViewSubmissionPayload

__all__ = ["ModalClosure", "ModalSubmission"]


class ModalSubmission:
    """A modal that somebody submitted.

    Attributes:
        payload: All that Slack sent; see
            https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload.
    """

    def __init__(self, client: SlackClient, payload: ViewSubmissionPayload) -> None:
        self._client = client
        self.payload = payload

    @property
    def user(self) -> User:
        """Who submitted it; a `User` with nothing but the id where Slack tells no more."""
        return self._client.user(self.payload.user.id)

    @property
    def view(self) -> View:
        """The modal as it was submitted, with the state of its inputs."""
        return self.payload.view

    @property
    def trigger_id(self) -> str:
        """Opens another modal, within 3 seconds; `open_modal()` and `push_modal()` use it."""
        return self.payload.trigger_id or ""

    async def open_modal(self, view: ViewLike, **kwargs: Any) -> AsyncSlackResponse:
        """Open a new modal. Calls [views.open](https://docs.slack.dev/reference/methods/views.open)."""
        return await self._client.open_modal(self.trigger_id, view, **kwargs)

    async def push_modal(self, view: ViewLike, **kwargs: Any) -> AsyncSlackResponse:
        """Lay a modal over this one. Calls [views.push](https://docs.slack.dev/reference/methods/views.push)."""
        return await self._client.push_modal(self.trigger_id, view, **kwargs)

    async def update_modal(self, view: ViewLike, **kwargs: Any) -> AsyncSlackResponse:
        """Change this modal. Calls [views.update](https://docs.slack.dev/reference/methods/views.update).

        Slack closes a submitted modal with the acknowledgement: to change it in place, yield
        `{"response_action": "update", "view": ...}` instead.
        """
        return await self._client.update_modal(view, view_id=self.view.id, external_id=None, **kwargs)

    async def send_dm(
        self, text: str | None = None, attachments: Attachments = None, blocks: Blocks = None, **kwargs: Any
    ) -> AsyncSlackResponse:
        """Post a direct message to the person who submitted the modal."""
        return await self._client.send_dm(self.user, text, attachments, blocks, **kwargs)

    def __repr__(self) -> str:
        return f"ModalSubmission(callback_id={self.view.callback_id!r}, user={self.payload.user.id!r})"


class ModalClosure:
    """A modal that somebody closed without submitting it.

    Attributes:
        payload: All that Slack sent; see
            https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload.
    """

    def __init__(self, client: SlackClient, payload: ViewClosedPayload) -> None:
        self._client = client
        self.payload = payload

    @property
    def user(self) -> User:
        """Who closed it; a `User` with nothing but the id where Slack tells no more."""
        return self._client.user(self.payload.user.id)

    @property
    def view(self) -> View:
        """The modal as it was closed."""
        return self.payload.view

    async def send_dm(
        self, text: str | None = None, attachments: Attachments = None, blocks: Blocks = None, **kwargs: Any
    ) -> AsyncSlackResponse:
        """Post a direct message to the person who closed the modal."""
        return await self._client.send_dm(self.user, text, attachments, blocks, **kwargs)

    def __repr__(self) -> str:
        return f"ModalClosure(callback_id={self.view.callback_id!r}, user={self.payload.user.id!r})"
