"""The sandbox's conversations, as they happen."""

from __future__ import annotations

from dataclasses import replace

from machine.sandbox import Workspace
from machine.sandbox.state.changes import (
    Change,
    MessageChanged,
    MessageDeleted,
    MessagePosted,
    ReactionAdded,
    ReactionRemoved,
)
from machine.sandbox.state.objects import Conversation, Message
from machine.slack.text_encoding import TypedNames
from machine_console.session.chat import ChatChannel, ChatMessage, ChatPerson
from machine_console.session.chat_log import ChatLog
from machine_console.session.sandbox_actions import SandboxActions
from machine_console.text.formatting import readable
from machine_console.text.names import SandboxNames

_DM_TO_BE = "dm:"
"""Marks the direct message of a person who has not written to the bot yet; it is opened with the first message."""


class SandboxChat:
    """Listens to the workspace, and speaks in it as its people.

    Attributes:
        actions: What else its people do.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.log = ChatLog()
        self.names: TypedNames = workspace.names
        self._workspace = workspace
        self._names = SandboxNames(workspace)
        self.actions = SandboxActions(workspace, self._names, self._touch)
        for channel_id in workspace.channels:
            for message in workspace.history(channel_id):
                self._put(message, is_news=False)
        self._unsubscribe = workspace.subscribe(self._changed)

    @property
    def version(self) -> int:
        """Grows with each change."""
        return self.log.version

    def close(self) -> None:
        """Stop listening."""
        self._unsubscribe()
        self.actions.close()

    def seen(self, channel_id: str) -> None:
        """Somebody looks at the conversation."""
        self.log.seen(channel_id)

    def shown(self, channel_id: str, person_id: str) -> list[ChatMessage]:
        """What was said, with what this person has chosen in it."""
        return [self._with_choices(channel_id, person_id, one) for one in self.log.messages(channel_id)]

    def _with_choices(self, channel_id: str, person_id: str, shown: ChatMessage) -> ChatMessage:
        message = self._workspace.messages.get(channel_id, shown.ts) if shown.blocks or shown.attachments else None
        return shown if message is None else replace(shown, values=self._workspace.values_of(person_id, message))

    def people(self) -> list[ChatPerson]:
        """Everybody but the bots."""
        return [ChatPerson(person.id, person.name) for person in self._workspace.people.values() if not person.is_bot]

    def channels(self) -> list[ChatChannel]:
        """Channels and group messages by name, then everybody's direct messages with the bot."""
        shared = [one for one in self._workspace.channels.values() if one.kind != "im" and not one.is_archived]
        listed = [self._entry(one.id, self._names.channel(one.id)) for one in shared]
        return [*listed, *(self._dm(person) for person in self.people())]

    def _entry(self, channel_id: str, label: str, person_id: str | None = None) -> ChatChannel:
        return ChatChannel(channel_id, label, person_id is not None, person_id, self.log.unread(channel_id))

    def _dm(self, person: ChatPerson) -> ChatChannel:
        members = {person.id, self._workspace.bot.id}
        opened = (
            one.id for one in self._workspace.channels.values() if one.kind == "im" and set(one.members) == members
        )
        return self._entry(next(opened, f"{_DM_TO_BE}{person.id}"), f"@{person.name}", person.id)

    async def say(self, channel_id: str, person_id: str, text: str, thread_ts: str | None = None) -> str | None:
        """Post as a person, or run a slash command; see `ChatSource.say`."""
        channel = self._opened(channel_id)
        if text.startswith("/"):
            return await self._run_command(person_id, channel.id, text, thread_ts)
        self._workspace.post(person_id, channel.id, text, thread_ts)
        return None

    def _opened(self, channel_id: str) -> Conversation:
        if channel_id.startswith(_DM_TO_BE):
            return self._workspace.open_dm(channel_id.removeprefix(_DM_TO_BE))
        return self._workspace.channels[channel_id]

    async def _run_command(self, person_id: str, channel_id: str, text: str, thread_ts: str | None) -> str | None:
        run = self._workspace.run_command(person_id, channel_id, text, thread_ts)
        await run.answer
        return None

    def _changed(self, change: Change) -> None:
        match change:
            case MessagePosted() | MessageChanged() | ReactionAdded() | ReactionRemoved():
                self._put(change.message)
            case MessageDeleted():
                self.log.remove(change.message.channel, change.message.ts)
            case _:
                self._touch()

    def _touch(self) -> None:
        self.log.version += 1

    def _put(self, message: Message, *, is_news: bool = True) -> None:
        self.log.put(message.channel, self._shown(message), is_news=is_news)

    def _shown(self, message: Message) -> ChatMessage:
        return ChatMessage(
            ts=message.ts,
            author=message.username or self._names.person(message.user),
            text="" if message.blocks else readable(message.text, self._names),
            mrkdwn=message.text,
            is_bot=message.is_by_bot,
            thread_ts=message.thread_ts,
            reactions=tuple((emoji, len(users)) for emoji, users in message.reactions.items() if users),
            is_edited=message.is_edited,
            ephemeral_to=self._names.person(message.ephemeral_to) if message.ephemeral_to else None,
            extras=tuple(f"file: {file.name}" for file in message.files),
            blocks=tuple(message.blocks),
            attachments=tuple(message.attachments),
            person_id=message.user,
        )
