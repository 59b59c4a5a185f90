"""Interactions with block elements, from the click to what the handler answers."""

from __future__ import annotations

import re
from typing import Any

import pytest
from slack_sdk.models.attachments import Attachment
from slack_sdk.models.blocks import SectionBlock
from slack_sdk.models.views import View

from machine.envelope import Envelope
from machine.plugins import BlockAction, MachineBasePlugin
from machine.plugins.decorators import action
from machine.sandbox.state.objects import Message as Posted
from machine.trace import EnvelopeAcknowledged, EnvelopeReceived, InvocationFailed, LogWritten
from tests.conftest import BotUnderTest
from tests.machine.plugins.catching import Catcher, catcher, caught

BUTTONS: dict[str, Any] = {
    "type": "actions",
    "block_id": "answers",
    "elements": [
        {"type": "button", "action_id": "yes", "value": "1", "text": {"type": "plain_text", "text": "Yes"}},
        {"type": "button", "action_id": "no", "value": "0", "text": {"type": "plain_text", "text": "No"}},
    ],
}
MODAL: dict[str, Any] = {
    "type": "modal",
    "callback_id": "m",
    "title": {"type": "plain_text", "text": "Hi"},
    "blocks": [BUTTONS],
}


async def shown(bot: BotUnderTest, plugin: MachineBasePlugin, **options: Any) -> Posted:
    """A message with two buttons in #general."""
    await plugin.say("general", "Deploy?", blocks=[BUTTONS], **options)
    return bot.said()[-1]


@pytest.fixture
async def click(bot: BotUnderTest) -> BlockAction:
    """Alice clicked on yes."""
    bot.workspace.click("alice", await shown(bot, await catcher(bot)), "yes")
    return await caught(bot, BlockAction)


async def test_what_an_action_tells(bot: BotUnderTest, click: BlockAction) -> None:
    """Who did what, where, and how to answer."""
    alice = bot.workspace.find_person("alice")

    assert (click.user.id, click.user.name) == (alice.id, "alice")
    assert click.channel is not None
    assert click.channel.name == "general"
    assert (click.triggered_action.action_id, click.triggered_action.block_id) == ("yes", "answers")
    assert (click.triggered_action.value, click.payload.actions[0].value) == ("1", "1")
    assert click.payload.message is not None
    assert click.payload.message.text == "Deploy?"
    assert click.state is not None
    assert click.response_url
    assert click.response_url.startswith(bot.sandbox.base_url)
    assert click.trigger_id
    assert "yes" in repr(click)


@pytest.mark.parametrize("ephemeral", [True, False])
async def test_say_answers_by_the_response_url(bot: BotUnderTest, click: BlockAction, ephemeral: bool) -> None:
    """To the person by default; the message with the button stays, contrary to what Slack does unasked."""
    response = await (click.say("done") if ephemeral else click.say("done", ephemeral=False))

    [call] = bot.calls("response_url")
    assert call.arguments == {
        "text": "done",
        "response_type": "ephemeral" if ephemeral else "in_channel",
        "replace_original": False,
        "delete_original": False,
    }
    assert response is not None
    assert response.status_code == 200
    assert [said.text for said in bot.said()] == ["Deploy?", "done"]


async def test_say_replaces_the_original_on_request(bot: BotUnderTest, click: BlockAction) -> None:
    """`replace_original`."""
    await click.say("approved", ephemeral=False, replace_original=True)

    assert [said.text for said in bot.said()] == ["approved"]


async def test_say_deletes_the_original_on_request(bot: BotUnderTest, click: BlockAction) -> None:
    """`delete_original`."""
    await click.say(delete_original=True)

    assert bot.said() == []


@pytest.mark.parametrize(
    "content",
    [
        {"blocks": [{"type": "section", "block_id": "b", "text": {"type": "mrkdwn", "text": "x"}}]},
        {"blocks": [SectionBlock(block_id="b", text={"type": "mrkdwn", "text": "x"})]},
        {"attachments": [{"text": "more"}]},
        {"attachments": [Attachment(text="more")]},
    ],
)
async def test_say_takes_blocks_and_attachments(bot: BotUnderTest, click: BlockAction, content: dict[str, Any]) -> None:
    """As dicts or as slack_sdk's objects."""
    await click.say("done", **content)

    said = bot.said()[-1]
    if "blocks" in content:
        assert [block["text"] for block in said.blocks] == [{"type": "mrkdwn", "text": "x"}]
    else:
        assert [attachment["text"] for attachment in said.attachments] == ["more"]


