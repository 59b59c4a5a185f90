"""The sandbox's conversations for the chat pane, as they happen."""

from __future__ import annotations

from console.chat import ChatChannel, ChatLog, ChatMessage, ChatPerson, block_lines
from console.names import SandboxNames
from console.summary import readable
from machine.sandbox import Workspace
from machine.sandbox.changes import (
    Change,
    MessageChanged,
    MessageDeleted,
    MessagePosted,
    ReactionAdded,
    ReactionRemoved,
)
from machine.sandbox.conversations import Conversation
from machine.sandbox.messages import Message

_DM_TO_BE = "dm:"
"""Marks the direct message of a person who has not written to the bot yet; it is opened with the first message."""


class SandboxChat:
    """Listens to the workspace and acts in it as its people."""

    is_live = False

    def __init__(self, workspace: Workspace) -> None:
        self.log = ChatLog()
        self._workspace = workspace
        self._names = SandboxNames(workspace)
        for channel_id in workspace.channels:
            for message in workspace.history(channel_id):
                self._put(message, is_news=False)
        self._unsubscribe = workspace.subscribe(self._changed)

    def close(self) -> None:
        """Stop listening."""
        self._unsubscribe()

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

    async def say(self, channel_id: str, person_id: str, text: str) -> str | None:
        """Post as a person, or run a slash command; see `ChatSource.say`."""
        channel = self._opened(channel_id)
        if text.startswith("/"):
            return await self._run_command(person_id, channel.id, text)
        self._workspace.post(person_id, channel.id, text)
        return None

    def _opened(self, channel_id: str) -> Conversation:
        if channel_id.startswith(_DM_TO_BE):
            return self._workspace.open_dm(channel_id.removeprefix(_DM_TO_BE))
        return self._workspace.channels[channel_id]

    async def _run_command(self, person_id: str, channel_id: str, text: str) -> str | None:
        run = self._workspace.run_command(person_id, channel_id, text)
        await run.answer
        return None

    def _changed(self, change: Change) -> None:
        match change:
            case MessagePosted() | MessageChanged() | ReactionAdded() | ReactionRemoved():
                self._put(change.message)
            case MessageDeleted():
                self.log.remove(change.message.channel, change.message.ts)
            case _:
                self.log.version += 1

    def _put(self, message: Message, *, is_news: bool = True) -> None:
        self.log.put(message.channel, self._shown(message), is_news=is_news)

    def _shown(self, message: Message) -> ChatMessage:
        extras = [f"file: {file.name}" for file in message.files]
        if message.blocks:
            extras = block_lines(message.blocks, self._names) + extras
        for attachment in message.attachments:
            extras += readable(
                str(attachment.get("text") or attachment.get("fallback") or ""), self._names
            ).splitlines()
        return ChatMessage(
            ts=message.ts,
            author=message.username or self._names.person(message.user),
            text="" if message.blocks else readable(message.text, self._names),
            is_bot=message.is_by_bot,
            thread_ts=message.thread_ts,
            reactions=tuple((emoji, len(users)) for emoji, users in message.reactions.items() if users),
            is_edited=message.is_edited,
            ephemeral_to=self._names.person(message.ephemeral_to) if message.ephemeral_to else None,
            extras=tuple(extras),
        )
