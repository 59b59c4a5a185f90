"""Messages as a test looks at them: always as they stand, and as people read them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from machine.sandbox import Workspace
from machine.sandbox.state.objects import Message
from machine.slack.block_kit.elements import elements_of
from machine.slack.text_encoding import unescape

__tracebackhide__ = True  # pytest shows the line of the test, not those in here

_MENTION = re.compile(r"<(?P<kind>[@#!])(?P<what>[^<>|]*)(?:\|(?P<label>[^<>]*))?>")


class SentMessage:
    """A message in a channel or DM. It follows what happens to the message: edits, reactions, replies.

    Two are equal if they stand for the same message.
    """

    def __init__(self, workspace: Workspace, message: Message) -> None:
        self._workspace = workspace
        self._last_seen = message

    @property
    def message(self) -> Message:
        """The sandbox's own value, as it stands; of a deleted message, as it stood."""
        current = self._workspace.messages.get(self._last_seen.channel, self._last_seen.ts)
        if current is not None:
            self._last_seen = current
        return self._last_seen

    @property
    def ts(self) -> str:
        """Slack's timestamp, which identifies a message in its channel."""
        return self._last_seen.ts

    @property
    def thread_ts(self) -> str | None:
        """The `ts` of the message whose thread it is in, or that has a thread."""
        return self.message.thread_ts

    @property
    def text(self) -> str:
        """The text as people read it: mentions as `@alice` and `#ops`, `&` instead of `&amp;`.

        Where a message has blocks, Slack shows those and uses the text for notifications; see `shown`.
        """
        return readable(self._workspace, self.message.text)

    @property
    def mrkdwn(self) -> str:
        """The text as Slack keeps it."""
        return self.message.text

    @property
    def shown(self) -> str:
        """What people see: the texts of blocks and attachments, or else the text."""
        message = self.message
        texts = [*texts_of(message.blocks)]
        for attachment in message.attachments:
            texts += [str(attachment[key]) for key in ("pretext", "title", "text") if attachment.get(key)]
            texts += texts_of(attachment.get("blocks") or ())
        if not message.blocks and message.text:
            texts.insert(0, message.text)
        return "\n".join(readable(self._workspace, text) for text in texts)

    @property
    def blocks(self) -> list[dict[str, Any]]:
        """Its blocks, as the app sent them."""
        return [dict(block) for block in self.message.blocks]

    @property
    def buttons(self) -> list[str]:
        """The texts of its buttons, in order."""
        return [label for label, kind in _labels(all_blocks(self.message)) if kind == "button"]

    @property
    def reactions(self) -> dict[str, list[str]]:
        """Who reacted, by the name of the emoji."""
        people = self._workspace.people
        return {emoji: [people[user].name for user in users] for emoji, users in self.message.reactions.items()}

    @property
    def files(self) -> dict[str, bytes]:
        """What is in its files, by their names."""
        return {file.name: file.content or b"" for file in self.message.files}

    @property
    def thread(self) -> list[SentMessage]:
        """The replies in its thread, oldest first."""
        message = self.message
        if message.thread_ts is None:
            return []
        replies = self._workspace.history(message.channel, message.thread_ts)
        return [SentMessage(self._workspace, reply) for reply in replies if reply.ts != message.thread_ts]

    @property
    def author(self) -> str:
        """The name of who wrote it."""
        return self._workspace.people[self.message.user].name

    @property
    def channel(self) -> str:
        """Where it is: `#ops`, or for a DM with the bot the person, `@alice`."""
        return place(self._workspace, self.message.channel)

    @property
    def only_for(self) -> str | None:
        """The only person who sees it, for an ephemeral message; else `None`."""
        person = self.message.ephemeral_to
        return self._workspace.people[person].name if person else None

    @property
    def is_by_bot(self) -> bool:
        """Whether an app wrote it."""
        return self.message.is_by_bot

    @property
    def is_edited(self) -> bool:
        """Whether it no longer reads as it was posted."""
        return self.message.is_edited

    @property
    def is_deleted(self) -> bool:
        """Whether it is gone."""
        return self._workspace.messages.get(self._last_seen.channel, self._last_seen.ts) is None

    def contains(self, wanted: str | re.Pattern[str]) -> bool:
        """Whether a text is part of what it says, or a pattern is found in it."""
        texts = (self.text, self.mrkdwn, self.shown)
        if isinstance(wanted, str):
            return any(wanted in text for text in texts)
        return any(wanted.search(text) for text in texts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SentMessage) and (other.message.channel, other.ts) == (self.message.channel, self.ts)

    def __hash__(self) -> int:
        return hash((self.message.channel, self.ts))

    def __repr__(self) -> str:
        where = f"in a thread in {self.channel}" if self.message.is_reply else f"in {self.channel}"
        return f"<{self.author} {where}: {one_line(self)}>"


