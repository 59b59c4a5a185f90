"""Tokens, and who acts with them: the bot, the app itself, or a person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Literal, TypeAlias

from machine.sandbox.refusal import SlackRefusal
from machine.sandbox.state.objects import Person
from machine.sandbox.state.team import DEFAULT_SCOPES
from machine.sandbox.workspace import Workspace

TokenKind: TypeAlias = Literal["bot", "app", "user"]

_APP_TOKEN_SCOPES = ("connections:write",)
"""What an app token is good for."""

_OF_BOTS_ONLY = {"app_mentions:read", "channels:join", "channels:manage", "chat:write.customize", "commands"}

_USER_TOKEN_SCOPES = (*(scope for scope in DEFAULT_SCOPES if scope not in _OF_BOTS_ONLY), "channels:write", "identify")
"""What the token of a person is good for: everything that the person may do."""

_USER_PREFIX = "xoxp-sandbox-"
_MAX_TOLD = 100


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose token a call came with.

    Attributes:
        kind: What kind of token it is.
        person: Who acts: the bot user for the tokens of the app.
        scopes: What it is good for.
    """

    kind: TokenKind
    person: Person
    scopes: tuple[str, ...]


def holder_of(workspace: Workspace, token: str) -> Holder:
    """Whose token this is.

    Raises:
        SlackRefusal: `not_authed` without a token, `invalid_auth` for an unknown one, `account_inactive` for that of
            somebody who has left.
    """
    app = workspace.app
    if not token:
        raise SlackRefusal("not_authed")
    if token == app.bot_token:
        return Holder("bot", workspace.bot, app.scopes)
    if token == app.app_token:
        return Holder("app", workspace.bot, _APP_TOKEN_SCOPES)
    name = token.removeprefix(_USER_PREFIX)
    person = workspace.people.named(name) or workspace.people.get(name)
    if name == token or person is None or person.is_bot:
        raise SlackRefusal("invalid_auth")
    if person.is_deleted:
        raise SlackRefusal("account_inactive")
    return Holder("user", person, _USER_TOKEN_SCOPES)


def bearer_token(headers: Mapping[str, str]) -> str:
    """The token that a request was sent with; empty if there is none."""
    scheme, _, token = headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def user_token(person: Person) -> str:
    """The token with which one acts as this person."""
    return f"{_USER_PREFIX}{person.name}"


def user_tokens(people: Iterable[Person]) -> dict[str, str]:
    """The tokens of the first 100 of these people, by name."""
    holders = (person for person in people if not (person.is_bot or person.is_deleted))
    return {person.name: user_token(person) for person in islice(holders, _MAX_TOLD)}
