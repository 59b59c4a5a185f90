"""The verbs that write to Slack: post, change, delete, react, pin, upload, schedule."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

from slack_sdk.web.async_slack_response import AsyncSlackResponse

from machine.bot import Machine
from machine.models import Channel, User
from machine_console.history.history import History
from machine_console.repl.language.confirmation import require_consent
from machine_console.repl.language.errors import ReplError
from machine_console.repl.verbs.display import Card, when
from machine_console.repl.verbs.lookup import Lookup
from machine_console.repl.verbs.slack_messages import SlackMessage, Target, target_of
from machine_console.repl.verbs.times import moment
from machine_console.text.names import LiveNames

Place: TypeAlias = Channel | User | str
"""A channel or a person, in any form that people have at hand."""

LOOKED_AT = 1_000
"""Events among which the newest message is looked for."""


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A message that Slack will post later.

    Attributes:
        id: Slack's `scheduled_message_id`, with which it can be taken back.
        channel: Id of the channel.
        at: When it will be posted.
    """

    id: str
    channel: str
    at: datetime
    text: str
    where: str = ""

    def __repl__(self) -> Card:
        return Card(f"scheduled in {self.where}", [("at", when(self.at)), ("id", self.id)], self.text.split("\n"))


class SlackVerbs:
    """The verbs of the prompt that write; each public method is a name there.

    Args:
        machine: The bot, started.
        history: What it did; the newest message in it is what `reply` and the like are about.
    """

    def __init__(self, machine: Machine, history: History) -> None:
        self._machine = machine
        self._history = history
        self._slack = machine.slack
        self._lookup = Lookup(machine.slack.directory)
        self._names = LiveNames(machine.slack.directory)
        self._newest: SlackMessage | None = None

    async def say(
        self,
        channel: Place | Sequence[Place],
        text: str = "",
        *,
        thread_ts: str | None = None,
        confirm: bool = True,
        **kwargs: Any,
    ) -> SlackMessage | list[SlackMessage]:
        """Post a message as the bot: `say("#ops", "hi")`; `say("@alice", "hi")` writes to her directly.

        Calls [chat.postMessage](https://docs.slack.dev/reference/methods/chat.postMessage).

        Args:
            channel: A channel or a person; or several, for each of which the message is posted.
            text: The message; Slack's mrkdwn.
            thread_ts: Reply in this thread.
            confirm: In a live workspace, ask before posting to more than one place.
            kwargs: Other arguments of the method, such as `blocks`.
        """
        if isinstance(channel, str | User | Channel):
            return await self._say(self._place(channel), text, thread_ts=thread_ts, **kwargs)
        places = [self._place(one) for one in channel]  # all of them, before the first is written to
        await self._require_consent(f"Post to {len(places)} places?", confirm and len(places) > 1)
        return [await self._say(place, text, thread_ts=thread_ts, **kwargs) for place in places]

    async def dm(
        self, user: User | str | Sequence[User | str], text: str = "", *, confirm: bool = True, **kwargs: Any
    ) -> SlackMessage | list[SlackMessage]:
        """Write to a person directly: `dm("alice", "hi")`; to several, to each on their own.

        Calls [conversations.open](https://docs.slack.dev/reference/methods/conversations.open) and
        [chat.postMessage](https://docs.slack.dev/reference/methods/chat.postMessage).
        """
        if isinstance(user, str | User):
            return await self._say(self._lookup.user(user), text, **kwargs)
        return await self.say([self._lookup.user(one) for one in user], text, confirm=confirm, **kwargs)

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

    async def update(self, text: str, message: object = None, **kwargs: Any) -> SlackMessage:
        """Change a message of the bot's: `update("better")` the last one posted here, `update("better", _)` another.

        Calls [chat.update](https://docs.slack.dev/reference/methods/chat.update).
        """
        target = self._own(message)
        return self._posted(await self._slack.update(target.channel, target.ts, text, **kwargs))

    async def delete(self, message: object = None, *, confirm: bool = True) -> AsyncSlackResponse:
        """Delete a message of the bot's: `delete()` the last one posted here, `delete(_)` another.

        Calls [chat.delete](https://docs.slack.dev/reference/methods/chat.delete).

        Args:
            message: A result of `say` or `history`, or an event.
            confirm: In a live workspace, ask first.
        """
        target = self._own(message)
        await self._require_consent(f"Delete the message in {self._names.channel(target.channel)}?", confirm)
        response = await self._slack.delete(target.channel, target.ts)
        if self._newest is not None and self._newest.ts == target.ts:
            self._newest = None
        return response

    async def pin(self, message: object = None) -> AsyncSlackResponse:
        """Pin a message: `pin()` the newest, `pin(_)` the last result.

        Calls [pins.add](https://docs.slack.dev/reference/methods/pins.add).
        """
        target = self._target(message)
        return await self._slack.pin_message(target.channel, target.ts)

    async def topic(self, channel: Channel | str, topic: str) -> AsyncSlackResponse:
        """Set a channel's topic: `topic("#ops", "release day")`.

        Calls [conversations.setTopic](https://docs.slack.dev/reference/methods/conversations.setTopic).
        """
        return await self._slack.set_topic(self._lookup.channel(channel), topic)

    async def upload(
        self,
        channel: Place,
        content: str | bytes | Path = "",
        filename: str | None = None,
        *,
        file: Path | str | None = None,
        comment: str | None = None,
        thread_ts: str | None = None,
    ) -> AsyncSlackResponse:
        """Share a file: `upload("#ops", file="report.csv")`, or text: `upload("#ops", "a,b", "report.csv")`.

        Uses [the external upload methods](https://docs.slack.dev/messaging/working-with-files#upload).

        Args:
            channel: Where to share it.
            content: What is in it, where there is no file.
            filename: What it is called in Slack.
            file: The file to read.
            comment: A message that comes with it.
            thread_ts: Share it in this thread.
        """
        source = content if file is None else Path(file)
        if isinstance(source, Path):
            source = await asyncio.to_thread(_existing, source)
        if not source:
            raise ReplError('There is nothing to upload: give a text, or file="report.csv".')
        where = await self._channel_id(self._place(channel))
        return await self._slack.upload(where, source, filename, comment=comment, thread_ts=thread_ts)

    async def schedule(
        self, when: datetime | timedelta | float | str, channel: Place, text: str, **kwargs: Any
    ) -> Scheduled:
        """Say something later: `schedule("10m", "#ops", "ten minutes are over")`, `schedule("17:30", "@alice", "bye")`.

        Slack keeps the message and posts it, whether the bot runs then or not. Calls
        [chat.scheduleMessage](https://docs.slack.dev/reference/methods/chat.scheduleMessage).

        Args:
            when: `"1h30m"`, `"17:30"` in the `TZ` setting, seconds from now, or a datetime; within 120 days.
            channel: A channel or a person.
            text: The message.
            kwargs: Other arguments of the method.
        """
        at = moment(when, datetime.now(self._machine.settings.tz))
        where = await self._channel_id(self._place(channel))
        response = await self._slack.say_scheduled(at, where, text, **kwargs)
        return Scheduled(str(response.get("scheduled_message_id") or ""), where, at, text, self._names.channel(where))

    def _place(self, place: Place) -> Channel | User:
        if isinstance(place, User) or (isinstance(place, str) and place.startswith("@")):
            return self._lookup.user(place)
        return self._lookup.channel(place)

    async def _channel_id(self, place: Channel | User) -> str:
        return await self._slack.open_im(place) if isinstance(place, User) else place.id

    async def _say(self, place: Channel | User, text: str, **kwargs: Any) -> SlackMessage:
        return self._posted(await self._slack.say(await self._channel_id(place), text, **kwargs))

    async def _require_consent(self, question: str, is_wanted: bool) -> None:
        if is_wanted and self._machine.is_live:
            await require_consent(f"{question} {self._machine.workspace_name} is live.")

    def _target(self, message: object) -> Target:
        if message is not None:
            return target_of(message)
        for event in reversed(self._history.events[-LOOKED_AT:]):
            inner = event.envelope.event
            if inner.get("type") in {"message", "app_mention"} and isinstance(inner.get("ts"), str):
                return target_of(event)
        if self._newest is not None:
            return target_of(self._newest)
        raise ReplError("There has been no message yet. Say which one: message=..., or channel and ts.")

    def _own(self, message: object) -> Target:
        if message is None and self._newest is None:
            raise ReplError("Nothing has been posted from here yet. Say which message: a result of say or history.")
        return target_of(message if message is not None else self._newest)

    def _posted(self, response: AsyncSlackResponse) -> SlackMessage:
        message = response.get("message")
        fields: Mapping[str, Any] = message if isinstance(message, Mapping) else {}
        merged = {**fields, "ts": response.get("ts") or fields.get("ts")}
        if not merged.get("text"):
            merged["text"] = response.get("text")
        self._newest = SlackMessage.read(merged, str(response.get("channel") or ""), self._names)
        return self._newest


def _existing(path: Path) -> Path:
    path = path.expanduser()
    if not path.is_file():
        raise ReplError(f"The file {path} does not exist.")
    return path
