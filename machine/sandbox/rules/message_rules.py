"""Writing messages by Slack's rules: who may write where, what is too long, who may edit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from machine.sandbox.api.arguments import Arguments
from machine.sandbox.refusal import SlackRefusal
from machine.sandbox.state.clock import Timeline
from machine.sandbox.state.conversations import Conversation, Conversations
from machine.sandbox.state.files import File
from machine.sandbox.state.messages import Blocks, JsonObject, Message, Messages, as_blocks
from machine.sandbox.state.people import Person
from machine.slack.block_kit.elements import with_ids
from machine.slack.block_kit.validation import check_attachments, check_blocks

MAX_TEXT_LENGTH = 40_000
"""Characters; Slack recommends to stay below 4,000."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What somebody wants to post; see `Message` for the fields."""

    text: str = ""
    blocks: Sequence[JsonObject] = ()
    attachments: Sequence[JsonObject] = ()
    files: Sequence[File] = ()
    thread_ts: str | None = None
    is_broadcast: bool = False
    metadata: JsonObject | None = None
    username: str | None = None
    icons: JsonObject | None = None
    subtype: str | None = None

    @classmethod
    def from_arguments(cls, arguments: Arguments) -> Self:
        """What an app wants to post, by the names that `chat.postMessage` and response URLs have for it.

        Raises:
            SlackRefusal: `invalid_blocks_format`, `invalid_attachments`, `invalid_metadata_format`.
        """
        return cls(
            text=arguments.text("text") or arguments.text("markdown_text"),
            blocks=arguments.items("blocks", "invalid_blocks_format") or (),
            attachments=arguments.items("attachments", "invalid_attachments") or (),
            thread_ts=arguments.maybe_text("thread_ts"),
            is_broadcast=arguments.flag("reply_broadcast"),
            metadata=arguments.object("metadata", "invalid_metadata_format"),
            username=arguments.maybe_text("username"),
            icons=_icons(arguments),
        )

    def check(self) -> None:
        """Refuse what Slack would not take from anybody.

        Raises:
            SlackRefusal: `no_text`, `msg_too_long`, `invalid_blocks`, `too_many_attachments`, `invalid_attachments`.
        """
        if not (self.text.strip() or self.blocks or self.attachments or self.files):
            raise SlackRefusal("no_text")
        if len(self.text) > MAX_TEXT_LENGTH:
            raise SlackRefusal("msg_too_long")
        check_blocks(self.blocks, "message")
        check_attachments(self.attachments)


class Posting:
    """Posts, edits and deletes for people and bots alike."""

    def __init__(self, channels: Conversations, messages: Messages, timeline: Timeline) -> None:
        self._channels = channels
        self._messages = messages
        self._timeline = timeline

    def post(self, author: Person, conversation: Conversation, draft: Draft) -> Message:
        """Post to a conversation that the author is a member of.

        Raises:
            SlackRefusal: `not_in_channel`, `is_archived`, `thread_not_found`, or what `Draft.check` finds.
        """
        self._channels.writable(conversation.id, author.id)
        return self.post_unchecked(author, conversation, draft)

    def post_unchecked(
        self, author: Person, conversation: Conversation, draft: Draft, ephemeral_to: str | None = None
    ) -> Message:
        """Post without asking for membership, as a response URL does; the draft is checked all the same."""
        draft.check()
        conversation.is_open = True
        is_broadcast = draft.is_broadcast and draft.thread_ts is not None
        return self._messages.post(
            Message(
                ts=self._timeline.next_ts(),
                channel=conversation.id,
                user=author.id,
                text=draft.text,
                thread_ts=draft.thread_ts,
                blocks=with_ids(draft.blocks, self._timeline),
                attachments=self._numbered(draft.attachments),
                files=tuple(draft.files),
                ephemeral_to=ephemeral_to,
                subtype=draft.subtype or self._subtype(author, draft, is_broadcast),
                bot_id=author.bot_id,
                metadata=draft.metadata,
                username=draft.username,
                icons=draft.icons,
                is_broadcast=is_broadcast,
            )
        )

    def announce(self, author: str, conversation: Conversation, subtype: str, text: str, **details: Any) -> Message:
        """Post what Slack itself writes into a channel when its members or its topic change."""
        message = Message(self._timeline.next_ts(), conversation.id, author, text, subtype=subtype, details=details)
        return self._messages.post(message)

    def edit(
        self,
        author: Person,
        message: Message,
        *,
        text: str | None = None,
        blocks: Sequence[JsonObject] | None = None,
        attachments: Sequence[JsonObject] | None = None,
        metadata: JsonObject | None = None,
    ) -> Message:
        """Edit one's own message; what is `None` stays, but blocks go when only a text is given, as in Slack.

        Raises:
            SlackRefusal: `cant_update_message` for a message of somebody else, or what `Draft.check` finds.
        """
        if message.user != author.id:
            raise SlackRefusal("cant_update_message")
        self._channels.writable(message.channel, author.id)
        return self.replace(author, message, text=text, blocks=blocks, attachments=attachments, metadata=metadata)

    def replace(
        self,
        author: Person,
        message: Message,
        *,
        text: str | None,
        blocks: Sequence[JsonObject] | None,
        attachments: Sequence[JsonObject] | None,
        metadata: JsonObject | None = None,
    ) -> Message:
        """As `edit`, without asking whose message it is."""
        keeps_blocks = blocks is None and text is None
        draft = Draft(
            text=message.text if text is None else text,
            blocks=message.blocks if keeps_blocks else as_blocks(blocks),
            attachments=message.attachments if attachments is None else attachments,
            files=message.files,
        )
        draft.check()
        return self._messages.change(
            message,
            author.id,
            text=draft.text,
            blocks=with_ids(draft.blocks, self._timeline),
            attachments=self._numbered(draft.attachments),
            metadata=message.metadata if metadata is None else metadata,
        )

    def delete(self, author: Person, message: Message) -> None:
        """Delete one's own message.

        Raises:
            SlackRefusal: `cant_delete_message` for a message of somebody else.
        """
        if message.user != author.id:
            raise SlackRefusal("cant_delete_message")
        self._messages.delete(message)

    @staticmethod
    def _subtype(author: Person, draft: Draft, is_broadcast: bool) -> str | None:
        if is_broadcast:
            return "thread_broadcast"
        if draft.files and not author.is_bot:
            return "file_share"
        return "bot_message" if draft.username else None

    def _numbered(self, attachments: Sequence[JsonObject]) -> Blocks:
        return tuple(
            {
                "id": number,
                "fallback": attachment.get("text") or "[no preview available]",
                **attachment,
                **({"blocks": with_ids(attachment["blocks"], self._timeline)} if attachment.get("blocks") else {}),
            }
            for number, attachment in enumerate(attachments, start=1)
        )


def _icons(arguments: Arguments) -> JsonObject | None:
    if emoji := arguments.maybe_text("icon_emoji"):
        return {"emoji": emoji}
    url = arguments.maybe_text("icon_url")
    return {"image_48": url} if url else None
