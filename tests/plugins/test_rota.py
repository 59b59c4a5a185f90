"""The on-call rota, from joining it to being called."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from machine.testing import Bot

MONDAY = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)


async def join(bot: Bot, *names: str) -> None:
    """Let people take part, in this order."""
    for name in names:
        await bot.user(name).runs("/oncall join", channel="#general")


async def test_the_first_to_join_is_on_call(bot: Bot) -> None:
    """Everybody in the channel may ask, by command or in words."""
    alice, bob = bot.user("alice"), bot.user("bob")
    await join(bot, "alice")

    answer = await bot.workspace.run_command("bob", "general", "/oncall join").answer
    told = await bot.user("carol").asks("who's on call?", channel="#general")

    assert answer == {"text": f"{alice.mention} is on call; next: {bob.mention}."}
    assert told.mrkdwn == answer["text"]
    assert told.message.is_reply


async def test_nobody_on_call_says_how_to_join(bot: Bot) -> None:
    """An empty list explains itself."""
    assert "/oncall join" in (await bot.user("carol").asks("who is on call", channel="#general")).text


async def test_handing_over_answers_at_once_and_tells_the_channel(bot: Bot) -> None:
    """Slack waits 3 seconds for the answer, so it does not wait for the message in #ops."""
    await join(bot, "alice", "bob")

    answer = await bot.workspace.run_command("alice", "general", "/oncall next").answer

    assert answer == {"text": "Handing over…"}
    assert await bot.said("@bob is on call; next: @alice.", channel="#ops")


async def test_leaving_and_typing_nonsense(bot: Bot) -> None:
    """Whoever leaves is not on call; what cannot be understood is answered with what can."""
    await join(bot, "alice")

    left = await bot.workspace.run_command("alice", "general", "/oncall leave").answer
    usage = await bot.workspace.run_command("alice", "general", "/oncall please").answer

    assert "Nobody is on call" in str(left)
    assert "`/oncall next`" in str(usage)


@pytest.mark.machine(now=MONDAY)
async def test_a_week_is_handed_over_on_monday_and_reminded_of_on_other_mornings(bot: Bot) -> None:
    """By schedule; not at weekends."""
    await join(bot, "alice", "bob")

    await bot.travel_to(datetime(2026, 3, 9, 10, tzinfo=UTC))

    new_week, *reminders, next_week = [message.text for message in bot.messages("#ops")]
    assert new_week == "@bob is on call; next: @alice."
    assert reminders == ["Good morning! @bob is on call today."] * 4
    assert next_week == "@alice is on call; next: @bob."


@pytest.mark.machine(now=MONDAY)
async def test_nobody_is_reminded_of_an_empty_rota(bot: Bot) -> None:
    """There is nothing to say."""
    await bot.travel(days=8)

    assert await bot.said_nothing()


@pytest.mark.machine(now=MONDAY, settings={"ROTA_CHANNEL": "#random"})
async def test_the_channel_is_a_setting(bot: Bot) -> None:
    """As the docstring says."""
    await join(bot, "alice")

    await bot.travel(days=1, hours=1)

    assert await bot.said("Good morning! @alice is on call today.", channel="#random")
    assert await bot.said_nothing(channel="#ops")


async def test_an_incident_calls_who_is_on_call(bot: Bot) -> None:
    """Two plugins that know of each other nothing but the name of an event."""
    await join(bot, "alice")

    await bot.user("bob").says("@machine incident API is down", channel="#ops")

    report = bot.user("bob").last
    assert await bot.said("@alice, you are on call", channel="#ops", thread=report)
    assert await bot.said("API is down", channel="@alice")
