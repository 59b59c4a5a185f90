"""What is said in the workspace of a test: who and where, and what of it the bot has posted."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from machine.errors import WorkspaceError
from machine.models import Channel, User
from machine.sandbox import Change, Workspace
from machine.sandbox.state.changes import MessagePosted
from machine.sandbox.state.objects import Conversation, Message, Person
from machine.testing.messages import SentMessage

__tracebackhide__ = True  # pytest shows the line of the test, not those in here

T = TypeVar("T")


class Conversations:
    """The conversations of a workspace; what the bot posts is noticed from now on.

    Attributes:
        posted: What the bot has posted, as it was then.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.posted: list[Message] = []
        self._workspace = workspace
        workspace.subscribe(self._notice)

    def person(self, name: str) -> Person:
        """Somebody by name, id or e-mail address.

        Raises:
            WorkspaceError: There is nobody called so.
        """
        return _named(self._workspace.find_person, name)

    def channel(self, which: str) -> Conversation:
        """The channel `#ops`, or for `@alice` the bot's DM with her.

        Raises:
            WorkspaceError: There is none.
        """
        if which.startswith("@"):
            return self._workspace.open_dm(self.person(which))
        return _named(self._workspace.find_channel, which)

    def create(self, name: str, members: list[str], *, is_private: bool) -> None:
        """Create a channel with the people who have these ids, by default with everybody, and the bot."""
        bot = self._workspace.bot.id
        ids = members or list(self._workspace.people)
        creator = next(user for user in ids if user != bot)
        self._workspace.create_channel(name, creator, is_private=is_private, members=[*ids, bot])

    def messages(self, channel: str | None) -> list[SentMessage]:
        """What the bot has posted, here or anywhere; threads, ephemeral and deleted messages included."""
        place = self.channel(channel).id if channel is not None else None
        return [SentMessage(self._workspace, posted) for posted in self.posted if place in {None, posted.channel}]

    def history(self, channel: str | None) -> list[SentMessage]:
        """What everybody has written, here or anywhere, oldest first; without what was deleted."""
        places = [self.channel(channel).id] if channel is not None else list(self._workspace.channels)
        found = [message for place in places for message in self._workspace.messages.newest_first(place)]
        return [SentMessage(self._workspace, message) for message in sorted(found, key=lambda message: message.ts)]

    def find(
        self, wanted: str | re.Pattern[str], channel: str | None, thread: SentMessage | None
    ) -> SentMessage | None:
        """The first message of the bot that says this."""
        found = thread.thread if thread is not None else self.messages(channel)
        return next((message for message in found if message.is_by_bot and message.contains(wanted)), None)

    def is_silent(self, channel: str | None, since: SentMessage | None) -> bool:
        """Whether the bot has posted nothing."""
        return not [message for message in self.messages(channel) if since is None or message.ts > since.ts]

    def speaker(self, user: str | None, channel: str | None) -> tuple[User, Channel]:
        """Who speaks, anybody by default, and where, by default in their DM with the bot; as the bot knows them."""
        people = self._workspace.people.values()
        who = self.person(user) if user else next(person for person in people if not person.is_bot)
        where = self.channel(channel) if channel is not None else self._workspace.open_dm(who)
        serializer = self._workspace.serializer
        return User.model_validate(serializer.person(who)), Channel.model_validate(serializer.conversation(where))

    def _notice(self, change: Change) -> None:
        if isinstance(change, MessagePosted) and change.message.is_by_bot:  # notices such as "has joined" are not
            self.posted.append(change.message)


def _named(find: Callable[[str], T], name: str) -> T:
    try:
        return find(name)
    except WorkspaceError as error:
        raise WorkspaceError(str(error)) from None  # told where the test gives the name, not within the sandbox