async def test_send_dm_and_open_modal(bot: BotUnderTest, click: BlockAction) -> None:
    """To the person who clicked."""
    response = await click.send_dm("between us")
    opened = await click.open_modal(View(**MODAL))

    alice = bot.workspace.find_person("alice")
    assert bot.workspace.history(bot.workspace.open_dm("alice"))[0].ts == response["ts"]
    shown_view = bot.workspace.views.shown_to(alice.id)
    assert shown_view is not None
    assert shown_view.id == opened["view"]["id"]


async def test_in_a_modal_there_is_nowhere_to_say_anything(bot: BotUnderTest) -> None:
    """As documented: nothing is sent, a warning is logged, `None` comes back."""
    plugin = await catcher(bot)
    alice = bot.workspace.find_person("alice")
    await plugin.open_modal(bot.workspace.triggers.issue(alice.id), MODAL)
    view = bot.workspace.views.shown_to(alice.id)
    assert view is not None

    bot.workspace.click("alice", view, "no")
    click = await caught(bot, BlockAction)

    assert await click.say("hello?") is None
    assert (click.response_url, click.channel) == (None, None)
    assert [record.level for record in bot.traced(LogWritten) if "response_url" in record.message] == ["warning"]


async def test_a_button_of_an_ephemeral_message_works(bot: BotUnderTest) -> None:
    """Pitfall 14: Slack sends no `message` with it."""
    plugin = await catcher(bot)

    bot.workspace.click("alice", await shown(bot, plugin, ephemeral_user="alice"), "yes")
    click = await caught(bot, BlockAction)
    await click.say("got it")

    assert (click.payload.message, bot.said()[-1].text) == (None, "got it")


class Chooser(MachineBasePlugin):
    """Listens in every form."""

    ran: list[str]

    async def init(self) -> None:
        self.ran = []

    @action("yes")
    async def by_action(self, click: BlockAction) -> None:
        self.ran.append("action")

    @action(block_id="answers")
    async def by_block(self, click: BlockAction) -> None:
        self.ran.append("block")

    @action("yes", "answers")
    async def by_both(self, click: BlockAction) -> None:
        self.ran.append("both")

    @action("yes", "elsewhere")
    async def by_another_block(self, click: BlockAction) -> None:
        self.ran.append("elsewhere")

    @action(re.compile("y|n"))
    async def by_pattern(self, click: BlockAction) -> None:
        self.ran.append("pattern")

    @action(re.compile("es"))
    async def by_pattern_from_the_beginning(self, click: BlockAction) -> None:
        self.ran.append("middle")

    @action(action_id=re.compile("y.s$"), block_id=re.compile("answer"))
    async def by_patterns(self, click: BlockAction) -> None:
        self.ran.append("patterns")

    @action("yes")
    async def fails(self, click: BlockAction) -> None:
        raise LookupError


@pytest.mark.parametrize(
    ("action_id", "handlers"),
    [("yes", ["action", "block", "both", "pattern", "patterns"]), ("no", ["block", "pattern"])],
)
async def test_actions_match_by_both_ids(bot: BotUnderTest, action_id: str, handlers: list[str]) -> None:
    """Texts exactly, patterns from the beginning; both where both are given; answered once."""
    await bot.start(Chooser)
    [chooser] = [loaded.instance for loaded in bot.machine.plugins.values()]
    assert isinstance(chooser, Chooser)

    await bot.workspace.click("bob", await shown(bot, chooser), action_id).answer
    await bot.settled()

    actions = {record.envelope.id for record in bot.traced(EnvelopeReceived) if record.envelope.kind == "block_actions"}
    assert sorted(chooser.ran) == handlers
    assert len([ack for ack in bot.traced(EnvelopeAcknowledged) if ack.envelope_id in actions]) == 1


