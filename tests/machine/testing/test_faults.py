"""What goes wrong between Slack and a bot, in a test that asks for it."""

from __future__ import annotations

import pytest

from machine.sandbox import SlackRefusal
from machine.testing import Bot


async def test_an_error_of_slack_reaches_the_handler(bot: Bot) -> None:
    """As the exception that plugins know."""
    bot.faults.fail("chat.postMessage", error="is_archived", times=1)

    with bot.expect_errors("is_archived"):
        await bot.user("alice").says("good morning", channel="#ops")

    assert [call.error for call in bot.calls("chat.postMessage")] == ["is_archived"]
    await bot.user("alice").asks("good morning", channel="#ops")


async def test_a_rate_limit_is_waited_for(bot: Bot) -> None:
    """The answer comes all the same."""
    fault = bot.faults.fail("chat.postMessage", error="ratelimited", retry_after=0, times=1)

    await bot.user("alice").asks("good morning", channel="#ops")
    assert fault.hits == 1


async def test_an_event_that_comes_twice_is_answered_once(bot: Bot) -> None:
    """Slack repeats itself."""
    bot.faults.duplicate_deliveries("message", times=1)

    await bot.user("alice").says("good morning", channel="#ops")

    assert len(bot.messages("#ops")) == 1
    assert [event.text for event in bot.events].count("good morning") == 2


@pytest.fixture
def quick_watchdog(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slack's client looks every 5 seconds whether its connection is still there."""
    monkeypatch.setattr("machine.receiving.socket_mode.PING_INTERVAL_S", 0.05)


@pytest.mark.usefixtures("quick_watchdog")
async def test_a_connection_that_breaks_costs_no_event(bot: Bot) -> None:
    """It comes again when the bot has connected again."""
    bot.faults.break_deliveries("message", times=1)

    await bot.user("alice").asks("good morning", channel="#ops")


async def test_a_bot_that_is_gone_fails_as_in_slack(bot: Bot) -> None:
    """The person is told, and so is the test."""
    bot.faults.lose_acks("slash_commands", times=1)
    bot.workspace.outbox.carry_with(lambda request: request.fail("dispatch_failed"))

    with pytest.raises(SlackRefusal, match="dispatch_failed"):
        await bot.user("alice").runs("/deploy api")
