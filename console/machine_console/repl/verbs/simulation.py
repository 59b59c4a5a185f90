"""What people do, without them: done by a person of the sandbox, or made up for the bot alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from machine.bot import Machine
from machine.envelope import Envelope
from machine.models import Channel, User
from machine.read_only import require_writable
from machine.simulation import DirectoryNames, Simulation, is_command
from machine.trace import HandlersConsidered, Record
from machine_console.history.history import EventTrace, History
from machine_console.repl.language.errors import ReplError
from machine_console.repl.verbs.lookup import Lookup
from machine_console.repl.verbs.slack_messages import target_of

if TYPE_CHECKING:
    from machine.sandbox import Workspace
    from machine.sandbox.state.objects import Message

WAIT_S = 10.0
"""How long `simulate` waits for the bot's handlers; they run on afterwards."""


@dataclass(frozen=True, slots=True)
class Deed:
    """What somebody is to do.

    Attributes:
        what: What they say, a slash command, or a payload of Slack's; `None` with an action or a shortcut.
        action: The `action_id` of what they click on or choose from.
        value: What they choose, or the value of the button.
        shortcut: The `callback_id` of a shortcut they take.
        message: The message that action or shortcut belongs to.
        send: Against Slack, handlers may really send.
    """

    what: str | Mapping[str, Any] | None = None
    action: str | None = None
    value: str | None = None
    shortcut: str | None = None
    message: object = None
    send: bool = False


class Simulator:
    """Lets people do things to the bot.

    Args:
        machine: The bot.
        history: Where the events end up.
        workspace: The embedded workspace; `None` against Slack, where nobody can be made to act.
    """

    def __init__(self, machine: Machine, history: History, workspace: Workspace | None) -> None:
        self._machine = machine
        self._history = history
        self._workspace = workspace
        self._lookup = Lookup(machine.slack.directory)

    async def simulate(self, deed: Deed, user: object, channel: object) -> EventTrace:
        """Let `user` do it, wait for the bot's handlers, and return the event with what they did."""
        require_writable("simulate()")
        self._require_plugins()
        if sum(one is not None for one in (deed.what, deed.action, deed.shortcut)) != 1:
            raise ReplError("Say one thing to simulate: a text, a /command, a payload, action=... or shortcut=...")
        if isinstance(deed.what, Mapping):
            return await self.handle(self.envelopes(may_send=deed.send).payload(deed.what))
        who = self._lookup.user(user) if user is not None else self.somebody()
        if self._workspace is not None:
            return await self._act(self._workspace, deed, who, channel)
        return await self.handle(self._envelope(deed, who, channel))

    def envelopes(self, *, may_send: bool = False) -> Simulation:
        """Makes envelopes for what nobody did."""
        names = DirectoryNames(self._machine.slack.directory) if self._workspace is None else self._workspace.names
        return Simulation(names, self._machine.identity.team_id, may_send=may_send)

    async def handle(self, envelope: Envelope) -> EventTrace:
        """Hand the bot an envelope, and return the event with what its handlers did."""
        self._require_plugins()
        await self._machine.handle(envelope)
        event = self._history.by_id(envelope.id)
        if event is None:
            raise ReplError("The event was handled, but the history does not have it.")
        return event

    def somebody(self) -> User:
        """A person, the bot itself excepted."""
        own = self._machine.identity.user_id
        for user in self._machine.slack.users.values():
            if user.id != own and not user.is_bot and not user.deleted:
                return user
        raise ReplError("No person is known yet. Say who: simulate(text, user=...).")

    def somewhere(self) -> Channel:
        """A channel the bot is in."""
        channels = [one for one in self._machine.slack.directory.channels.joined() if one.is_member and one.name]
        if not channels:
            raise ReplError("The bot is in no channel that is known yet. Say where: simulate(text, channel=...).")
        return next((channel for channel in channels if channel.is_general), channels[0])

    def _require_plugins(self) -> None:
        if not self._machine.loads_plugins:
            raise ReplError("No plugins are loaded here, so nothing would run. `machine repl --plugins` loads them.")

    def _place(self, channel: object) -> Channel:
        return self._lookup.channel(channel) if channel is not None else self.somewhere()

    def _envelope(self, deed: Deed, who: User, channel: object) -> Envelope:
        envelopes = self.envelopes(may_send=deed.send)
        where = target_of(deed.message) if deed.message is not None else None
        if deed.shortcut is not None:
            if where is None:
                return envelopes.shortcut(deed.shortcut, who)
            return envelopes.message_shortcut(deed.shortcut, who, where.channel, where.ts)
        if deed.action is not None:
            if where is None:
                raise ReplError("Say in which message: simulate(action=..., message=...).")
            return envelopes.action(deed.action, deed.value, who, where.channel, where.ts)
        return envelopes.typed(str(deed.what), who, self._place(channel))

    async def _act(self, workspace: Workspace, deed: Deed, who: User, channel: object) -> EventTrace:
        """Have the person do it in the embedded workspace, and follow what it leads to."""
        progress = _Progress()
        unsubscribe = self._machine.trace.subscribe(progress.record)
        try:
            if deed.action is None and deed.shortcut is None and not is_command(str(deed.what)):
                return await self._event_of(self._post(workspace, str(deed.what), who, channel), progress)
            trigger = self._interact(workspace, deed, who, channel)
            return await self._event_of(lambda envelope: envelope.payload.get("trigger_id") == trigger, progress)
        finally:
            unsubscribe()

    def _post(self, workspace: Workspace, text: str, who: User, channel: object) -> Callable[[Envelope], bool]:
        conversation = workspace.find_channel(self._place(channel).id)
        if workspace.bot.id not in conversation.members:
            raise ReplError(
                f"The bot is not in #{conversation.name}, so it would hear nothing. Choose another channel."
            )
        message = workspace.post(who.id, conversation, text)

        def is_about(envelope: Envelope) -> bool:
            event = envelope.event
            found = event.get("type"), event.get("ts"), event.get("channel")
            return found == ("message", message.ts, message.channel)

        return is_about

    def _interact(self, workspace: Workspace, deed: Deed, who: User, channel: object) -> object:
        """Let the person use what the app offers; returns the `trigger_id` by which the event is known."""
        if deed.action is not None:
            message = _with_action(workspace, deed.action, deed.message)
            if deed.value is None or _is_button(message, deed.action):
                interaction = workspace.click(who.id, message, deed.action, deed.value)
            else:
                interaction = workspace.choose(who.id, message, deed.action, deed.value)
        elif deed.shortcut is None:
            interaction = workspace.run_command(who.id, self._place(channel).id, str(deed.what))
        elif deed.message is None:
            interaction = workspace.run_shortcut(who.id, deed.shortcut)
        else:
            interaction = workspace.run_message_shortcut(who.id, _message(workspace, deed.message), deed.shortcut)
        return interaction.payload["trigger_id"]

    async def _event_of(self, is_about: Callable[[Envelope], bool], progress: _Progress) -> EventTrace:
        """The event that was caused, once its handlers have ended or `WAIT_S` is over."""
        event: EventTrace | None = None
        try:
            async with asyncio.timeout(WAIT_S):
                while event is None or not progress.is_over(event):
                    await progress.wait()
                    event = event or self._find(is_about)
        except TimeoutError:
            if event is None:
                raise ReplError(f"The bot did not get the event within {WAIT_S:g} s. Is it connected?") from None
        return event

    def _find(self, is_about: Callable[[Envelope], bool]) -> EventTrace | None:
        return next((event for event in reversed(self._history.events[-50:]) if is_about(event.envelope)), None)


