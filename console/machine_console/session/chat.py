"""The conversations as values, and what can be done in them, wherever they are: in the sandbox or in Slack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, Protocol, TypeAlias

from machine_console.blockkit.controls import Option


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


@dataclass(frozen=True, slots=True)
class MessageRef:
    """Leads to a message."""

    channel_id: str
    ts: str


@dataclass(frozen=True, slots=True)
class ChatView:
    """A modal or home tab of one person, as it stands.

    Attributes:
        user: Id of whoever has it on screen.
        type: `modal` or `home`.
        title: The title of a modal; empty for a home tab.
        submit: What its submit button says; empty where the app gave it none.
        close: What its close button says; likewise.
        blocks: Its blocks, each with an id.
        values: What is entered or chosen, by block id and action id.
        errors: What is wrong with the last submission, by block id.
    """

    id: str
    user: str
    type: str
    title: str
    submit: str
    close: str
    blocks: tuple[Mapping[str, Any], ...]
    values: Mapping[str, Any]
    errors: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ViewChange:
    """Something happened to a view; `published` is a home tab that the app has set."""

    what: Literal["opened", "updated", "published", "closed"]
    view: ChatView


Surface: TypeAlias = MessageRef | ChatView
"""Where blocks are used."""


class PersonActions(Protocol):
    """What Slack lets only people do.

    Methods raise `MachineError` where Slack would refuse it, or where the app does not answer.
    """

    async def edit(self, channel_id: str, person_id: str, ts: str, text: str) -> None:
        """Edit a person's own message."""

    async def delete(self, channel_id: str, person_id: str, ts: str) -> None:
        """Delete a person's own message."""

    async def react(self, channel_id: str, person_id: str, ts: str, emoji: str) -> None:
        """Add a reaction, or take it back if this person has made it already."""

    async def click(self, person_id: str, surface: Surface, action_id: str, value: str | None) -> None:
        """Click a button; `value` tells those with the same action id apart."""

    async def choose(self, person_id: str, surface: Surface, action_id: str, choices: Sequence[str]) -> None:
        """Choose from what there is; none at all clears it."""

    async def pick(self, person_id: str, surface: Surface, action_id: str, value: str | int | None) -> None:
        """Pick a day, a time or a moment, or enter a text; `None` clears it."""

    async def offered(self, person_id: str, surface: Surface, action_id: str, query: str) -> Sequence[Option]:
        """What the app offers in an external select."""

    def people(self) -> Sequence[Option]:
        """Who can be chosen where people are to be chosen."""

    def conversations(self, *, only_channels: bool) -> Sequence[Option]:
        """What can be chosen where conversations are to be chosen."""

    async def submit(self, view: ChatView) -> None:
        """Submit a modal; where something that must be there is missing, its inputs say so."""

    async def close_view(self, view: ChatView) -> None:
        """Close a modal."""

    async def open_home(self, person_id: str) -> ChatView | None:
        """Open the app's home tab; `None` where the app has published none yet."""

    def take_view_changes(self) -> Sequence[ViewChange]:
        """What happened to modals and home tabs since the last time this was asked."""


class ChatSource(Protocol):
    """Where the conversations come from: the sandbox, or what the bot sees of a real workspace."""

    @property
    def actions(self) -> PersonActions | None:
        """What only people can do; `None` in a real workspace, where they do it in Slack itself."""

    @property
    def version(self) -> int:
        """Grows when something happens; cheaper to ask for than what it was."""

    def channels(self) -> Sequence[ChatChannel]:
        """The conversations, in the order in which they are listed."""

    def people(self) -> Sequence[ChatPerson]:
        """Whom one can speak as."""

    def shown(self, channel_id: str, person_id: str) -> Sequence[ChatMessage]:
        """What was said in a conversation as a person sees it, oldest first."""

    def seen(self, channel_id: str) -> None:
        """Somebody looks at the conversation."""

    async def say(self, channel_id: str, person_id: str, text: str, thread_ts: str | None = None) -> str | None:
        """Post a message, or run a slash command; returns what a person should be told about it, if anything.

        Raises:
            MachineError: It could not be done; the message says why.
        """
