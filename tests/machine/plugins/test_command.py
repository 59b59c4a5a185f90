"""A slash command as a handler gets it, and how Slack is answered."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from slack_sdk.models.attachments import Attachment
from slack_sdk.models.blocks import SectionBlock
from slack_sdk.models.views import View

from machine.plugins import Command, MachineBasePlugin
from machine.plugins.decorators import command
from machine.trace import EnvelopeAcknowledged, EnvelopeReceived, InvocationFailed
from tests.conftest import BotUnderTest
from tests.machine.plugins.catching import catcher, caught

BLOCK: dict[str, Any] = {"type": "section", "block_id": "b1", "text": {"type": "mrkdwn", "text": "*hello*"}}
MODAL: dict[str, Any] = {
    "type": "modal",
    "callback_id": "m",
    "title": {"type": "plain_text", "text": "Hi"},
    "blocks": [BLOCK],
}


@pytest.fixture
async def run(bot: BotUnderTest) -> Command:
    """What alice ran in #general."""
    await catcher(bot)
    bot.workspace.run_command("alice", "general", "/catch me if you can")
    return await caught(bot, Command)


async def test_what_a_command_tells(bot: BotUnderTest, run: Command) -> None:
    """Who ran what, where, and how to answer."""
    alice = bot.workspace.find_person("alice")

    assert (run.sender.id, run.sender.name, run.at_sender) == (alice.id, "alice", f"<@{alice.id}>")
    assert (run.channel.name, run.command, run.text) == ("general", "/catch", "me if you can")
    assert run.response_url.startswith(bot.sandbox.base_url)
    assert (bool(run.trigger_id), run.is_dm) == (True, False)
    assert run.payload["command"] == "/catch"
    assert bot.sandbox.base_url not in repr(run)


async def test_a_command_without_a_text(bot: BotUnderTest) -> None:
    """The text is empty, not absent; and a direct message is one."""
    await catcher(bot)

    bot.workspace.run_command("alice", bot.workspace.open_dm("alice"), "/catch")

    run = await caught(bot, Command)
    assert (run.text, run.is_dm) == ("", True)


@pytest.mark.parametrize("ephemeral", [True, False])
async def test_say_answers_by_the_response_url(bot: BotUnderTest, run: Command, ephemeral: bool) -> None:
    """To the sender by default, to everybody on request; slack_sdk's WebhookResponse comes back."""
    response = await (run.say("hello") if ephemeral else run.say("hello", ephemeral=False))

    expected = {"text": "hello", "response_type": "ephemeral" if ephemeral else "in_channel"}
    assert [call.arguments for call in bot.calls("response_url")] == [expected]
    assert (response.status_code, response.body) == (200, "ok")
    alice = bot.workspace.find_person("alice")
    assert [(said.text, said.ephemeral_to) for said in bot.said()] == [("hello", alice.id if ephemeral else None)]


@pytest.mark.parametrize(
    "content",
    [
        {"blocks": [BLOCK], "attachments": [{"text": "more"}]},
        {
            "blocks": [SectionBlock(block_id="b1", text={"type": "mrkdwn", "text": "*hello*"})],
            "attachments": [Attachment(text="more")],
        },
    ],
    ids=["dicts", "slack_sdk"],
)
async def test_say_takes_blocks_and_attachments(bot: BotUnderTest, run: Command, content: dict[str, Any]) -> None:
    """Dicts or objects, and whatever else a message may hold."""
    await run.say("hello", unfurl_links=False, **content)

    [said] = bot.said()
    assert ([dict(block) for block in said.blocks], said.attachments[0]["text"]) == ([BLOCK], "more")
    assert bot.calls("response_url")[0].arguments["unfurl_links"] is False


@pytest.mark.parametrize("view", [MODAL, View(**MODAL)], ids=["dict", "slack_sdk"])
async def test_a_modal_opens_with_the_trigger_id(bot: BotUnderTest, run: Command, view: Any) -> None:
    """`views.open`, for the sender."""
    response = await run.open_modal(view)

    shown = bot.workspace.views.shown_to(bot.workspace.find_person("alice").id)
    assert shown is not None
    assert (response["view"]["id"], shown.callback_id) == (shown.id, "m")
    assert bot.calls("views.open")[0].arguments["trigger_id"] == run.trigger_id


