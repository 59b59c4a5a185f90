"""Who the bot is in its workspace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from machine.errors import SlackRefusedError
from machine.redaction import redact
from machine.slack.answers import NO_OBJECT
from machine.terminal_text import visible

_APP_TOKEN_REMEDIES: Mapping[str, str] = {
    "invalid_auth": "Check SLACK_APP_TOKEN: copy the app-level token (Basic Information > App-Level Tokens) again.",
    "not_authed": "Set SLACK_APP_TOKEN to an app-level token of your app (Basic Information > App-Level Tokens).",
    "token_revoked": "The app-level token was revoked: make a new one and set SLACK_APP_TOKEN to it.",
}
_REMEDIES: Mapping[str, str] = {
    "invalid_auth": "Check SLACK_BOT_TOKEN: copy the Bot User OAuth Token of your app again.",
    "not_authed": "Set SLACK_BOT_TOKEN to the Bot User OAuth Token of your app.",
    "account_inactive": "The bot's account was deactivated: install the app to the workspace again.",
    "token_revoked": "The token was revoked: install the app to the workspace again and copy the new token.",
    "token_expired": "The token has expired: install the app to the workspace again and copy the new token.",
    "not_allowed_token_type": "SLACK_APP_TOKEN must be an app-level token (xapp-) with the scope connections:write.",
    "missing_scope": "Give the app the scope connections:write (Basic Information > App-Level Tokens).",
}


@dataclass(frozen=True, slots=True)
class Identity:
    """The bot and its workspace.

    Attributes:
        user_id: The bot's user id, by which people mention it.
        bot_id: The id that its own messages carry.
        name: The bot's user name.
        team_id: Id of the workspace.
        team: Name of the workspace.
        bot_info: What `bots.info` tells about the bot; with nothing but ids where the token may not ask.
    """

    user_id: str
    bot_id: str
    name: str
    team_id: str
    team: str
    bot_info: Mapping[str, Any] = field(default_factory=dict)


async def identify(web: AsyncWebClient) -> Identity:
    """Ask Slack who the bot token belongs to.

    Calls [auth.test](https://docs.slack.dev/reference/methods/auth.test) and
    [bots.info](https://docs.slack.dev/reference/methods/bots.info).

    Raises:
        SlackRefusedError: When the token is not valid.
    """
    try:
        who = await web.auth_test()
    except SlackApiError as error:
        raise refusal(error) from None
    if not who.get("user_id"):
        raise SlackRefusedError("auth.test did not say who the bot is", "Check SLACK_API_URL and HTTP_PROXY.")
    bot_id = str(who.get("bot_id") or "")
    try:
        bot = dict((await web.bots_info(bot=bot_id)).get("bot") or {}) if bot_id else {}
    except SlackApiError:
        bot = {}  # the scope users:read is missing; names come from auth.test then
    name = str(who.get("user") or bot.get("name") or "machine")
    bot_info = {"id": bot_id, "name": name, "user_id": str(who["user_id"]), **bot}
    return Identity(
        user_id=str(who["user_id"]),
        bot_id=bot_id,
        name=name,
        team_id=str(who.get("team_id") or ""),
        team=str(who.get("team") or ""),
        bot_info=bot_info,
    )


def refusal(error: SlackApiError, *, of_app_token: bool = False) -> SlackRefusedError:
    """What Slack's refusal to let the bot in means for the person who runs it.

    Args:
        error: The refusal.
        of_app_token: It was the app token that was sent, and not the bot token.
    """
    body = getattr(error.response, "data", error.response)  # where Slack itself is in trouble, no JSON but a text
    told = body.get("error") if isinstance(body, Mapping) else None
    reason = str(told or f"HTTP status {getattr(error.response, 'status_code', 'unknown')}")
    if reason == NO_OBJECT:
        detail = str(body["detail"]) if isinstance(body, Mapping) else reason
        return SlackRefusedError(visible(redact(detail)), "Check SLACK_API_URL and HTTP_PROXY.")
    method = "apps.connections.open" if of_app_token else "auth.test"
    remedies = {**_REMEDIES, **_APP_TOKEN_REMEDIES} if of_app_token else _REMEDIES
    return SlackRefusedError(reason, remedies.get(reason, f"See https://docs.slack.dev/reference/methods/{method}."))
