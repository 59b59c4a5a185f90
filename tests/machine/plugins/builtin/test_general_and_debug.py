"""The sign of life, the greeting and the echo."""

from __future__ import annotations

from machine.plugins.builtin.debug import EchoPlugin
from machine.plugins.builtin.general import HelloPlugin, PingPongPlugin
from tests.conftest import BotUnderTest


async def test_ping_is_answered_with_pong_and_the_other_way_round(bot: BotUnderTest) -> None:
    """The first thing anybody tries."""
    await bot.start(PingPongPlugin)

    bot.workspace.post("alice", "general", "ping")
    bot.workspace.post("alice", "random", "Pong")

    assert (await bot.answer()).text == "pong"
    assert (await bot.answer(channel="random")).text == "ping"


async def test_a_greeting_is_returned_to_whoever_greets_the_bot(bot: BotUnderTest) -> None:
    """In a channel only when the bot is meant."""
    await bot.start(HelloPlugin)

    bot.workspace.post("alice", "general", "hello everybody")
    bot.workspace.post("bob", "general", "@machine hi")

    assert (await bot.answer()).text.startswith(f"<@{bot.workspace.find_person('bob').id}>")


async def test_echo_says_each_message_once_and_never_its_own(bot: BotUnderTest) -> None:
    """An echo that hears itself would never end."""
    await bot.start(EchoPlugin)

    bot.workspace.post("alice", "general", "one")
    bot.workspace.post("alice", "general", "two")
    await bot.answer(2)
    await bot.settled()

    assert [message.text for message in bot.said()] == ["one", "two"]
