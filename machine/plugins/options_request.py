"""A request for the options of an external select, as handlers receive it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from machine.models import User
from machine.slack.client import SlackClient

if TYPE_CHECKING:
    from machine.models.interactive import BlockSuggestionPayload

__all__ = ["OptionsRequest"]


class OptionsRequest:
    """Somebody typed into a select menu whose options come from the app.

    Attributes:
        payload: All that Slack sent; see
            https://docs.slack.dev/reference/interaction-payloads/block_suggestion-payload.
    """

    def __init__(self, client: SlackClient, payload: BlockSuggestionPayload) -> None:
        self._client = client
        self.payload = payload

    @property
    def query(self) -> str:
        """What was typed so far."""
        return self.payload.value

    @property
    def user(self) -> User:
        """Who typed; a `User` with nothing but the id where Slack tells no more."""
        return self._client.user(self.payload.user.id)

    def __repr__(self) -> str:
        return f"OptionsRequest(action_id={self.payload.action_id!r}, query={self.query!r})"
