"""One answer per request, and in time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from machine.dispatch import pending_answer as answers
from machine.dispatch.pending_answer import ANSWER_WITHIN_S
from machine.envelope import Acknowledgement, Answer
from machine.plugins import Command, MachineBasePlugin
from machine.plugins.decorators import command
from machine.trace import EnvelopeAcknowledged, LogWritten
from tests.conftest import BotUnderTest


class Slow(MachineBasePlugin):
    """Thinks before it answers."""

    gate: asyncio.Event

    async def init(self) -> None:
        self.gate = asyncio.Event()

    @command("/slow")
    async def slow(self, run: Command) -> AsyncIterator[str]:
        await self.gate.wait()
        yield "too late"
        await run.say("but here it is")


async def test_slack_is_answered_before_its_three_seconds_are_over(
    bot: BotUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pitfall 16: with an empty acknowledgement, whatever the handler does; it runs on, and its answer is not sent."""
    monkeypatch.setattr(answers, "ANSWER_WITHIN_S", 0.01)
    await bot.start(Slow)
    [plugin] = [loaded.instance for loaded in bot.machine.plugins.values()]
    assert isinstance(plugin, Slow)

    answer = await bot.workspace.run_command("alice", "general", "/slow").answer
    plugin.gate.set()
    await bot.settled()

    assert answer is None
    assert [said.text for said in bot.said()] == ["but here it is"]
    assert [ack.answer for ack in bot.traced(EnvelopeAcknowledged)].count({"text": "too late"}) == 0
    assert len([line for line in bot.traced(LogWritten) if "too late or second" in line.message]) == 1


def test_the_time_to_answer_leaves_room_for_the_way_back() -> None:
    """Slack gives up after three seconds."""
    assert 1 < ANSWER_WITHIN_S < 3


async def test_an_envelope_is_acknowledged_once() -> None:
    """Pitfall 16: whoever asks a second time is told that it was done."""
    sent: list[Answer] = []

    async def send(answer: Answer) -> None:
        sent.append(answer)

    acknowledge = Acknowledgement(send)

    assert [await acknowledge({"text": "first"}), await acknowledge(None)] == [True, False]
    assert sent == [{"text": "first"}]
