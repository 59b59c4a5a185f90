"""The workspace itself and the one app that is installed in it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from machine.sandbox.state.clock import stable_id

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


@dataclass(frozen=True, slots=True)
class Team:
    """The workspace as `team.info` describes it.

    Attributes:
        id: Begins with `T`.
        domain: The first part of its address, as in `acme.slack.com`.
    """

    id: str
    name: str
    domain: str

    @property
    def url(self) -> str:
        """Address of the workspace, with a slash at the end."""
        return f"https://{self.domain}.slack.com/"


@dataclass(frozen=True, slots=True)
class App:
    """The installed app.

    Attributes:
        id: Begins with `A`.
        commands: The slash commands it has; empty if any command goes to it.
        events: The event types it subscribes to; empty if it gets all of them.
        scopes: What its bot token is good for.
        verification_token: What Slack sends as `token` in each payload.
        user_tokens: Tokens of people that the workspace file gives, by the id of the person.
        key: What all other tokens of people, and addresses of uploads, are made with; another one in each run.
    """

    id: str
    name: str
    bot_token: str = field(repr=False)
    app_token: str = field(repr=False)
    commands: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    scopes: tuple[str, ...] = DEFAULT_SCOPES
    verification_token: str = field(default="sandbox-verification-token", repr=False)
    user_tokens: Mapping[str, str] = field(default_factory=dict, repr=False)
    key: bytes = field(default_factory=partial(secrets.token_bytes, 32), repr=False)

    def subscribes_to(self, event_type: str) -> bool:
        """Whether Slack sends events of this type to the app."""
        return not self.events or event_type in self.events


@dataclass(slots=True)
class Extras:
    """What else a workspace has and bots only read: its own emoji and its user groups.

    Attributes:
        emoji: Address of the picture, by name.
        usergroups: As `usergroups.list` describes them.
    """

    emoji: dict[str, str] = field(default_factory=dict)
    usergroups: list[dict[str, Any]] = field(default_factory=list)


def team_called(name: str, domain: str) -> Team:
    """A workspace with an id made from its domain."""
    return Team(stable_id("T", domain), name, domain)
