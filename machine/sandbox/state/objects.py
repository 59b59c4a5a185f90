"""What a workspace is made of, as values: people, conversations, messages, drafts, files, views.

The collections beside this module keep them and hold them to Slack's rules.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

JsonObject: TypeAlias = Mapping[str, Any]
Blocks: TypeAlias = tuple[JsonObject, ...]
Kind: TypeAlias = Literal["channel", "private", "im", "mpim"]
Values: TypeAlias = dict[str, dict[str, dict[str, Any]]]
"""What elements hold, by block id and action id."""


@dataclass(frozen=True, slots=True)
class Person:
    """A member of the workspace, a bot user included.

    Attributes:
        id: Begins with `U`.
        name: What is typed after `@`; unique in the workspace.
        bot_id: The id of the bot behind a bot user, begins with `B`.
        presence: `active` or `away`.
        tz: An IANA time zone name.
        updated: When the profile last changed, in seconds since 1970.
    """

    id: str
    name: str
    real_name: str = ""
    display_name: str = ""
    email: str | None = None
    title: str = ""
    phone: str = ""
    status_text: str = ""
    status_emoji: str = ""
    tz: str = "Etc/UTC"
    presence: str = "active"
    is_bot: bool = False
    is_admin: bool = False
    is_owner: bool = False
    is_restricted: bool = False
    is_deleted: bool = False
    bot_id: str | None = None
    updated: int = 0


@dataclass(slots=True, eq=False)
class Conversation:
    """A channel or direct message; the workspace changes it in place.

    Attributes:
        id: Begins with `C`, or with `D` for a DM.
        name: Without `#`; empty for a DM.
        kind: `channel` (public), `private`, `im` (DM) or `mpim` (group DM).
        members: Ids of the members, in the order in which they joined.
        created: Seconds since 1970.
        is_general: The one channel nobody can leave.
        last_read: Up to which message a person has read, by user id.
    """

    id: str
    name: str
    kind: Kind
    creator: str
    created: int
    members: dict[str, None] = field(default_factory=dict)
    topic: str = ""
    purpose: str = ""
    topic_set: tuple[str, int] = ("", 0)
    purpose_set: tuple[str, int] = ("", 0)
    previous_names: list[str] = field(default_factory=list)
    last_read: dict[str, str] = field(default_factory=dict)
    is_archived: bool = False
    is_general: bool = False
    is_open: bool = True

    @property
    def is_dm(self) -> bool:
        """Between two people, with no name and no membership to change."""
        return self.kind == "im"

    @property
    def is_channel(self) -> bool:
        """A public or private channel, so one with a name, members and a topic."""
        return self.kind in {"channel", "private"}

    def partner_of(self, user: str) -> str:
        """The other one in a DM; `user` itself in a DM with oneself."""
        return next((member for member in self.members if member != user), user)


@dataclass(frozen=True, slots=True)
class File:
    """An uploaded file.

    Attributes:
        id: Begins with `F`.
        created: Seconds since 1970.
        channels: Ids of the channels it was shared in.
        content: The bytes; empty until they were uploaded.
    """

    id: str
    name: str
    title: str
    user: str
    created: int
    size: int
    content: bytes = b""
    channels: tuple[str, ...] = ()
    alt_text: str | None = None
    is_complete: bool = False

    @property
    def mimetype(self) -> str:
        """As the name suggests."""
        return mimetypes.guess_type(self.name)[0] or "application/octet-stream"

    @property
    def filetype(self) -> str:
        """Slack's short name for the type: the suffix of the name."""
        suffix = self.name.rpartition(".")[2] if "." in self.name else ""
        return suffix.lower() or "binary"


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it stands; an edit makes a new value with the same `ts`.

    Attributes:
        ts: When it was posted; identifies it within its channel.
        channel: Id of the channel.
        user: Id of the author.
        text: As Slack keeps it: mentions as `<@U…>`, `&`, `<` and `>` escaped.
        thread_ts: The `ts` of the message its thread hangs on, for the replies and for that message itself.
        reactions: Who reacted, by name of the emoji.
        edited: Who edited it last, and the timestamp of that; `None` if nobody did.
        ephemeral_to: The only person who sees it; `None` for an ordinary message.
        username: The name a bot gave itself for this message.
        icons: The picture it gave itself, as `emoji` or `image_48`.
        details: Fields that only its subtype has, such as `topic` or `inviter`.
        replies: Timestamps of the replies, oldest first, on the message a thread hangs on.
        repliers: Ids of the people who replied.
    """

    ts: str
    channel: str
    user: str
    text: str
    thread_ts: str | None = None
    blocks: Blocks = ()
    attachments: Blocks = ()
    files: tuple[File, ...] = ()
    reactions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    edited: tuple[str, str] | None = None
    ephemeral_to: str | None = None
    subtype: str | None = None
    bot_id: str | None = None
    metadata: JsonObject | None = None
    username: str | None = None
    icons: JsonObject | None = None
    details: JsonObject = field(default_factory=dict)
    replies: tuple[str, ...] = ()
    repliers: tuple[str, ...] = ()
    is_broadcast: bool = False

    @property
    def is_edited(self) -> bool:
        """Whether it no longer reads as it was posted."""
        return self.edited is not None

    @property
    def is_by_bot(self) -> bool:
        """Whether an app posted it."""
        return self.bot_id is not None

    @property
    def is_reply(self) -> bool:
        """Whether it hangs below another message."""
        return self.thread_ts is not None and self.thread_ts != self.ts

    @property
    def is_in_channel(self) -> bool:
        """Whether the channel itself shows it: not a reply, or one that was also sent to the channel."""
        return not self.is_reply or self.is_broadcast


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


@dataclass(frozen=True, slots=True)
class View:
    """A modal or home tab of one person, as it stands; an update makes a new value with the same id.

    Attributes:
        id: Begins with `V`.
        content: The view as the app gave it.
        blocks: Its blocks, with the ids that Slack adds.
        values: What was entered or chosen, by block id and action id.
        hash: Changes with each update.
        errors: What Slack or the app found wrong with the last submission, by block id.
    """

    id: str
    user: str
    type: str
    content: Mapping[str, Any]
    blocks: tuple[dict[str, Any], ...]
    values: Values
    hash: str
    root_id: str
    previous_id: str | None = None
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def callback_id(self) -> str:
        """What the app calls it; empty if it gave no name."""
        return str(self.content.get("callback_id") or "")

    @property
    def title(self) -> str:
        """The title of a modal; empty for a home tab."""
        title = self.content.get("title")
        return str(title.get("text", "")) if isinstance(title, Mapping) else ""


Surface: TypeAlias = Message | View
"""Where elements are shown."""
