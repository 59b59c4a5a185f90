"""Writing messages by Slack's rules: who may write where, what is too long, who may edit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from machine.sandbox.arguments import Arguments
from machine.sandbox.refusal import SlackRefusal
from machine.sandbox.rules.block_rules import check_attachments, check_blocks
from machine.sandbox.state.clock import Timeline
from machine.sandbox.state.conversations import Conversations
from machine.sandbox.state.messages import Messages
from machine.sandbox.state.objects import Blocks, Conversation, Draft, JsonObject, Message, Person
from machine.slack.block_kit.elements import with_ids

MAX_TEXT_LENGTH = 40_000
"""Characters. Slack cuts what an app posts, and recommends to stay below 4,000."""


def draft_of(arguments: Arguments) -> Draft:
    """What an app wants to post, by the names that `chat.postMessage` and response URLs have for it.

    Raises:
        SlackRefusal: `invalid_blocks_format`, `invalid_attachments`, `invalid_metadata_format`.
    """
    return Draft(
        text=_text_of(arguments)[:MAX_TEXT_LENGTH],
        blocks=arguments.items("blocks", "invalid_blocks_format") or (),
        attachments=arguments.items("attachments", "invalid_attachments") or (),
        thread_ts=arguments.maybe_text("thread_ts"),
        is_broadcast=arguments.flag("reply_broadcast"),
        metadata=arguments.object("metadata", "invalid_metadata_format"),
        username=arguments.maybe_text("username"),
        icons=_icons(arguments),
    )


def is_cut(arguments: Arguments) -> bool:
    """Whether Slack posts less than the text an app wants to post."""
    return len(_text_of(arguments)) > MAX_TEXT_LENGTH


def check_draft(draft: Draft) -> None:
    """Refuse what Slack would not take from anybody.

    Raises:
        SlackRefusal: `no_text`, `msg_too_long`, `invalid_blocks`, `too_many_attachments`, `invalid_attachments`.
    """
    if not (draft.text.strip() or draft.blocks or draft.attachments or draft.files):
        raise SlackRefusal("no_text")
    if len(draft.text) > MAX_TEXT_LENGTH:
        raise SlackRefusal("msg_too_long")
    check_blocks(draft.blocks, "message")
    check_attachments(draft.attachments)


class Posting:
    """Posts, edits and deletes for people and bots alike."""

    def __init__(self, channels: Conversations, messages: Messages, timeline: Timeline) -> None:
        self._channels = channels
        self._messages = messages
        self._timeline = timeline

    def post(self, author: Person, conversation: Conversation, draft: Draft) -> Message:
        """Post to a conversation that the author is a member of.

        Raises:
            SlackRefusal: `not_in_channel`, `is_archived`, `thread_not_found`, or what `check_draft` finds.
        """
        self._channels.writable(conversation.id, author.id)
        return self.post_unchecked(author, conversation, draft)

    def post_unchecked(
        self, author: Person, conversation: Conversation, draft: Draft, ephemeral_to: str | None = None
    ) -> Message:
        """Post without asking for membership, as a response URL does; the draft is checked all the same."""
        check_draft(draft)
        conversation.is_open = True
        message = self.written(author, conversation, draft, self._timeline.next_ts())
        return self._messages.post(replace(message, ephemeral_to=ephemeral_to))

    def written(self, author: Person, conversation: Conversation, draft: Draft, ts: str) -> Message:
        """The message that a draft becomes, without posting it."""
        is_broadcast = draft.is_broadcast and draft.thread_ts is not None
        return Message(
            ts=ts,
            channel=conversation.id,
            user=author.id,
            text=draft.text,
            thread_ts=draft.thread_ts,
            blocks=self._with_ids(draft.blocks),
            attachments=self._numbered(draft.attachments),
            files=tuple(draft.files),
            subtype=draft.subtype or self._subtype(author, draft, is_broadcast),
            bot_id=author.bot_id,
            metadata=draft.metadata,
            username=draft.username,
            icons=draft.icons,
            is_broadcast=is_broadcast,
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
            SlackRefusal: `cant_update_message` for a message of somebody else, or what `check_draft` finds.
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
            blocks=message.blocks if keeps_blocks else tuple(blocks or ()),
            attachments=message.attachments if attachments is None else attachments,
            files=message.files,
        )
        check_draft(draft)
        return self._messages.change(
            message,
            author.id,
            text=draft.text,
            blocks=self._with_ids(draft.blocks),
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

    def _with_ids(self, blocks: Sequence[JsonObject]) -> Blocks:
        return with_ids(blocks, self._timeline.short_id)

    def _numbered(self, attachments: Sequence[JsonObject]) -> Blocks:
        return tuple(
            {
                "id": number,
                "fallback": attachment.get("text") or "[no preview available]",
                **attachment,
                **({"blocks": self._with_ids(attachment["blocks"])} if attachment.get("blocks") else {}),
            }
            for number, attachment in enumerate(attachments, start=1)
        )


def _text_of(arguments: Arguments) -> str:
    return arguments.text("text") or arguments.text("markdown_text")


def _icons(arguments: Arguments) -> JsonObject | None:
    if emoji := arguments.maybe_text("icon_emoji"):
        return {"emoji": emoji}
    url = arguments.maybe_text("icon_url")
    return {"image_48": url} if url else None