def one_line(message: SentMessage) -> str:
    """What people see of a message, its elements and reactions, in one line."""
    parts = [" ".join(message.shown.split())]
    parts += [f"[{label}]" for label, _ in _labels(all_blocks(message.message))]
    parts += [f"({name})" for name in message.files]
    parts += [f":{emoji}:" for emoji in message.reactions]
    notes = [*(["edited"] if message.is_edited else []), *(["deleted"] if message.is_deleted else [])]
    if message.only_for:
        notes.append(f"only for {message.only_for}")
    return " ".join([*filter(None, parts), *([f"({', '.join(notes)})"] if notes else [])])


def readable(workspace: Workspace, text: str) -> str:
    """Slack's text as people read it."""

    def written_out(match: re.Match[str]) -> str:
        kind, what, label = match["kind"], match["what"], match["label"]
        if kind == "@":
            person = workspace.people.get(what)
            return f"@{person.name if person else label or what}"
        if kind == "#":
            channel = workspace.channels.get(what)
            return f"#{channel.name if channel else label or what}"
        return label or f"@{what}"

    return unescape(_MENTION.sub(written_out, text))


def place(workspace: Workspace, channel_id: str) -> str:
    """A conversation as people call it: `#ops`, and a DM with the bot by the person, `@alice`."""
    channel = workspace.channels[channel_id]
    if channel.is_channel:
        return f"#{channel.name}"
    others = [workspace.people[member].name for member in channel.members if member != workspace.bot.id]
    return ", ".join(f"@{name}" for name in others)


def all_blocks(message: Message) -> list[Mapping[str, Any]]:
    """The blocks of a message, those in its attachments included."""
    attached = [block for attachment in message.attachments for block in attachment.get("blocks") or ()]
    return [*message.blocks, *attached]


def texts_of(blocks: Sequence[Mapping[str, Any]]) -> list[str]:
    """The texts that blocks show, in order; those of buttons and selects left out."""
    found: list[str] = []
    for block in blocks:
        for holder in (block.get("text"), block.get("title"), block.get("label"), *(block.get("fields") or ())):
            found += _text_in(holder)
        if block.get("type") == "context":
            found += [text for element in block.get("elements") or () for text in _text_in(element)]
        if block.get("type") == "rich_text":
            found.append("".join(_rich_texts(block.get("elements") or ())))
    return found


def _text_in(holder: object) -> list[str]:
    if isinstance(holder, Mapping):
        text = holder.get("text")
        return [text] if isinstance(text, str) else []
    return [holder] if isinstance(holder, str) else []


def _rich_texts(elements: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for element in elements:
        if element.get("type") == "user":
            yield f"<@{element.get('user_id')}>"
        elif element.get("type") == "channel":
            yield f"<#{element.get('channel_id')}>"
        else:
            yield str(element.get("text") or element.get("url") or "")
        yield from _rich_texts(element.get("elements") or ())


def _labels(blocks: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """What is written on each interactive element, or its action id; and its type."""
    for element in elements_of(blocks):
        shown = element.element.get("text") or element.element.get("placeholder") or {}
        yield str(shown.get("text") or element.action_id), element.type
