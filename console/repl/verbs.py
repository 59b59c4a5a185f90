"""The verbs of the prompt: Slack and the bot, in the words one would use."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Coroutine, Mapping
from typing import Any, TypeVar

from slack_sdk.web.async_slack_response import AsyncSlackResponse

from console.history import EventTrace, History
from console.names import LiveNames
from console.repl.errors import ReplError
from console.repl.lookup import Lookup
from console.repl.shapes import Everything, Rows, short_handler
from console.repl.simulation import Simulator
from console.repl.slack_messages import SlackMessage, Target, target_of
from machine.bot import Machine
from machine.models import Channel, User
from machine.sandbox import Workspace
from machine.trace import Considered

T = TypeVar("T")


class Verbs:
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

    async def say(
        self, channel: Channel | User | str, text: str = "", *, thread_ts: str | None = None, **kwargs: Any
    ) -> SlackMessage:
        """Post a message as the bot: `say("#ops", "hi")`; `say("@alice", "hi")` writes to her directly.

        Calls [chat.postMessage](https://docs.slack.dev/reference/methods/chat.postMessage).

        Args:
            channel: A channel or a person.
            text: The message; Slack's mrkdwn.
            thread_ts: Reply in this thread.
            kwargs: Other arguments of the method, such as `blocks`.
        """
        if isinstance(channel, User) or (isinstance(channel, str) and channel.startswith("@")):
            return await self.dm(channel, text, thread_ts=thread_ts, **kwargs)
        where = self._lookup.channel(channel)
        return self._posted(await self._slack.say(where, text, thread_ts=thread_ts, **kwargs))

    async def dm(self, user: User | str, text: str = "", **kwargs: Any) -> SlackMessage:
        """Write to a person directly: `dm("alice", "hi")`.

        Calls [conversations.open](https://docs.slack.dev/reference/methods/conversations.open) and
        [chat.postMessage](https://docs.slack.dev/reference/methods/chat.postMessage).
        """
        return self._posted(await self._slack.send_dm(self._lookup.user(user), text, **kwargs))

    async def reply(self, text: str, message: object = None, *, in_thread: bool = True, **kwargs: Any) -> SlackMessage:
        """Answer a message, in its thread: `reply("on it")` answers the newest one.

        Calls [chat.postMessage](https://docs.slack.dev/reference/methods/chat.postMessage).

        Args:
            text: The answer.
            message: What to answer: a result of `say` or `history`, or an event; by default the newest message.
            in_thread: In its thread, or in the channel.
            kwargs: Other arguments of the method.
        """
        target = self._target(message)
        thread_ts = (target.thread_ts or target.ts) if in_thread else None
        return self._posted(await self._slack.say(target.channel, text, thread_ts=thread_ts, **kwargs))

    async def react(
        self,
        emoji: str,
        channel: Channel | str | object = None,
        ts: str | None = None,
        *,
        message: object = None,
    ) -> AsyncSlackResponse:
        """Add an emoji to a message: `react("tada")` to the newest, `react("tada", _)` to the last result.

        Calls [reactions.add](https://docs.slack.dev/reference/methods/reactions.add).

        Args:
            emoji: With or without colons.
            channel: Where the message is, together with `ts`; or the message itself.
            ts: The message's `ts`.
            message: The message, as for `reply`.
        """
        if ts is not None:
            target = Target(self._lookup.channel(channel).id, ts)
        else:
            target = self._target(message if message is not None else channel)
        return await self._slack.react(target.channel, target.ts, emoji)

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
        """Every handler; with a text, which of them a message with it would run, and why or why not.

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
        considered = self._machine.explain(simulator.envelope(text, who, where))
        return sorted(considered, key=lambda one: not one.is_match)

    async def simulate(
        self, text: str, user: User | str | None = None, channel: Channel | str | None = None
    ) -> EventTrace:
        """Let a person say something, and see what the bot makes of it.

        In the sandbox the person really posts. Against Slack nothing is posted: the bot is handed a made-up event, and
        what its handlers would send is captured and shown.

        Args:
            text: What they say; `@name` mentions somebody.
            user: Who says it; anybody by default.
            channel: Where; #general, or the first channel the bot is in, by default.

        Raises:
            ReplError: The bot would not hear it there.
        """
        return await self._simulator.simulate(text, user, channel)

    async def reload(self) -> str:
        """Take over changed plugin files now; what fails leaves the old version live."""
        was_replaced = await _apart(self._machine.reload())
        return "Changed plugins are live." if was_replaced else "Nothing was replaced: no file changed, or it failed."

    def show(self, value: object) -> Everything:
        """Show a value in full that was folded: `show(_)`."""
        return Everything(value)

    def _target(self, message: object) -> Target:
        if message is not None:
            return target_of(message)
        for event in reversed(self._history.events[-1000:]):
            inner = event.envelope.event
            if inner.get("type") in {"message", "app_mention"} and isinstance(inner.get("ts"), str):
                return target_of(event)
        raise ReplError("There has been no message yet. Say which one: message=..., or channel and ts.")

    def _posted(self, response: AsyncSlackResponse) -> SlackMessage:
        message = response.get("message")
        fields: Mapping[str, Any] = message if isinstance(message, Mapping) else {}
        merged = {**fields, "ts": response.get("ts") or fields.get("ts")}
        return SlackMessage.read(merged, str(response.get("channel") or ""), self._names)


async def _apart(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` outside the prompt's context: what plugins start in their `init()` is not the prompt's."""
    return await asyncio.get_running_loop().create_task(work, name="repl-reload", context=contextvars.Context())
