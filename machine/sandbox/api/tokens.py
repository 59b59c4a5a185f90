"""Tokens, and who acts with them: the bot, the app itself, or a person."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Literal, TypeAlias

from machine.sandbox.refusal import SlackRefusal
from machine.sandbox.state.objects import Person
from machine.sandbox.state.team import DEFAULT_SCOPES, App
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
    if _is_same(token, app.bot_token):
        return Holder("bot", workspace.bot, app.scopes)
    if _is_same(token, app.app_token):
        return Holder("app", workspace.bot, _APP_TOKEN_SCOPES)
    person = workspace.people.get(_claimed_id(app, token))
    if person is None or person.is_bot or not _is_same(token, user_token(app, person)):
        raise SlackRefusal("invalid_auth")
    if person.is_deleted:
        raise SlackRefusal("account_inactive")
    return Holder("user", person, _USER_TOKEN_SCOPES)


def bearer_token(headers: Mapping[str, str]) -> str:
    """The token that a request was sent with; empty if there is none."""
    scheme, _, token = headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def user_token(app: App, person: Person) -> str:
    """The token with which one acts as this person: the one in the workspace file, or one that nobody can guess."""
    return app.user_tokens.get(person.id) or f"{_USER_PREFIX}{person.id}-{_sealed(app, person.id)}"


def user_tokens(app: App, people: Iterable[Person]) -> dict[str, str]:
    """The tokens of the first 100 of these people, by name."""
    holders = (person for person in people if not (person.is_bot or person.is_deleted))
    return {person.name: user_token(app, person) for person in islice(holders, _MAX_TOLD)}


def upload_ticket(app: App, file_id: str) -> str:
    """The last part of the address that the bytes of a file are sent to, where no token is asked for."""
    return f"{file_id}-{_sealed(app, file_id)}"


def uploaded_file(app: App, ticket: str) -> str:
    """The id of the file that an `upload_ticket` is for.

    Raises:
        SlackRefusal: `file_not_found` for a ticket that was not given out.
    """
    file_id = ticket.partition("-")[0]
    if not _is_same(ticket, upload_ticket(app, file_id)):
        raise SlackRefusal("file_not_found")
    return file_id


def _claimed_id(app: App, token: str) -> str:
    """Whose token it would be, were it genuine."""
    for user_id, given in app.user_tokens.items():
        if _is_same(token, given):
            return user_id
    return token.removeprefix(_USER_PREFIX).partition("-")[0]


def _sealed(app: App, text: str) -> str:
    return hmac.digest(app.key, text.encode("utf-8", "surrogatepass"), "sha256").hex()[:32]


def _is_same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), expected.encode("utf-8", "surrogatepass"))
