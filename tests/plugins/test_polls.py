"""Polls, from the question to the count."""

from __future__ import annotations

import asyncio

import pytest

from machine.testing import Bot, SentMessage


async def open_poll(bot: Bot, text: str = "Lunch? | Pizza | Salad") -> SentMessage:
    """A poll of Alice's in #general."""
    poll = await bot.user("alice").runs(f"/poll {text}", channel="#general")
    assert poll is not None
    return poll


async def test_votes_are_counted_in_the_message(bot: Bot) -> None:
    """One vote per person; another button changes it, the same button takes it back."""
    bob = bot.user("bob")
    poll = await open_poll(bot)
    untouched = poll.shown

    await bob.clicks(poll, "Pizza")
    once = poll.shown
    await bob.clicks(poll, "Salad")
    moved = poll.shown
    await bob.clicks(poll, "Salad")

    assert "` 1` Pizza  @bob" in once
    assert moved.splitlines() == ["*Lunch?*", "` 0` Pizza", "` 1` Salad  @bob"]
    assert poll.shown == untouched


async def test_votes_at_the_same_time_all_count(bot: Bot) -> None:
    """Reading and writing the votes are two steps; nobody's vote may fall between them."""
    poll = await open_poll(bot)

    await asyncio.gather(*(bot.user(name).clicks(poll, "Pizza") for name in ("alice", "bob", "carol", "dave")))

    assert "` 4` Pizza" in poll.shown


async def test_only_the_author_closes_a_poll(bot: Bot) -> None:
    """The buttons go and the votes stay."""
    poll = await open_poll(bot)

    refusal = await bot.user("bob").clicks(poll, "Close")
    buttons = poll.buttons
    await bot.user("alice").clicks(poll, "Close")

    assert refusal is not None
    assert refusal.only_for == "bob"
    assert buttons == ["Pizza", "Salad", "Close"]
    assert poll.buttons == []
    assert poll.reactions == {"checkered_flag": ["machine"]}
    assert "` 0` Pizza" in poll.shown


@pytest.mark.parametrize("text", ["", "Lunch?", "Lunch? | Pizza", "Lunch? | Pizza | "])
async def test_a_poll_needs_two_answers(bot: Bot, text: str) -> None:
    """The mistake is told to the person alone, at once."""
    answer = await bot.user("alice").runs(f"/poll {text}", channel="#general")

    assert answer is not None
    assert "Second answer" in answer.text
    assert answer.only_for == "alice"


async def test_a_channel_without_the_bot_is_told(bot: Bot) -> None:
    """Commands work everywhere, posting does not."""
    answer = await bot.user("alice").runs("/poll Lunch? | Pizza | Salad", channel="#secret")

    assert answer is not None
    assert "Invite me" in answer.text
