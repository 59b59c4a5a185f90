"""What the app may do: the scopes of its bot token. See https://docs.slack.dev/reference/scopes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from machine.slack.facts.events import EVENT_SCOPES, MESSAGE_EVENTS

DEFAULT_SCOPES = (
    "app_mentions:read",
    "bookmarks:read",
    "bookmarks:write",
    "channels:history",
    "channels:join",
    "channels:manage",
    "channels:read",
    "chat:write",
    "chat:write.customize",
    "commands",
    "emoji:read",
    "files:read",
    "files:write",
    "groups:history",
    "groups:read",
    "groups:write",
    "im:history",
    "im:read",
    "im:write",
    "mpim:history",
    "mpim:read",
    "mpim:write",
    "pins:read",
    "pins:write",
    "reactions:read",
    "reactions:write",
    "team:read",
    "usergroups:read",
    "users.profile:read",
    "users:read",
    "users:read.email",
    "users:write",
)
"""What an app has unless `workspace.toml` says otherwise: all that the sandbox knows, but for `chat:write.public`."""

APP_TOKEN_SCOPES = ("connections:write",)
"""What an app token is good for."""

_OF_BOTS_ONLY = {"app_mentions:read", "channels:join", "channels:manage", "chat:write.customize", "commands"}

USER_TOKEN_SCOPES = (*(scope for scope in DEFAULT_SCOPES if scope not in _OF_BOTS_ONLY), "channels:write", "identify")
"""What the token of a person is good for: everything that the person may do."""

_MESSAGES = dict(zip(("channel", "group", "im", "mpim"), MESSAGE_EVENTS, strict=True))


def scopes_to_hear(event: Mapping[str, Any]) -> Sequence[str]:
    """The scopes of which an app needs one, or Slack does not send it this event; none for most interactions.

    For messages, the kind of the conversation decides.
    """
    name = event["type"] if event["type"] != "message" else _MESSAGES[event["channel_type"]]
    return EVENT_SCOPES.get(name, ())
