"""The sign of life, the greeting and the echo."""

from __future__ import annotations

import pytest

from machine.plugins.builtin.debug import EchoPlugin
from machine.plugins.builtin.general import HelloPlugin, PingPongPlugin
from machine.testing import Bot


@pytest.mark.machine(plugins=[PingPongPlugin])
async def test_ping_is_answered_with_pong_and_the_other_way_round(bot: Bot) -> None:
    """The first thing anybody tries."""
    alice = bot.user("alice")

    assert (await alice.asks("ping", channel="#general")).text == "pong"
    assert (await alice.asks("Pong", channel="#random")).text == "ping"


@pytest.mark.machine(plugins=[HelloPlugin])
async def test_a_greeting_is_returned_to_whoever_greets_the_bot(bot: Bot) -> None:
    """In a channel only when the bot is meant."""
    assert await bot.user("alice").says("hello everybody", channel="#general") is None

    bob = bot.user("bob")
    assert (await bob.asks("@machine hi", channel="#general")).text.startswith("@bob: ")


@pytest.mark.machine(plugins=[EchoPlugin])
async def test_echo_says_each_message_once_and_never_its_own(bot: Bot) -> None:
    """An echo that hears itself would never end."""
    alice = bot.user("alice")

    await alice.says("one", channel="#general")
    await alice.says("two", channel="#general")

    assert [message.text for message in bot.messages("#general")] == ["one", "two"]
