"""What people do in the sandbox besides speaking: edit, react, use blocks, fill in modals, look at the home tab."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Sequence

from machine.errors import MachineError
from machine.sandbox import Workspace
from machine.sandbox.delivery.interactions import Interaction
from machine.sandbox.refusal import SlackRefusal
from machine.sandbox.state.changes import Change, HomePublished, ViewClosed, ViewOpened, ViewUpdated
from machine.sandbox.state.objects import Message, View
from machine_console.blockkit.controls import Option, mapping, text_of
from machine_console.blockkit.elements import options_of
from machine_console.session.chat import ChatView, Surface, ViewChange
from machine_console.text.formatting import Names

_MAX_CHANGES = 1_000
"""Changes of views that wait to be looked at; there are never more than a handful."""


class SandboxActions:
    """Acts as the people of a workspace; see `machine_console.session.chat.PersonActions`.

    Args:
        workspace: Where it happens.
        names: What its people and channels are called.
        changed: Called when what is chosen in a message has changed.
    """

    def __init__(self, workspace: Workspace, names: Names, changed: Callable[[], None]) -> None:
        self._workspace = workspace
        self._names = names
        self._changed = changed
        self._view_changes: deque[ViewChange] = deque(maxlen=_MAX_CHANGES)
        self._unsubscribe = workspace.subscribe(self._happened)

    def close(self) -> None:
        """Stop listening."""
        self._unsubscribe()

    async def edit(self, channel_id: str, person_id: str, ts: str, text: str) -> None:
        """Edit a person's own message."""
        self._workspace.edit(person_id, channel_id, ts, text)

    async def delete(self, channel_id: str, person_id: str, ts: str) -> None:
        """Delete a person's own message."""
        self._workspace.delete(person_id, channel_id, ts)

    async def react(self, channel_id: str, person_id: str, ts: str, emoji: str) -> None:
        """Add a reaction, or take it back if this person has made it already."""
        message = self._workspace.messages.known(channel_id, ts)
        has = person_id in message.reactions.get(emoji, ())
        (self._workspace.unreact if has else self._workspace.react)(person_id, channel_id, ts, emoji)

    async def click(self, person_id: str, surface: Surface, action_id: str, value: str | None) -> None:
        """Click a button."""
        await self._done(surface, self._workspace.click(person_id, self._find(surface), action_id, value))

    async def choose(self, person_id: str, surface: Surface, action_id: str, choices: Sequence[str]) -> None:
        """Choose from what there is."""
        await self._done(surface, self._workspace.choose(person_id, self._find(surface), action_id, *choices))

    async def pick(self, person_id: str, surface: Surface, action_id: str, value: str | int | None) -> None:
        """Pick a day, a time or a moment, or enter a text."""
        await self._done(surface, self._workspace.pick(person_id, self._find(surface), action_id, value))

    async def offered(self, person_id: str, surface: Surface, action_id: str, query: str) -> Sequence[Option]:
        """What the app offers in an external select."""
        asking = self._workspace.ask_options(person_id, self._find(surface), action_id, query)
        return options_of(mapping(await asking.answer))

    def people(self) -> Sequence[Option]:
        """Everybody, bots among them."""
        people = (person for person in self._workspace.people.values() if person.id != "USLACKBOT")
        return [Option(person.id, f"@{person.name}", person.real_name) for person in people]

    def conversations(self, *, only_channels: bool) -> Sequence[Option]:
        """Every conversation, or the channels alone."""
        found = (one for one in self._workspace.channels.values() if not only_channels or one.kind == "channel")
        return [Option(one.id, self._names.channel(one.id)) for one in found]

    async def submit(self, view: ChatView) -> None:
        """Submit a modal; inputs that hold nothing, or what Slack does not take, say so instead."""
        try:
            submission = self._workspace.submit_view(view.user, view=self._workspace.views.find(view.id))
        except SlackRefusal as refusal:
            if refusal.error not in {"missing_input", "invalid_input"}:
                raise
        else:
            await submission.answer

    async def close_view(self, view: ChatView) -> None:
        """Close a modal."""
        closing = self._workspace.close_view(view.user, self._workspace.views.find(view.id))
        if closing is not None:
            await closing.answer

    async def open_home(self, person_id: str) -> ChatView | None:
        """Open the app's home tab."""
        view = self._workspace.open_home(person_id)
        return _shown(view) if view is not None else None

    def take_view_changes(self) -> Sequence[ViewChange]:
        """What happened to modals and home tabs since the last time."""
        if not self._view_changes:
            return ()
        taken, self._view_changes = self._view_changes, deque(maxlen=_MAX_CHANGES)
        return list(taken)

    def _find(self, surface: Surface) -> Message | View:
        if isinstance(surface, ChatView):
            return self._workspace.views.find(surface.id)
        message = self._workspace.messages.get(surface.channel_id, surface.ts)
        if message is None:
            raise MachineError("The message is gone.")
        return message

    async def _done(self, surface: Surface, interaction: Interaction) -> None:
        """Show at once what is chosen now, then wait for the app's answer."""
        if isinstance(surface, ChatView):
            with contextlib.suppress(MachineError):  # the app has closed it
                self._view_changes.append(ViewChange("updated", _shown(self._workspace.views.find(surface.id))))
        self._changed()
        await interaction.answer

    def _happened(self, change: Change) -> None:
        match change:
            case ViewOpened(view=view):
                self._view_changes.append(ViewChange("opened", _shown(view)))
            case HomePublished(view=view):
                self._view_changes.append(ViewChange("published", _shown(view)))
            case ViewUpdated(view=view):
                self._view_changes.append(ViewChange("updated", _shown(view)))
            case ViewClosed(view=view):
                self._view_changes.append(ViewChange("closed", _shown(view)))


def _shown(view: View) -> ChatView:
    return ChatView(
        id=view.id,
        user=view.user,
        type=view.type,
        title=view.title,
        submit=text_of(view.content.get("submit")),
        close=text_of(view.content.get("close")),
        blocks=view.blocks,
        values=view.values,
        errors=view.errors,
    )
