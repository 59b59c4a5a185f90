"""Polls, from the question to the count."""

from __future__ import annotations

from machine.sandbox.messages import Message
from tests.conftest import BotUnderTest


async def open_poll(bot: BotUnderTest, text: str = "Lunch? | Pizza | Salad") -> Message:
    """A poll of Alice's."""
    await bot.workspace.run_command("alice", "general", f"/poll {text}").answer
    return await bot.answer()


def text_of(message: Message) -> str:
    """What the poll shows."""
    return str(message.blocks[0]["text"]["text"])


async def changed(bot: BotUnderTest, before: Message) -> Message:
    """The poll, once it differs from `before`."""
    await bot.until(lambda: bot.said()[0].blocks != before.blocks, "the change of the poll")
    return bot.said()[0]


async def test_votes_are_counted_in_the_message(examples: BotUnderTest) -> None:
    """One vote per person; another button changes it, the same button takes it back."""
    bob = examples.workspace.find_person("bob").id
    poll = await open_poll(examples)

    examples.workspace.click("bob", poll, "poll-vote-0")
    once = await changed(examples, poll)
    examples.workspace.click("bob", once, "poll-vote-1")
    moved = await changed(examples, once)
    examples.workspace.click("bob", moved, "poll-vote-1")
    back = await changed(examples, moved)

    assert f"` 1` Pizza  <@{bob}>" in text_of(once)
    assert text_of(moved).splitlines() == ["*Lunch?*", "` 0` Pizza", f"` 1` Salad  <@{bob}>"]
    assert text_of(back) == text_of(poll)


async def test_votes_at_the_same_time_all_count(examples: BotUnderTest) -> None:
    """Reading and writing the votes are two steps; nobody's vote may fall between them."""
    poll = await open_poll(examples)

    for name in ("alice", "bob", "carol", "dave"):
        examples.workspace.click(name, poll, "poll-vote-0")
    await examples.settled()

    assert "` 4` Pizza" in text_of(examples.said()[0])


async def test_only_the_author_closes_a_poll(examples: BotUnderTest) -> None:
    """The buttons go and the votes stay."""
    poll = await open_poll(examples)

    examples.workspace.click("bob", poll, "poll-close")
    refusal = await examples.answer(2)
    examples.workspace.click("alice", poll, "poll-close")
    closed = await changed(examples, poll)
    await examples.settled()

    assert refusal.ephemeral_to == examples.workspace.find_person("bob").id
    assert [block["type"] for block in closed.blocks] == ["section"]
    assert "checkered_flag" in examples.said()[0].reactions


async def test_a_poll_needs_two_answers(examples: BotUnderTest) -> None:
    """The mistake is told to the person alone, at once."""
    for text in ("", "Lunch?", "Lunch? | Pizza", "Lunch? | Pizza | "):
        answer = await examples.workspace.run_command("alice", "general", f"/poll {text}").answer
        assert "Second answer" in str(answer)


async def test_a_channel_without_the_bot_is_told(examples: BotUnderTest) -> None:
    """Commands work everywhere, posting does not."""
    answer = await examples.workspace.run_command("alice", "secret", "/poll Lunch? | Pizza | Salad").answer

    assert "Invite me" in str(answer)
