"""What one does in the chat, done in the workspace: using blocks, editing, deleting, reacting, the home tab."""

from __future__ import annotations

from collections.abc import Coroutine
from functools import partial
from typing import Any

from machine.errors import MachineError
from machine_console.app.investigating import InvestigatingWindow
from machine_console.blockkit.controls import Option
from machine_console.panes.chat.block_interactions import BlockUser
from machine_console.panes.chat.pane import ChatPane
from machine_console.panes.chat.sandbox_chat import SandboxChat
from machine_console.screens.dialogs import ChoiceScreen, ConfirmScreen
from machine_console.screens.modal import ViewScreen
from machine_console.text.emoji_names import EMOJI

_HOME_WITHIN_S = 1.0
"""How long an app may take to publish its home tab before somebody is told that it has none."""
_ONLY_PEOPLE = "In a real workspace only people do that. Do it in Slack itself."


class ChattingWindow(InvestigatingWindow):
    """The window with a chat in which everything works."""

    _blocks: BlockUser | None = None

    def show_chat(self) -> None:
        """Show the conversation as it is now."""
        raise NotImplementedError

    def use_workspace(self, chat: SandboxChat, blocks: BlockUser) -> None:
        """Let people act in this workspace."""
        self.chat, self._blocks = chat, blocks

    def on_chat_pane_speaker_changed(self) -> None:
        """What is chosen in messages is each person's own."""
        self.show_chat()

    def on_chat_pane_control_used(self, event: ChatPane.ControlUsed) -> None:
        """Use it, as the one who speaks."""
        chat, blocks = self.chat, self._blocks
        if not isinstance(chat, SandboxChat) or blocks is None:
            self.tell(_ONLY_PEOPLE, title="Chat", severity="warning")
            return
        surface = chat.surface(event.channel_id, event.ts)
        if surface is not None:
            self._act(blocks.use(event.person_id, surface, event.used))

    def on_chat_pane_message_edited(self, event: ChatPane.MessageEdited) -> None:
        """Edit it."""
        self._act(self._edit_message(event))

    def on_chat_pane_message_action(self, event: ChatPane.MessageAction) -> None:
        """Delete it, or react to it."""
        self._act(self._delete(event) if event.what == "delete" else self._react(event))

    def on_chat_pane_home_wanted(self, event: ChatPane.HomeWanted) -> None:
        """Open the app's home tab."""
        self._act(self._open_home(event.person_id))

    def on_view_screen_control_used(self, event: ViewScreen.ControlUsed) -> None:
        """Use it, as the one who sees the view."""
        if self._blocks is not None:
            self._act(self._blocks.use(event.view.user, event.view, event.used))

    def on_view_screen_submitted(self, event: ViewScreen.Submitted) -> None:
        """Submit the modal."""
        if self._blocks is not None:
            self._act(self._blocks.submit(event.view))

    def on_view_screen_closed(self, event: ViewScreen.Closed) -> None:
        """Close the view."""
        if self._blocks is not None:
            self._act(self._blocks.leave(event.view))

    async def _edit_message(self, event: ChatPane.MessageEdited) -> None:
        self._people_only().edit(event.channel_id, event.person_id, event.ts, event.text)

    async def _delete(self, event: ChatPane.MessageAction) -> None:
        chat = self._people_only()
        if await self.push_screen_wait(ConfirmScreen("Delete the message?", "The bot hears of it, as in Slack.")):
            chat.delete(event.channel_id, event.person_id, event.ts)

    async def _react(self, event: ChatPane.MessageAction) -> None:
        chat = self._people_only()
        options = [Option(name, f"{picture} {name}") for name, picture in EMOJI.items()]
        for emoji in await self.push_screen_wait(ChoiceScreen("React with", options)) or ():
            chat.react(event.channel_id, event.person_id, event.ts, emoji)

    async def _open_home(self, person_id: str) -> None:
        if self._blocks is None:
            raise MachineError(_ONLY_PEOPLE)
        if not self._blocks.open_home(person_id):
            self.set_timer(_HOME_WITHIN_S, partial(self._tell_of_home, self._blocks, person_id))

    def _tell_of_home(self, blocks: BlockUser, person_id: str) -> None:
        if blocks.awaits_home(person_id):
            self.tell(
                "The app was told that they look. It has no home tab for them yet; it opens if the app publishes one.",
                title="Home",
            )

    def _people_only(self) -> SandboxChat:
        if not isinstance(self.chat, SandboxChat):
            raise MachineError(_ONLY_PEOPLE)
        return self.chat

    def _act(self, work: Coroutine[Any, Any, None]) -> None:
        self.run_worker(self._told(work), group="chat", exit_on_error=False)

    async def _told(self, work: Coroutine[Any, Any, None]) -> None:
        """Do it, and say what was refused."""
        try:
            await work
        except MachineError as error:
            self.tell(str(error), title="Chat", severity="error")
