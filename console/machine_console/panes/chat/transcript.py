"""What the chat pane shows, as values: channels, people and messages, wherever they come from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Protocol

from machine_console.blockkit.layout import Layout
from machine_console.blockkit.mrkdwn import mrkdwn_lines
from machine_console.text.document_tree import Node
from machine_console.text.emoji_names import EMOJI
from machine_console.text.formatting import IdsOnly, Names, clock, counted
from machine_console.text.styled_text import Line, Part, line, plain

MAX_MESSAGES = 500
"""Messages kept per channel; the newest are what a conversation is about."""
_SAME_BREATH = timedelta(minutes=5)
"""Messages of one person closer together than this are shown under one name."""


@dataclass(frozen=True, slots=True)
class ChatPerson:
    """Somebody one can speak as."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class ChatChannel:
    """A conversation in the list.

    Attributes:
        label: As people write it: `#general`, `@alice`.
        is_dm: Whether it is a direct message with the bot.
        person_id: For a direct message, the person on the other side of the bot.
        unread: Messages since it was last looked at.
    """

    id: str
    label: str
    is_dm: bool = False
    person_id: str | None = None
    unread: int = 0


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """A message as people see it.

    Attributes:
        ts: Slack's timestamp; identifies it in its channel.
        author: The name of who wrote it.
        text: What it says, mentions and links resolved.
        thread_ts: The message whose thread it belongs to, for replies.
        reactions: Emoji names with how many people chose each.
        ephemeral_to: The name of the only person who sees it.
        extras: What cannot be shown as text, in words: files.
        mrkdwn: The text as Slack keeps it, to be drawn in place of `text`; blocks take the place of both.
        blocks: Block Kit blocks.
        attachments: Attachments, drawn below.
        values: What is chosen in the blocks, by block id and action id.
        person_id: Id of who wrote it.
    """

    ts: str
    author: str
    text: str
    is_bot: bool = False
    thread_ts: str | None = None
    reactions: tuple[tuple[str, int], ...] = ()
    is_edited: bool = False
    ephemeral_to: str | None = None
    extras: tuple[str, ...] = ()
    mrkdwn: str | None = None
    blocks: tuple[Mapping[str, Any], ...] = ()
    attachments: tuple[Mapping[str, Any], ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    person_id: str = ""

    @property
    def at(self) -> datetime:
        """When it was posted."""
        try:
            return datetime.fromtimestamp(float(self.ts), UTC)
        except (ValueError, OverflowError, OSError):
            return datetime.fromtimestamp(0, UTC)

    @property
    def is_reply(self) -> bool:
        """Whether it stands in the thread of another message."""
        return self.thread_ts is not None and self.thread_ts != self.ts

    @property
    def names_somebody(self) -> bool:
        """Whether it may mention people or channels, who may be called something else when it is shown again."""
        return bool(self.blocks or self.attachments) or "<" in (self.text if self.mrkdwn is None else self.mrkdwn)


class ChatSource(Protocol):
    """Where the chat pane's conversations come from: the sandbox, or what the bot sees of a real workspace."""

    is_live: bool

    @property
    def log(self) -> ChatLog:
        """What was said, as of now."""

    @property
    def version(self) -> int:
        """Grows when something happens; cheaper to ask for than what it was."""

    def channels(self) -> list[ChatChannel]:
        """The conversations, in the order in which they are listed."""

    def people(self) -> list[ChatPerson]:
        """Whom one can speak as."""

    def shown(self, channel_id: str, person_id: str) -> list[ChatMessage]:
        """What was said in a conversation as a person sees it, oldest first."""

    async def say(self, channel_id: str, person_id: str, text: str, thread_ts: str | None = None) -> str | None:
        """Post a message, or run a slash command; returns what a person should be told about it, if anything.

        Raises:
            MachineError: It could not be done; the message says why.
        """

    def close(self) -> None:
        """Stop listening."""


class ChatLog:
    """The newest messages of every conversation, and which of them have been seen.

    Attributes:
        version: Grows with each change.
    """

    def __init__(self) -> None:
        self._channels: dict[str, dict[str, ChatMessage]] = {}
        self._unread: dict[str, int] = {}
        self.version = 0

    def put(self, channel_id: str, message: ChatMessage, *, is_news: bool = True) -> None:
        """Add a message, or replace the one with the same timestamp."""
        messages = self._channels.setdefault(channel_id, {})
        is_new = message.ts not in messages
        messages[message.ts] = message
        if len(messages) > MAX_MESSAGES:
            del messages[next(iter(messages))]
        if is_new and is_news:
            self._unread[channel_id] = self._unread.get(channel_id, 0) + 1
        self.version += 1

    def missed(self, channel_id: str) -> None:
        """One message more that is not kept, and that nobody has seen."""
        self._unread[channel_id] = self._unread.get(channel_id, 0) + 1

    def remove(self, channel_id: str, ts: str) -> None:
        """Take a message away."""
        self._channels.get(channel_id, {}).pop(ts, None)
        self.version += 1

    def react(self, channel_id: str, ts: str, emoji: str, change: int) -> None:
        """Count one reaction more or less."""
        message = self._channels.get(channel_id, {}).get(ts)
        if message is None:
            return
        counts = dict(message.reactions)
        counts[emoji] = counts.get(emoji, 0) + change
        kept = tuple((name, count) for name, count in counts.items() if count > 0)
        self.put(channel_id, replace(message, reactions=kept))

    def get(self, channel_id: str, ts: str) -> ChatMessage | None:
        """One message, if it is kept."""
        return self._channels.get(channel_id, {}).get(ts)

    def messages(self, channel_id: str) -> list[ChatMessage]:
        """What was said in a conversation, oldest first."""
        return list(self._channels.get(channel_id, {}).values())

    def unread(self, channel_id: str) -> int:
        """How many messages came since the conversation was last seen."""
        return self._unread.get(channel_id, 0)

    def seen(self, channel_id: str) -> None:
        """The conversation is being looked at."""
        self._unread.pop(channel_id, None)


class Transcript:
    """Makes a document of a conversation, again whenever something is said: what was there before keeps its nodes.

    Args:
        timezone: In which times are shown.
        names: What people and channels are called.
    """

    def __init__(self, timezone: tzinfo = UTC, names: Names | None = None) -> None:
        self._timezone = timezone
        self._names = names or IdsOnly()
        self._known: dict[str, _Written] = {}
        self._used: dict[str, _Written] = {}

    def nodes(self, messages: Sequence[ChatMessage]) -> list[Node]:
        """The conversation, oldest first: threads under the messages they hang on."""
        known = {message.ts for message in messages}
        threads: dict[str, list[ChatMessage]] = {}
        roots: list[ChatMessage] = []
        for message in messages:
            if message.thread_ts is not None and message.is_reply and message.thread_ts in known:
                threads.setdefault(message.thread_ts, []).append(message)
            else:
                roots.append(message)
        self._used = {}
        nodes = list(self._talk(roots, threads))
        self._known = self._used
        return nodes

    def _talk(self, messages: Sequence[ChatMessage], threads: Mapping[str, Sequence[ChatMessage]]) -> Iterator[Node]:
        previous: ChatMessage | None = None
        for message in messages:
            yield from self._nodes_of(message, previous)
            if replies := threads.get(message.ts):
                title = (Part(f"{len(replies)} {'reply' if len(replies) == 1 else 'replies'}", "accent"),)
                yield Node(title, f"{message.ts}/thread", list(self._talk(replies, {})))
            previous = message

    def _nodes_of(self, message: ChatMessage, previous: ChatMessage | None) -> list[Node]:
        written = self._known.get(message.ts)
        if written is None or written.message is not message or written.previous is not previous:
            heading = [] if _continues(message, previous) else [_heading(message, self._timezone)]
            written = _Written(message, previous, [*heading, *_body(message, self._timezone, self._names)])
        if not message.names_somebody:
            self._used[message.ts] = written
        return written.nodes


@dataclass(frozen=True, slots=True)
class _Written:
    message: ChatMessage
    previous: ChatMessage | None
    nodes: list[Node]


def ts_of(key: str) -> str:
    """The timestamp of the message that a node of a `Transcript` belongs to, from the node's key."""
    return key.partition("/")[0]


def _continues(message: ChatMessage, previous: ChatMessage | None) -> bool:
    return (
        previous is not None
        and previous.author == message.author
        and previous.ephemeral_to == message.ephemeral_to
        and timedelta() <= message.at - previous.at < _SAME_BREATH
    )


def _heading(message: ChatMessage, timezone: tzinfo) -> Node:
    parts = [
        Part(message.author, "bot" if message.is_bot else "name"),
        Part(f"  {clock(message.at, timezone)}", "dim"),
    ]
    if message.ephemeral_to:
        parts.append(Part(f"  only {message.ephemeral_to} sees this", "warn"))
    return Node(tuple(parts), f"{message.ts}/head")


def message_lines(message: ChatMessage, timezone: tzinfo, names: Names) -> list[Line]:
    """What a message says: its blocks, or its text, then attachments and files."""
    layout = Layout(names, message.values, timezone=timezone)
    rows = list(layout.lines(message.blocks))
    if not rows:
        source = message.text if message.mrkdwn is None else message.mrkdwn
        rows = mrkdwn_lines(source, names, timezone=timezone) if source else []
    for attachment in message.attachments:
        rows += layout.attachment(attachment)
    return rows + [line(Part(extra, "code" if extra.startswith("[") else "")) for extra in message.extras]


def _body(message: ChatMessage, timezone: tzinfo, names: Names) -> Iterator[Node]:
    rows = message_lines(message, timezone, names)
    for position, row in enumerate(rows):
        is_last = position == len(rows) - 1
        edited = (Part("  edited", "dim"),) if message.is_edited and is_last else ()
        yield Node((Part("  "), *row, *edited), f"{message.ts}/{position}", whole=lambda: "\n".join(map(plain, rows)))
    if message.reactions:
        shown = "  ".join(f"{EMOJI.get(name, f':{name}:')} {count}" for name, count in message.reactions)
        yield Node((Part("  "), Part(shown, "number")), f"{message.ts}/reactions")


EMPTY_CONVERSATION = (
    line(Part("Nothing has been said here yet.", "dim")),
    line(Part("Type below and press Enter: the bot reads along.", "dim")),
)


def unread_label(number: int) -> str:
    """How many unread messages, short; empty for none."""
    return "" if not number else str(number) if number < 100 else "99+"


def typing_hint(channel: str, speaker: str, *, is_live: bool) -> str:
    """What the empty input says."""
    if is_live:
        return f"LIVE: says in {channel} as the bot"
    return f"Message {channel} as {speaker}"


def said_count(messages: Sequence[ChatMessage]) -> str:
    """How much has been said."""
    return counted(len(messages), "message")
