"""The app's home, opened by somebody, as handlers receive it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slack_sdk.web.async_slack_response import AsyncSlackResponse

from machine.models import User
from machine.slack.client import SlackClient, ViewLike

__all__ = ["HomeOpened"]


class HomeOpened:
    """Somebody opened the app's home.

    Attributes:
        event: The event as Slack sent it; see https://docs.slack.dev/reference/events/app_home_opened.
    """

    def __init__(self, client: SlackClient, event: Mapping[str, Any]) -> None:
        self._client = client
        self.event = event

    @property
    def user(self) -> User:
        """Who opened it; a `User` with nothing but the id where Slack tells no more."""
        return self._client.user(str(self.event.get("user") or ""))

    @property
    def tab(self) -> str:
        """Which tab: `home` or `messages`."""
        return str(self.event.get("tab") or "")

    @property
    def view(self) -> Mapping[str, Any] | None:
        """What the home tab shows now; `None` if nothing was published yet."""
        view = self.event.get("view")
        return view if isinstance(view, Mapping) else None

    async def publish(self, view: ViewLike, **kwargs: Any) -> AsyncSlackResponse:
        """Show a view in the home tab of this person.

        Calls [views.publish](https://docs.slack.dev/reference/methods/views.publish).
        """
        return await self._client.publish_home_tab(self.user, view, **kwargs)

    def __repr__(self) -> str:
        return f"HomeOpened(tab={self.tab!r}, user={self.user.id!r})"
