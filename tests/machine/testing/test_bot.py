"""What a test asks about the bot."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from machine.testing import Bot, HandlerError
from machine.trace import ApiCalled, HandlersConsidered, InvocationStarted
from tests.machine.testing.workshop import Workshop


async def test_what_was_said_is_found_by_part_pattern_and_place(bot: Bot) -> None:
    """In the text as people read it, and as Slack keeps it."""
    alice = bot.user("alice")
    greeting = await alice.asks("good morning", channel="#ops")

    assert await bot.said("and to you") == greeting
    assert await bot.said(re.compile(r"you, @alice$")) == greeting
    assert await bot.said(alice.mention, channel="#ops", thread=bot.history("#ops")[0]) == greeting
    assert await bot.said("and to you", channel="#general") is None
    assert await bot.said("and to me") is None


async def test_silence_can_be_asserted(bot: Bot) -> None:
    """Everywhere, in one channel, and since a message."""
    alice = bot.user("alice")
    assert await bot.said_nothing()

    reply = await alice.asks("good morning", channel="#ops")
    await alice.says("hm", channel="#ops")

    assert not await bot.said_nothing()
    assert await bot.said_nothing(channel="#general")
    assert await bot.said_nothing(since=reply)


async def test_a_question_that_is_not_awaited_fails(bot: Bot) -> None:
    """It would pass otherwise, whatever the bot has said."""
    with pytest.raises(TypeError, match=r"Write `assert await bot.said\(...\)`, with `await`"):
        assert bot.said("anything")
    with pytest.raises(TypeError, match="has to be waited for"):
        assert not bot.said_nothing()


async def test_messages_follow_what_happens_to_them(bot: Bot) -> None:
    """So that a test need not look for them again."""
    reply = await bot.user("alice").asks("deploy api to prod")

    await bot.machine.slack.update(reply.message.channel, reply.ts, "Cancelled", blocks=[])
    updated = reply.text
    await bot.machine.slack.delete(reply.message.channel, reply.ts)
    await bot.settled()

    assert updated == "Cancelled"
    assert reply.is_deleted
    assert bot.messages("@alice") == [reply]
    assert repr(reply) == "<machine in @alice: Cancelled (edited, deleted)>"


async def test_a_message_shows_what_people_see(bot: Bot) -> None:
    """For assertions, and for the report of one that failed."""
    reply = await bot.user("alice").asks("deploy api to prod")

    assert reply.shown == "Deploy api to prod?"
    assert repr(reply) == "<machine in @alice: Deploy api to prod? [Approve] [Deny] [Colour] [City] [day]>"


async def test_calls_events_and_records_are_kept(bot: Bot) -> None:
    """The trace says what the bot did, and why."""
    await bot.user("alice").asks("good morning", channel="#ops")

    [call] = bot.calls("chat.postMessage")
    assert call.arguments["text"].startswith("and to you")
    assert call in bot.traced(ApiCalled)
    assert [event.text for event in bot.events][:1] == ["good morning"]
    assert any(record.matched for record in bot.traced(HandlersConsidered))


async def test_storage_and_emitted_events_are_seen(bot: Bot) -> None:
    """And storage can be prepared."""
    storage = bot.storage(Workshop)
    await storage.set("before", [1])

    await bot.user("alice").says("remember milk")

    assert await storage.keys() == ["before", "what"]
    assert await bot.storage("Workshop").get("what") == "milk"
    assert [event.arguments for event in bot.emitted("remembered")] == [{"what": "'milk'"}]
    assert bot.plugin(Workshop).heard == ["milk"]


async def test_a_wrong_plugin_names_those_there_are(bot: Bot) -> None:
    """Those that are near first."""
    with pytest.raises(LookupError, match=r"no plugin 'Workshp'. Did you mean Workshop"):
        bot.plugin("Workshp")


async def test_handlers_tell_why(bot: Bot) -> None:
    """Nothing is run."""
    would_run = {entry.handler.rpartition(".")[2] for entry in bot.handlers("deploy api to prod") if entry.is_match}
    in_channel = [
        entry
        for entry in bot.handlers("deploy api to prod", user="bob", channel="#ops")
        if entry.handler.endswith(".deploy")
    ]
    commands = [entry.handler.rpartition(".")[2] for entry in bot.handlers("/deploy api") if entry.is_match]

    assert "deploy" in would_run
    assert [(entry.is_match, entry.reason) for entry in in_channel] == [(False, "the message does not address the bot")]
    assert commands == ["run"]
    assert await bot.said_nothing()


async def test_an_exception_fails_the_test_where_it_was_caused(bot: Bot) -> None:
    """Otherwise a test would only see that nothing was said."""
    with pytest.raises(HandlerError, match=r"Workshop\.fail raised ValueError: badly") as failure:
        await bot.user("alice").says("fail badly")

    assert "raise ValueError(why)" in str(failure.value)
    assert [error.error for error in bot.errors] == ["ValueError: badly"]


async def test_expected_exceptions_do_not(bot: Bot) -> None:
    """A test may be about what happens then."""
    with bot.expect_errors("ValueError: on purpose|ValueError: badly") as errors:
        await bot.user("alice").says("fail badly")

    assert [error.handler.rpartition(".")[2] for error in errors] == ["fail"]


async def test_expected_exceptions_must_come(bot: Bot) -> None:
    """And be the right ones."""
    with pytest.raises(AssertionError, match=r"No handler failed with any error. Failed: none"), bot.expect_errors():
        await bot.user("alice").says("good morning")
    with (
        pytest.raises(HandlerError, match="badly"),
        bot.expect_errors("KeyError"),
    ):
        await bot.user("alice").says("fail badly")


async def test_what_a_plugin_does_in_a_task_of_its_own_can_be_awaited(bot: Bot) -> None:
    """Nobody else knows of it."""
    alice = bot.user("alice")
    assert await alice.says("background") is None

    [message] = await bot.until(lambda: bot.messages("@alice"), "the message")

    assert message.text == "Done"


async def test_a_handler_that_does_not_end_is_named(bot: Bot) -> None:
    """A test must not hang."""
    bot.workspace.post("alice", "general", "hang")
    await bot.until(lambda: bot.traced(InvocationStarted), "the handler's start")
    bot.patience = timedelta(milliseconds=50)

    with pytest.raises(AssertionError, match=r"within 0.05 s: .*Workshop\.hang is still running"):
        await bot.settled()
    with pytest.raises(AssertionError, match="the end of the world did not come about"):
        await bot.until(lambda: None, "the end of the world")
    for task in bot.machine._parts.dispatcher.supervisor._running:
        task.cancel()
    await bot.machine.wait_until_idle()
    bot._failures._unexpected.clear()
