"""Response URLs: where an app answers a command or a click, five times within 30 minutes."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from machine.sandbox.messages import Message
from machine.sandbox.posting import Draft
from machine.sandbox.refusal import SlackRefusal

if TYPE_CHECKING:
    from machine.sandbox.workspace import Workspace

MAX_USES = 5
LIFETIME_S = timedelta(minutes=30).total_seconds()
_MAX_KEPT = 10_000


@dataclass(slots=True)
class _ResponseUrl:
    user: str
    channel: str
    expires_at: float
    message: Message | None = None
    thread_ts: str | None = None
    uses: int = 0


class ResponseUrls:
    """Issues response URLs and does what an app asks through them.

    Attributes:
        base_url: Where the server listens, without a slash at the end.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._urls: dict[str, _ResponseUrl] = {}
        self.base_url = "http://127.0.0.1"

    def issue(self, user: str, channel: str, message: Message | None = None, thread_ts: str | None = None) -> str:
        """A new address for what `user` just did in `channel`, to `message` if it was done to one."""
        ticket = secrets.token_hex(12)
        expires_at = self._workspace.timeline.now + LIFETIME_S
        self._urls[ticket] = _ResponseUrl(user, channel, expires_at, message, thread_ts)
        if len(self._urls) > _MAX_KEPT:
            del self._urls[next(iter(self._urls))]
        kind = "actions" if message else "commands"
        return f"{self.base_url}/{kind}/{self._workspace.team.id}/{ticket}"

    def use(self, ticket: str, answer: Mapping[str, Any]) -> None:
        """Do what the app sent to the address.

        Raises:
            SlackRefusal: `expired_url` for an unknown or old address, `used_url` after five times, or those of posting.
        """
        url = self._urls.get(ticket)
        if url is None or self._workspace.timeline.now > url.expires_at:
            raise SlackRefusal("expired_url")
        if url.uses >= MAX_USES:
            raise SlackRefusal("used_url")
        self._respond(url, answer)
        url.uses += 1

    def respond(self, user: str, channel: str, answer: Mapping[str, Any], thread_ts: str | None = None) -> None:
        """Post what a slash command was acknowledged with."""
        self._respond(_ResponseUrl(user, channel, 0.0, thread_ts=thread_ts), answer)

    def _respond(self, url: _ResponseUrl, answer: Mapping[str, Any]) -> None:
        if answer.get("delete_original"):
            self._delete(url)
        elif answer.get("replace_original") and url.message is not None:
            self._replace(url.message, answer)
        else:
            self._post(url, answer)

    def _delete(self, url: _ResponseUrl) -> None:
        if url.message is None:
            raise SlackRefusal("message_not_found")
        self._workspace.messages.delete(self._current(url.message))

    def _replace(self, message: Message, answer: Mapping[str, Any]) -> None:
        self._workspace.posting.replace(
            self._workspace.bot,
            self._current(message),
            text=answer.get("text") or ("" if answer.get("blocks") else None),
            blocks=answer.get("blocks"),
            attachments=answer.get("attachments") or (),
        )

    def _post(self, url: _ResponseUrl, answer: Mapping[str, Any]) -> None:
        is_public = answer.get("response_type") == "in_channel"
        draft = Draft(
            text=str(answer.get("text") or ""),
            blocks=answer.get("blocks") or (),
            attachments=answer.get("attachments") or (),
            thread_ts=answer.get("thread_ts") or url.thread_ts,
            metadata=answer.get("metadata"),
        )
        conversation = self._workspace.channels.known(url.channel)
        self._workspace.posting.post_unchecked(
            self._workspace.bot, conversation, draft, ephemeral_to=None if is_public else url.user
        )

    def _current(self, message: Message) -> Message:
        current = self._workspace.messages.get(message.channel, message.ts)
        if current is None:
            raise SlackRefusal("message_not_found")
        return current
