"""The verbs of the prompt that look things up and let the bot work; those that write to Slack are in `slack_verbs`."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Coroutine, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from machine.bot import Machine
from machine.envelope import Envelope
from machine.models import Channel, User
from machine.read_only import require_writable
from machine.simulation import again
from machine.trace import Considered
from machine_console.history.history import EventTrace, History
from machine_console.repl.language.errors import ReplError
from machine_console.repl.verbs.display import Everything, Rows
from machine_console.repl.verbs.lookup import Lookup
from machine_console.repl.verbs.simulation import Deed, Simulator
from machine_console.repl.verbs.slack_messages import SlackMessage
from machine_console.text.formatting import short_handler
from machine_console.text.names import LiveNames

if TYPE_CHECKING:  # a bot against Slack has none
    from machine.sandbox import Workspace

T = TypeVar("T")


class Queries:
    """What one can do at the prompt; each public method is a name there.

    Args:
        machine: The bot, started.
        history: What it did; fed by its trace.
        workspace: The embedded workspace; `None` against Slack.
    """

    def __init__(self, machine: Machine, history: History, workspace: Workspace | None) -> None:
        self._machine = machine
        self._history = history
        self._slack = machine.slack
        self._lookup = Lookup(machine.slack.directory)
        self._names = LiveNames(machine.slack.directory)
        self._simulator = Simulator(machine, history, workspace)

    def user(self, user: User | str) -> User:
        """A person, by `@name`, name, id or e-mail address."""
        return self._lookup.user(user)

    def channel(self, channel: Channel | str) -> Channel:
        """A channel, by `#name`, name or id."""
        return self._lookup.channel(channel)

    async def history(
        self, channel: Channel | User | str, limit: int = 20, *, thread_ts: str | None = None
    ) -> list[SlackMessage]:
        """The newest messages of a channel, or of one of its threads, oldest first: `history("#general", 20)`.

        Calls [conversations.history](https://docs.slack.dev/reference/methods/conversations.history) or
        [conversations.replies](https://docs.slack.dev/reference/methods/conversations.replies).
        """
        if isinstance(channel, User) or (isinstance(channel, str) and channel.startswith("@")):
            where = await self._slack.open_im(self._lookup.user(channel))
        else:
            where = self._lookup.channel(channel).id
        web = self._slack.web
        if thread_ts is not None:
            response = await web.conversations_replies(channel=where, ts=thread_ts, limit=limit)
        else:
            response = await web.conversations_history(channel=where, limit=limit)
        messages = [SlackMessage.read(message, where, self._names) for message in response.get("messages") or []]
        return sorted(messages, key=lambda message: float(message.ts))

    def handlers(
        self, text: str | None = None, *, user: User | str | None = None, channel: Channel | str | None = None
    ) -> Rows | list[Considered]:
        """Every handler; with a text, which of them this message or `/command` would run, and why or why not.

        Nothing is run: `handlers("ping", channel="#ops")`.
        """
        if text is None:
            rows = [
                (short_handler(one.name), one.trigger.describe(), f"{one.source_file}:{one.source_line}")
                for one in self._machine.registry.handlers
            ]
            return Rows(("handler", "waits for", "defined in"), rows, "handlers")
        simulator = self._simulator
        who = self._lookup.user(user) if user is not None else simulator.somebody()
        where = self._lookup.channel(channel) if channel is not None else simulator.somewhere()
        considered = self._machine.explain(simulator.envelopes().typed(text, who, where))
        return sorted(considered, key=lambda one: not one.is_match)

    async def simulate(
        self,
        what: str | Mapping[str, Any] | None = None,
        user: User | str | None = None,
        channel: Channel | str | None = None,
        *,
        action: str | None = None,
        shortcut: str | None = None,
        value: str | None = None,
        message: object = None,
        send: bool = False,
    ) -> EventTrace:
        """Let a person do something, and see what the bot makes of it: `simulate("ping")`, `simulate("/deploy api")`.

        In the sandbox the person really does it. Against Slack nothing is posted: the bot is handed a made-up event,
        and what its handlers would send is captured and shown, unless `send` says otherwise. A payload is always handed
        over as it is.

        Args:
            what: What they say (`@name` mentions somebody), a slash command, or a payload as Slack would send it.
            user: Who does it; anybody by default.
            channel: Where; #general, or the first channel the bot is in, by default.
            action: The `action_id` of a button or menu they use, in the newest message that has it.
            shortcut: The `callback_id` of a shortcut they take; on `message`, where it is given.
            value: The button's value, or what they choose.
            message: The message that action or shortcut belongs to.
            send: Against Slack, let handlers really send.

        Raises:
            ReplError: The bot would not hear of it.
        """
        return await self._simulator.simulate(Deed(what, action, value, shortcut, message, send), user, channel)

    async def replay(self, event: EventTrace | Envelope | object = None, *, send: bool = False) -> EventTrace:
        """Let the bot handle an event once more: `replay(last)`, `replay(events[-3])`.

        Against a live workspace nothing is sent: what handlers would send is captured and shown.

        Args:
            event: An event, or an envelope; the newest event by default.
            send: Against Slack, let handlers really send.
        """
        envelope = event if isinstance(event, Envelope) else getattr(event, "envelope", None)
        if event is None and self._history.last is not None:
            envelope = self._history.last.envelope
        if not isinstance(envelope, Envelope):
            raise ReplError("There is no event to replay. Give one: replay(events[-1]).")
        return await self._simulator.handle(again(envelope, may_send=send))

    async def reload(self) -> str:
        """Reload changed plugin files now; what fails leaves the old version live."""
        require_writable("reload()")  # here, as what follows leaves the prompt's context
        was_replaced = await _apart(self._machine.reload())
        return "Changed plugins are live." if was_replaced else "Nothing was replaced: no file changed, or it failed."

    def show(self, value: object) -> Everything:
        """Show a value in full that was folded: `show(_)`."""
        return Everything(value)


async def _apart(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` outside the prompt's context: what plugins start in their `init()` is not the prompt's."""
    return await asyncio.get_running_loop().create_task(work, name="repl-reload", context=contextvars.Context())
