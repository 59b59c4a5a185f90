"""What changed in the workspace, as frozen values for whoever subscribes: the chat pane, tests, the event feed."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from machine.sandbox.state.objects import Conversation, File, Message, Person, View

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Change:
    """Something changed in the workspace."""


@dataclass(frozen=True, slots=True)
class MessagePosted(Change):
    """A message was posted; an ephemeral one has `message.ephemeral_to` set."""

    message: Message


@dataclass(frozen=True, slots=True)
class MessageChanged(Change):
    """A message was edited, by its author or, as a thread's parent, by a reply."""

    message: Message
    previous: Message


@dataclass(frozen=True, slots=True)
class MessageDeleted(Change):
    """A message is gone."""

    message: Message


@dataclass(frozen=True, slots=True)
class ReactionAdded(Change):
    """Somebody reacted to a message; `message` has the reaction."""

    message: Message
    user: str
    emoji: str


@dataclass(frozen=True, slots=True)
class ReactionRemoved(Change):
    """Somebody took a reaction back; `message` no longer has it."""

    message: Message
    user: str
    emoji: str


@dataclass(frozen=True, slots=True)
class PinAdded(Change):
    """Somebody pinned a message; the channel has `count` pins now."""

    message: Message
    user: str
    count: int


@dataclass(frozen=True, slots=True)
class PinRemoved(Change):
    """Somebody took a pin off; the channel has `count` pins now."""

    message: Message
    user: str
    count: int


@dataclass(frozen=True, slots=True)
class ChannelCreated(Change):
    """A conversation came into being; a DM is created when it is first opened."""

    channel: Conversation
    user: str


@dataclass(frozen=True, slots=True)
class ChannelChanged(Change):
    """A conversation changed.

    Attributes:
        what: `rename`, `archive`, `unarchive`, `topic`, `purpose`, `open` or `close`.
        user: Who did it.
    """

    channel: Conversation
    what: str
    user: str


@dataclass(frozen=True, slots=True)
class MemberJoined(Change):
    """Somebody became a member of a channel."""

    channel: Conversation
    user: str
    inviter: str | None = None


@dataclass(frozen=True, slots=True)
class MemberLeft(Change):
    """Somebody is no longer a member of a channel."""

    channel: Conversation
    user: str


@dataclass(frozen=True, slots=True)
class PersonJoined(Change):
    """Somebody joined the workspace."""

    person: Person


@dataclass(frozen=True, slots=True)
class PersonChanged(Change):
    """A profile, status or presence changed."""

    person: Person
    previous: Person


@dataclass(frozen=True, slots=True)
class HomeOpened(Change):
    """Somebody opened the app's home, on the tab `home` or `messages`."""

    user: str
    channel: Conversation
    tab: str
    view: View | None


@dataclass(frozen=True, slots=True)
class HomePublished(Change):
    """The app published the home tab of a person."""

    view: View


@dataclass(frozen=True, slots=True)
class ViewOpened(Change):
    """A modal is shown to `view.user`, on top of those already open."""

    view: View


@dataclass(frozen=True, slots=True)
class ViewUpdated(Change):
    """A modal shows something else, or the errors of a refused submission."""

    view: View
    previous: View


@dataclass(frozen=True, slots=True)
class ViewClosed(Change):
    """A modal is gone."""

    view: View


@dataclass(frozen=True, slots=True)
class FileChanged(Change):
    """A file was created, shared in a channel, or deleted.

    Attributes:
        what: `created`, `shared` or `deleted`.
        channel: Where it was shared.
    """

    file: File
    what: str
    channel: str | None = None


@dataclass(frozen=True, slots=True)
class BookmarkChanged(Change):
    """A bookmark of a channel was added, edited or removed (`what`)."""

    channel: str
    what: str
    bookmark: dict[str, Any]


Subscriber: TypeAlias = Callable[[Change], None]
Announce: TypeAlias = Callable[[Change], None]


class Changes:
    """Hands changes to subscribers, in the order in which things happened."""

    def __init__(self) -> None:
        self._subscribers: tuple[Subscriber, ...] = ()
        self._waiting: deque[Change] = deque()
        self._is_announcing = False

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Call `subscriber` with each change from now on, until the returned function is called.

        A subscriber must return at once. One that raises is logged, and the others still hear of the change.
        """
        self._subscribers = (*self._subscribers, subscriber)
        return lambda: self._unsubscribe(subscriber)

    def announce(self, change: Change) -> None:
        """Tell every subscriber; what one of them causes is told after that, so that all hear the same order."""
        self._waiting.append(change)
        if self._is_announcing:
            return
        self._is_announcing = True
        try:
            while self._waiting:
                self._tell(self._waiting.popleft())
        finally:
            self._is_announcing = False

    def _tell(self, change: Change) -> None:
        for subscriber in self._subscribers:
            try:
                subscriber(change)
            except Exception:
                _logger.exception("A subscriber of the workspace failed on %s", type(change).__name__)

    def _unsubscribe(self, subscriber: Subscriber) -> None:
        self._subscribers = tuple(other for other in self._subscribers if other is not subscriber)
