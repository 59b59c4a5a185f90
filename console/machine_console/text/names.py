"""What people and channels are called: in the sandbox, and in a real workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from machine.slack.directory import Directory

if TYPE_CHECKING:  # a console against real Slack loads no sandbox
    from machine.sandbox import Workspace


class SandboxNames:
    """Names from the embedded workspace, which knows everybody."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def person(self, user_id: str) -> str:
        """The person's handle; an unknown id as it is."""
        person = self._workspace.people.get(user_id)
        return person.name if person else user_id

    def channel(self, channel_id: str) -> str:
        """`#general`, or `@alice` for her direct messages with the bot; an unknown id as it is."""
        channel = self._workspace.channels.get(channel_id)
        if channel is None:
            return channel_id
        if channel.kind == "im":
            return f"@{self.person(channel.partner_of(self._workspace.bot.id))}"
        if channel.kind == "mpim":
            return "@" + ",".join(self.person(member) for member in channel.members)
        return f"#{channel.name}"


class LiveNames:
    """Names as far as the bot has learnt them."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def person(self, user_id: str) -> str:
        """The person's handle; an unknown id as it is."""
        user = self._directory.users.get(user_id)
        return (user.name or user.real_name or user_id) if user else user_id

    def channel(self, channel_id: str) -> str:
        """`#general`, or `@alice` for her direct messages with the bot; an unknown id as it is."""
        channel = self._directory.channels.get(channel_id)
        if channel is None:
            return channel_id
        if channel.is_im and channel.user:
            return f"@{self.person(channel.user)}"
        return f"#{channel.name}" if channel.name else channel_id