class Answers(MachineBasePlugin):
    """Answers in every way."""

    steps: list[str]

    async def init(self) -> None:
        self.steps = []

    @command("/plain")
    async def plain(self, run: Command) -> str:
        self.steps.append("plain")
        return "what is returned is no answer"

    @command("/never")
    async def never(self, run: Command) -> AsyncIterator[str]:
        self.steps.append("never")
        if run.text == "yield":
            yield "unreached"

    @command("/once")
    async def once(self, run: Command) -> AsyncIterator[str]:
        yield "at once"
        self.steps.append("after")
        await run.say("later")

    @command("/many")
    async def many(self, run: Command) -> AsyncIterator[str]:
        for number in range(3):
            yield f"answer {number}"
            self.steps.append(f"step {number}")

    @command("/dict")
    async def message(self, run: Command) -> AsyncIterator[dict[str, Any]]:
        yield {"text": "for all", "response_type": "in_channel", "blocks": [BLOCK]}

    @command("/objects")
    async def objects(self, run: Command) -> AsyncIterator[dict[str, Any]]:
        yield {"text": "objects", "blocks": [SectionBlock(block_id="b1", text="hello")]}

    @command("/early")
    async def fails_early(self, run: Command) -> AsyncIterator[str]:
        if run.text != "calm":
            raise LookupError("before the first yield")
        yield "unreached"

    @command("/late")
    async def fails_late(self, run: Command) -> AsyncIterator[str]:
        yield "so far so good"
        raise LookupError("after the first yield")

    @command("/wrong")
    async def wrong(self, run: Command) -> AsyncIterator[Any]:
        yield 42

    @command("/unsendable")
    async def unsendable(self, run: Command) -> AsyncIterator[Any]:
        yield {"text": object()}

    @command("/no-number")
    async def no_number(self, run: Command) -> AsyncIterator[Any]:
        yield {"text": float("nan")}

    @command("/fails")
    async def fails(self, run: Command) -> None:
        raise LookupError("no generator at all")


async def acknowledged(bot: BotUnderTest) -> list[Any]:
    """How each command was answered, once all is over."""
    await bot.settled()
    envelopes = [record.envelope for record in bot.traced(EnvelopeReceived)]
    commands = {envelope.id for envelope in envelopes if envelope.kind == "slash_commands"}
    return [record.answer for record in bot.traced(EnvelopeAcknowledged) if record.envelope_id in commands]


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("/plain", None),
        ("/never", None),
        ("/once", {"text": "at once"}),
        ("/many", {"text": "answer 0"}),
        ("/dict", {"text": "for all", "response_type": "in_channel", "blocks": [BLOCK]}),
        ("/early", None),
        ("/late", {"text": "so far so good"}),
        ("/wrong", None),
        ("/unsendable", None),
        ("/no-number", None),
        ("/fails", None),
        ("/nobody-listens", None),
    ],
)
async def test_a_command_is_answered_exactly_once(bot: BotUnderTest, typed: str, answer: Any) -> None:
    """Pitfalls 16 and 17: with the first thing it yields, or empty; also where it raises or nothing matches."""
    await bot.start(Answers)

    run = bot.workspace.run_command("alice", "general", typed)

    assert await run.answer == answer
    assert await acknowledged(bot) == [answer]


async def test_objects_of_slack_sdk_can_be_yielded_inside_a_dict(bot: BotUnderTest) -> None:
    """Blocks are written as dicts or objects everywhere else, too."""
    await bot.start(Answers)

    run = bot.workspace.run_command("alice", "general", "/objects")

    answer = await run.answer
    assert answer is not None
    assert answer["blocks"] == [{"type": "section", "block_id": "b1", "text": {"type": "mrkdwn", "text": "hello"}}]


async def test_code_after_every_yield_runs(bot: BotUnderTest) -> None:
    """Pitfall 17: also after the second and third, whose values go nowhere."""
    await bot.start(Answers)

    bot.workspace.run_command("alice", "general", "/many")
    await bot.settled()

    [answers] = [loaded.instance for loaded in bot.machine.plugins.values()]
    assert isinstance(answers, Answers)
    assert answers.steps == ["step 0", "step 1", "step 2"]


async def test_a_failure_is_reported_wherever_it_happens(bot: BotUnderTest) -> None:
    """Pitfall 17: before or after the first yield."""
    await bot.start(Answers)

    for typed in ("/early", "/late"):
        await bot.workspace.run_command("alice", "general", typed).answer
    await bot.settled()

    failed = [(record.handler.rpartition(".")[2], record.error) for record in bot.traced(InvocationFailed)]
    assert failed == [
        ("fails_early", "LookupError: before the first yield"),
        ("fails_late", "LookupError: after the first yield"),
    ]


async def test_several_handlers_of_one_command_give_one_answer(bot: BotUnderTest) -> None:
    """Pitfall 16: the first to yield answers; all of them run."""
    ran: list[str] = []

    class Two(MachineBasePlugin):
        @command("/both")
        async def first(self, run: Command) -> AsyncIterator[str]:
            ran.append("first")
            yield "first"

        @command("both")
        async def second(self, run: Command) -> AsyncIterator[str]:
            ran.append("second")
            yield "second"

        @command("/both")
        async def silent(self, run: Command) -> None:
            ran.append("silent")

    await bot.start(Two)

    answer = await bot.workspace.run_command("alice", "general", "/both").answer

    assert answer in ({"text": "first"}, {"text": "second"})
    assert await acknowledged(bot) == [answer]
    assert sorted(ran) == ["first", "second", "silent"]
