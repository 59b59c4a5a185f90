"""What people might do can be tried: in the sandbox for real, against Slack without anything being posted."""

from __future__ import annotations

import pytest

from machine.plugins.base import MachineBasePlugin
from machine.plugins.block_action import BlockAction
from machine.plugins.command import Command
from machine.plugins.decorators import action, command, message_shortcut, shortcut
from machine.plugins.shortcut import MessageShortcut, Shortcut
from machine_console.history.history import History
from machine_console.repl.prompt.session import Session
from machine_console.repl.verbs.namespace import build_namespace
from tests.conftest import BotUnderTest
from tests.console.repl.conftest import PromptUnderTest

BUTTONS = [
    {
        "type": "actions",
        "elements": [
            {"type": "button", "action_id": "approve", "value": "yes", "text": {"type": "plain_text", "text": "OK"}},
            {
                "type": "static_select",
                "action_id": "pick",
                "options": [{"text": {"type": "plain_text", "text": "One"}, "value": "1"}],
            },
        ],
    }
]


class Desk(MachineBasePlugin):
    """Takes commands, clicks and shortcuts."""

    @command("/deploy")
    async def deploy(self, command: Command) -> None:
        await command.say(f"deploying {command.text}")

    @action("approve")
    async def approve(self, action: BlockAction) -> None:
        await self.say("general", "approved")

    @action("pick")
    async def pick(self, action: BlockAction) -> None:
        await self.say("general", "picked")

    @shortcut("ticket")
    async def ticket(self, shortcut: Shortcut) -> None:
        await self.say("general", "new ticket")

    @message_shortcut("keep")
    async def keep(self, shortcut: MessageShortcut) -> None:
        await self.say("general", "kept")


@pytest.fixture
async def desk(bot: BotUnderTest) -> PromptUnderTest:
    """The prompt of a bot that takes everything but messages."""
    history = History()
    await bot.start(Desk)
    bot.machine.trace.subscribe(history.record)
    return PromptUnderTest(bot, history)


def said(bot: BotUnderTest) -> list[str]:
    return [message.text for message in bot.workspace.history("general") if message.is_by_bot]


@pytest.mark.parametrize(
    ("what", "answer"),
    [
        ('"/deploy api", user="bob"', "deploying api"),
        ('action="approve"', "approved"),
        ('action="approve", value="yes", message=m', "approved"),
        ('action="pick", value="1"', "picked"),
        ('shortcut="ticket"', "new ticket"),
        ('shortcut="keep", message=m', "kept"),
    ],
)
async def test_people_of_the_sandbox_do_more_than_talk(desk: PromptUnderTest, what: str, answer: str) -> None:
    """A command, a click, a choice, a shortcut; the result shows what came of it."""
    desk.session.namespace["buttons"] = BUTTONS
    await desk('m = await say("#general", "well?", blocks=buttons)')

    shown = await desk(f"simulate({what})")

    assert said(desk.bot) == ["well?", answer]
    assert "✓ Desk." in shown


@pytest.mark.parametrize(
    ("what", "answer"),
    [
        ('"/deploy api"', "deploying api"),
        ('action="approve", message=m', "approved"),
        ('shortcut="ticket"', "new ticket"),
        ('shortcut="keep", message=m', "kept"),
    ],
)
async def test_against_slack_the_same_is_made_up(desk: PromptUnderTest, what: str, answer: str) -> None:
    """As Slack cannot be told to let somebody click; here the bot believes to be in the sandbox and really answers."""
    history = History()
    desk.bot.machine.trace.subscribe(history.record)
    elsewhere = Session(build_namespace(desk.bot.machine, history), lambda _: None, lambda: 80)

    outcome = await elsewhere.run(f'm = await say("#general", "well?"); event = await simulate({what}); event')

    assert outcome.error == ""
    assert said(desk.bot)[0] == "well?"
    assert said(desk.bot)[1:] == ([answer] if "/deploy" not in what else [])  # its response_url leads nowhere
    assert outcome.value.envelope.is_simulated  # type: ignore[attr-defined]  # an event


async def test_a_raw_payload_is_handed_over(prompt: PromptUnderTest) -> None:
    """An inner event alone is enough."""
    await prompt('payload = {"type": "message", "text": "hello world", "user": user("bob").id, "ts": "1.0"}')
    await prompt('payload |= {"channel": channel("#ops").id, "channel_type": "channel"}')

    await prompt("event = await simulate(payload)")
    await prompt("replay(event)")

    answers = [message.text for message in prompt.bot.workspace.history("ops")]
    assert answers == ["hello world, this is the bot"] * 2
    assert "neither" in await prompt('simulate({"x": 1})')
    assert "Say one thing" in await prompt("simulate()")


async def test_a_live_workspace_gets_nothing_from_simulation_or_replay(live_prompt: PromptUnderTest) -> None:
    """What handlers would send is captured and shown."""
    shown = await live_prompt('simulate("hello world", channel="#general")')
    again = await live_prompt("replay()")

    assert said(live_prompt.bot) == []
    assert "chat.postMessage (captured, not sent)" in shown
    assert "chat.postMessage (captured, not sent)" in again


async def test_send_true_really_sends(live_prompt: PromptUnderTest) -> None:
    """For the one time when that is what is wanted."""
    await live_prompt('simulate("hello world", channel="#general", send=True)')
    await live_prompt("replay(last, send=True)")

    assert said(live_prompt.bot) == ["hello world, this is the bot"] * 2


async def test_events_are_asked_for_by_what_they_are(prompt: PromptUnderTest) -> None:
    """Kind, error, person, place, text, handler."""
    await prompt('simulate("hello world", user="alice", channel="#general")')
    await prompt('simulate("break", user="bob", channel="#ops")')

    for condition, text in {
        'kind="message", error=True': "break",
        'user="alice"': "hello world",
        'channel="#ops"': "break",
        'text="HELLO", user="alice"': "hello world",
        'handler="greet"': "hello world",
        'lambda event: event.failed, kind="events_api"': "break",
    }.items():
        assert await prompt(f"[event.envelope.text for event in events.where({condition})]") == f"['{text}']"
    assert await prompt("events[-1].envelope.text") == "'break'"
    assert await prompt("len(events[:])") == await prompt("len(events)")