PAYLOAD: dict[str, Any] = {
    "type": "block_actions",
    "user": {"id": "U0STRANGER"},
    "team": None,
    "enterprise": {"id": "E1", "name": "Org"},
    "is_enterprise_install": True,
    "container": {"type": "message", "message_ts": "1.2", "channel_id": "C1", "is_ephemeral": True},
    "trigger_id": "1.2.3",
}
TEXT = {"type": "plain_text", "text": "No emoji field"}
OPTION = {"text": TEXT, "value": "a"}
RICH_TEXT = {"type": "rich_text", "elements": []}


@pytest.mark.parametrize(
    "element",
    [
        {"type": "button", "text": TEXT, "value": "v"},
        {"type": "number_input", "value": "42"},
        {"type": "number_input", "value": None},
        {"type": "datetimepicker", "selected_date_time": 1795416000},
        {"type": "datetimepicker", "selected_date_time": None},
        {"type": "datepicker", "selected_date": None, "initial_date": "2024-01-01"},
        {"type": "timepicker", "selected_time": "25:99"},
        {"type": "file_input", "files": [{"id": "F1"}]},
        {"type": "rich_text_input", "rich_text_value": RICH_TEXT},
        {"type": "static_select", "selected_option": None},
        {"type": "external_select", "selected_option": OPTION, "initial_option": OPTION},
        {"type": "multi_external_select", "selected_options": [OPTION]},
        {"type": "users_select", "selected_user": None},
        {"type": "checkboxes", "selected_options": []},
        {"type": "workflow_button", "text": TEXT},
        {"type": "hologram", "selected_hologram": {"x": 1}},
        {"type": None, "value": {"not": "a text"}},
    ],
    ids=lambda element: str(element["type"]),
)
async def test_every_element_reaches_its_handler(bot: BotUnderTest, element: dict[str, Any]) -> None:
    """Pitfall 14: those not known yet too; the raw value is kept, in the action and in the state."""
    await catcher(bot)
    acted = {"action_id": "a", "block_id": "b", "action_ts": "1.2", **element}
    payload = {**PAYLOAD, "actions": [acted], "state": {"values": {"b": {"a": element}}}}

    await bot.machine.handle(Envelope("e1", "block_actions", payload))

    click = await caught(bot, BlockAction)
    assert click.triggered_action.raw == acted
    assert click.state is not None
    assert click.state.values["b"]["a"].raw == element
    assert (click.user.id, click.payload.team) == ("U0STRANGER", None)


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"actions": None},
        {"actions": "none"},
        {"actions": [None, 1, []]},
        {"actions": [{"action_id": None}]},
        {"actions": [{"action_id": "a"}], "user": None},
        {"actions": [{"action_id": "a"}], "user": {"id": None}},
        {"actions": [{"action_id": ["a"], "block_id": {}}]},
        {"user": {"id": {}}, "channel": {"id": []}, "container": "x"},
    ],
)
async def test_no_payload_prevents_its_acknowledgement(bot: BotUnderTest, payload: dict[str, Any]) -> None:
    """Pitfall 13: acknowledged first, parsed later; what cannot be parsed costs its own handler, and nothing else."""
    plugin = await catcher(bot)

    await bot.machine.handle(Envelope("e1", "block_actions", payload))
    bot.workspace.click("alice", await shown(bot, plugin), "yes")

    assert (await caught(bot, BlockAction)).user.name in ("alice", "")
    assert [ack.envelope_id for ack in bot.traced(EnvelopeAcknowledged)].count("e1") == 1
    assert len(bot.traced(InvocationFailed)) <= 1
    assert isinstance(plugin, Catcher)


async def test_an_ephemeral_answer_stays_in_the_thread(bot: BotUnderTest) -> None:
    """B8: of the message with the button."""
    plugin = await catcher(bot)
    question = bot.workspace.post("alice", "general", "why?")
    await plugin.say("general", "Deploy?", blocks=[BUTTONS], thread_ts=question.ts)
    bot.workspace.click("alice", bot.said(thread_ts=question.ts)[-1], "yes")
    click = await caught(bot, BlockAction)

    await click.say("psst")
    await click.say("all", ephemeral=False)

    answers = [call.arguments for call in bot.calls("response_url")]
    assert [answer.get("thread_ts") for answer in answers] == [question.ts, None]
