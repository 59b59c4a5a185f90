"""What the app may do: the scopes of its bot token. See https://docs.slack.dev/reference/scopes."""

from __future__ import annotations

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
