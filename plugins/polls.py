"""Polls: a question with buttons, and the votes counted in the message as they come in."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, TypedDict

from slack_sdk.errors import SlackApiError

from machine.plugins import BlockAction, Command, MachineBasePlugin
from machine.plugins.decorators import action, command

USAGE = "Write `/poll Question? | First answer | Second answer`, with 2 to 10 answers."
KEPT_FOR = timedelta(days=30)


class Poll(TypedDict):
    """A poll as it is stored: plain data survives every change of the code."""

    author: str
    question: str
    answers: list[str]
    votes: dict[str, int]


class Polls(MachineBasePlugin):
    """Polls"""

    async def init(self) -> None:
        """People vote at once, and reading and writing the votes are two steps."""
        self._counting = asyncio.Lock()

    @command("/poll")
    async def open(self, command: Command) -> AsyncIterator[str]:
        """/poll <question> | <answer> | <answer>: let people vote"""
        question, *answers = (part.strip() for part in command.text.split("|"))
        if not question or not 2 <= len(answers) <= 10 or not all(answers):
            yield USAGE
            return
        poll = Poll(author=command.sender.id, question=question, answers=answers, votes={})
        try:
            async with self._counting:  # nobody's vote comes before the poll is stored
                posted = await self.say(command.channel, question, blocks=blocks(poll))
                await self.storage.set(f"{posted['channel']} {posted['ts']}", poll, expires=KEPT_FOR)
        except SlackApiError as error:
            yield f"I cannot post here (`{error.response['error']}`). Invite me to the channel first."

    @action(action_id=re.compile(r"poll-vote-\d+"))
    async def vote(self, action: BlockAction) -> None:
        """Count a vote; the same button again takes it back."""
        channel, ts = place(action)
        choice, person = int(action.triggered_action.value or 0), action.user.id
        async with self._counting:
            poll: Poll | None = await self.storage.get(f"{channel} {ts}")
            if poll is None:
                await action.say("This poll is over.")
                return
            if poll["votes"].pop(person, None) != choice:
                poll["votes"][person] = choice
            await self.storage.set(f"{channel} {ts}", poll, expires=KEPT_FOR)
            await self.update(channel, ts, poll["question"], blocks=blocks(poll))

    @action(action_id="poll-close")
    async def close(self, action: BlockAction) -> None:
        """End a poll: the buttons go, the votes stay."""
        channel, ts = place(action)
        async with self._counting:
            poll: Poll | None = await self.storage.get(f"{channel} {ts}")
            if poll is None:
                return
            if action.user.id != poll["author"]:
                await action.say(f"Only <@{poll['author']}> can close this poll.")
                return
            await self.storage.delete(f"{channel} {ts}")
            await self.update(channel, ts, poll["question"], blocks=blocks(poll, is_open=False))
            await self.react(channel, ts, "checkered_flag")


def place(action: BlockAction) -> tuple[str, str]:
    """Channel and `ts` of the message whose button was pressed."""
    container = action.payload.container
    assert container is not None  # these buttons are in messages only
    return container.channel_id or "", container.message_ts or ""


def blocks(poll: Poll, *, is_open: bool = True) -> list[dict[str, Any]]:
    """The poll in Block Kit."""
    lines = [f"*{poll['question']}*"]
    for number, answer in enumerate(poll["answers"]):
        voters = [f"<@{person}>" for person, choice in poll["votes"].items() if choice == number]
        lines.append(f"`{len(voters):2}` {answer}  {' '.join(voters)}".rstrip())
    shown: list[dict[str, Any]] = [{"type": "section", "text": {"type": "mrkdwn", "text": "\n".join(lines)}}]
    if is_open:
        buttons = [button(answer, f"poll-vote-{number}", number) for number, answer in enumerate(poll["answers"])]
        shown.append({"type": "actions", "elements": [*buttons, button("Close", "poll-close")]})
    return shown


def button(text: str, action_id: str, value: int = 0) -> dict[str, Any]:
    """A button; Slack shows at most 75 characters on it."""
    label = {"type": "plain_text", "text": text if len(text) <= 75 else f"{text[:74]}…"}
    return {"type": "button", "action_id": action_id, "text": label, "value": str(value)}
