"""Messages, from what a person writes to what the bot answers."""

from __future__ import annotations

from typing import Any

from machine.plugins import MachineBasePlugin, Message
from machine.plugins.decorators import listen_to, process, respond_to
from machine.trace import HandlersConsidered, InvocationFinished
from tests.conftest import BotUnderTest


class Greeter(MachineBasePlugin):
    """Answers greetings."""

    @listen_to(r"^good (?P<when>morning|evening)")
    async def greet(self, msg: Message, when: str) -> None:
        await msg.say(f"a good {when} to you")

    @respond_to(r"^deploy (?P<what>\w+)")
    async def deploy(self, msg: Message, what: str) -> None:
        await msg.reply(f"deploying {what}", in_thread=True)


async def test_named_groups_reach_the_handler_as_arguments(bot: BotUnderTest) -> None:
    """What a pattern names, the handler gets."""
    await bot.start(Greeter)

    bot.workspace.post("alice", "general", "Good evening everybody")

    assert (await bot.answer()).text == "a good evening to you"


async def test_reply_in_thread_answers_under_the_question(bot: BotUnderTest) -> None:
    """`reply(in_thread=True)` posts into the thread of the message it answers, without a mention."""
    await bot.start(Greeter)

    question = bot.workspace.post("alice", "general", "@machine deploy api")

    answer = await bot.answer(thread_ts=question.ts)
    assert (answer.text, answer.thread_ts) == ("deploying api", question.ts)


async def test_respond_to_needs_the_bot_to_be_addressed(bot: BotUnderTest) -> None:
    """Talk about deploying is no order to deploy, and the trace says so."""
    await bot.start(Greeter)

    bot.workspace.post("alice", "general", "deploy api")
    await bot.settled()

    considered = bot.traced(HandlersConsidered)[0].explain()
    assert bot.said() == []
    assert [(item.is_match, item.reason) for item in considered if item.handler.endswith("deploy")] == [
        (False, "the message does not address the bot")
    ]


async def test_process_sees_the_event_as_slack_sent_it(bot: BotUnderTest) -> None:
    """Pitfall 10: taking the mention off for one handler, or one plugin changing its event, alters it for no other."""
    seen: list[dict[str, Any]] = []

    class Spoiler(MachineBasePlugin):
        @process("message")
        async def spoil(self, event: dict[str, Any]) -> None:
            event["text"] = "spoiled"

    class Watcher(MachineBasePlugin):
        @process("message")
        async def watch(self, event: dict[str, Any]) -> None:
            seen.append(event)

    await bot.start(Greeter, Spoiler, Watcher)

    bot.workspace.post("alice", "general", "@machine deploy api")
    await bot.record(InvocationFinished, 3)

    assert [event["text"] for event in seen] == [f"<@{bot.workspace.bot.id}> deploy api"]
