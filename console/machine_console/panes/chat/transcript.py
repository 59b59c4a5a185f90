"""A conversation as a document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta, tzinfo

from machine.slack.emoji import picture_of
from machine_console.blockkit.layout import Layout
from machine_console.blockkit.mrkdwn import mrkdwn_lines
from machine_console.session.chat import ChatMessage
from machine_console.text.document_tree import Node
from machine_console.text.formatting import IdsOnly, Names, clock
from machine_console.text.styled_text import Line, Part, line, plain

_SAME_BREATH = timedelta(minutes=5)
"""Messages of one person closer together than this are shown under one name."""


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
        shown = "  ".join(f"{picture_of(name) or f':{name}:'} {count}" for name, count in message.reactions)
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