class _Progress:
    """Follows the trace to see when an event is dealt with."""

    def __init__(self) -> None:
        self._happened = asyncio.Event()
        self._considered: set[str | None] = set()

    def record(self, record: Record) -> None:
        """Something happened."""
        if isinstance(record, HandlersConsidered):
            self._considered.add(record.envelope_id)
        self._happened.set()

    async def wait(self) -> None:
        """Wait until something happened since the last time."""
        await self._happened.wait()
        self._happened.clear()

    def is_over(self, event: EventTrace) -> bool:
        """Whether nothing more will come of the event."""
        if event.dropped is not None:
            return True
        is_considered = event.envelope.id in self._considered
        return is_considered and len(event.invocations) >= len(event.matched) and not event.is_running


def _message(workspace: Workspace, message: object) -> Message:
    target = target_of(message)
    found = next((one for one in workspace.history(target.channel) if one.ts == target.ts), None)
    found = found or next(
        (one for one in workspace.history(target.channel, target.thread_ts) if one.ts == target.ts), None
    )
    if found is None:
        raise ReplError("The message is no longer there.")
    return found


def _with_action(workspace: Workspace, action_id: str, message: object) -> Message:
    """The message, by default the newest one, that has something to act on."""
    if message is not None:
        return _message(workspace, message)
    found = [
        one
        for channel in workspace.channels.values()
        for one in workspace.history(channel)
        if any(element.get("action_id") == action_id for element in _elements(one))
    ]
    if not found:
        raise ReplError(f"No message has an element with the action_id {action_id!r}. Say which: message=...")
    return max(found, key=lambda one: float(one.ts))


def _is_button(message: Message, action_id: str) -> bool:
    return any(one.get("action_id") == action_id and one.get("type") == "button" for one in _elements(message))


def _elements(message: Message) -> list[Mapping[str, Any]]:
    blocks = [*message.blocks, *(block for one in message.attachments for block in one.get("blocks") or ())]
    found = [element for block in blocks for element in (*(block.get("elements") or ()), block.get("accessory"))]
    return [element for element in found if isinstance(element, Mapping)]
