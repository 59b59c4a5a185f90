"""Response URLs: where an app answers a command or a click, five times within 30 minutes."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from machine.sandbox.arguments import Arguments
from machine.sandbox.refusal import SlackRefusal
from machine.sandbox.rules.message_rules import Posting, draft_of
from machine.sandbox.state.clock import Timeline
from machine.sandbox.state.conversations import Conversations
from machine.sandbox.state.messages import Messages
from machine.sandbox.state.objects import Message, Person
from machine.sandbox.state.team import Team

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

    def __init__(
        self,
        team: Team,
        bot: Person,
        channels: Conversations,
        messages: Messages,
        posting: Posting,
        timeline: Timeline,
    ) -> None:
        self._team = team
        self._bot = bot
        self._channels = channels
        self._messages = messages
        self._posting = posting
        self._timeline = timeline
        self._urls: dict[str, _ResponseUrl] = {}
        self.base_url = "http://127.0.0.1"

    def issue(self, user: str, channel: str, message: Message | None = None, thread_ts: str | None = None) -> str:
        """A new address for what `user` just did in `channel`, to `message` if it was done to one."""
        ticket = secrets.token_hex(12)
        expires_at = self._timeline.now + LIFETIME_S
        self._urls[ticket] = _ResponseUrl(user, channel, expires_at, message, thread_ts)
        if len(self._urls) > _MAX_KEPT:
            del self._urls[next(iter(self._urls))]
        kind = "actions" if message else "commands"
        return f"{self.base_url}/{kind}/{self._team.id}/{ticket}"

    def use(self, ticket: str, answer: Mapping[str, Any]) -> None:
        """Do what the app sent to the address.

        Raises:
            SlackRefusal: `expired_url` for an unknown or old address, `used_url` after five times, or those of posting.
        """
        url = self._urls.get(ticket)
        if url is None or self._timeline.now > url.expires_at:
            raise SlackRefusal("expired_url")
        if url.uses >= MAX_USES:
            raise SlackRefusal("used_url")
        self._respond(url, answer)
        url.uses += 1

    def respond(self, user: str, channel: str, answer: Mapping[str, Any], thread_ts: str | None = None) -> None:
        """Post what a slash command was acknowledged with."""
        self._respond(_ResponseUrl(user, channel, 0.0, thread_ts=thread_ts), answer)

    def _respond(self, url: _ResponseUrl, given: Mapping[str, Any]) -> None:
        answer = Arguments(given)
        if answer.flag("delete_original"):
            self._messages.delete(self._original(url))
        elif answer.flag("replace_original") and url.message is not None:
            self._replace(self._original(url), answer)
        else:
            self._post(url, answer)

    def _replace(self, message: Message, answer: Arguments) -> None:
        draft = draft_of(answer)
        self._posting.replace(self._bot, message, text=draft.text, blocks=draft.blocks, attachments=draft.attachments)

    def _post(self, url: _ResponseUrl, answer: Arguments) -> None:
        draft = draft_of(answer)
        if draft.thread_ts is None:
            draft = replace(draft, thread_ts=url.thread_ts)
        is_public = answer.text("response_type") == "in_channel"
        conversation = self._channels.known(url.channel)
        self._posting.post_unchecked(self._bot, conversation, draft, ephemeral_to=None if is_public else url.user)

    def _original(self, url: _ResponseUrl) -> Message:
        """The message that was clicked, as it stands."""
        message = self._messages.get(url.message.channel, url.message.ts) if url.message else None
        if message is None:
            raise SlackRefusal("message_not_found")
        return message
