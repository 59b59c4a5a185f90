"""Shortcuts, requests for options, and the app's home."""

from __future__ import annotations

import re
from typing import Any

import pytest
from slack_sdk.models.blocks import Option

from machine.envelope import Envelope
from machine.plugins import MachineBasePlugin
from machine.plugins.decorators import home_opened, message_shortcut, options, shortcut
from machine.plugins.home import HomeOpened
from machine.plugins.options_request import OptionsRequest
from machine.plugins.shortcut import MessageShortcut, Shortcut
from machine.trace import EnvelopeAcknowledged, EnvelopeReceived
from tests.conftest import BotUnderTest

VIEW: dict[str, Any] = {
    "type": "modal",
    "callback_id": "m",
    "title": {"type": "plain_text", "text": "Hi"},
    "blocks": [{"type": "divider"}],
}
SELECT: dict[str, Any] = {
    "type": "actions",
    "block_id": "where",
    "elements": [{"type": "external_select", "action_id": "city", "min_query_length": 0}],
}


class Desk(MachineBasePlugin):
    """Takes shortcuts, offers options, shows its home."""

    got: list[Any]

    async def init(self) -> None:
        self.got = []

    @shortcut("report")
    @message_shortcut("quote")
    async def take(self, thing: Any) -> None:
        self.got.append(thing)

    @shortcut(re.compile("rep"))
    async def by_pattern(self, thing: Shortcut) -> None:
        self.got.append("pattern")

    @options("city")
    async def cities(self, request: OptionsRequest) -> list[Any]:
        self.got.append(request)
        if request.query == "fail":
            raise LookupError
        if request.query == "none":
            return []
        if request.query == "objects":
            return [Option(value="o", text="Oslo"), {"text": {"type": "plain_text", "text": "Rome"}, "value": "r"}]
        return [city for city in ("Paris", "Perth") if city.lower().startswith(request.query)]

    @home_opened()
    async def home(self, home: HomeOpened) -> None:
        await home.publish({"type": "home", "blocks": [{"type": "divider"}]})
        self.got.append(home)


async def desk(bot: BotUnderTest) -> Desk:
    """A bot with the desk alone."""
    await bot.start(Desk)
    [plugin] = [loaded.instance for loaded in bot.machine.plugins.values()]
    assert isinstance(plugin, Desk)
    return plugin


async def test_a_global_shortcut(bot: BotUnderTest) -> None:
    """Pitfall 15: it opens a modal or writes a direct message; it belongs to no channel."""
    plugin = await desk(bot)

    bot.workspace.run_shortcut("alice", "report")
    await bot.settled()
    [run] = [thing for thing in plugin.got if isinstance(thing, Shortcut)]
    await run.open_modal(VIEW)
    await run.send_dm("thank you")

    alice = bot.workspace.find_person("alice")
    assert (run.callback_id, run.user.name) == ("report", "alice")
    assert "pattern" in plugin.got
    assert bot.workspace.views.shown_to(alice.id) is not None
    assert [said.text for said in bot.workspace.history(bot.workspace.open_dm("alice"))] == ["thank you"]


async def test_a_shortcut_on_a_message(bot: BotUnderTest) -> None:
    """Pitfall 15: it knows the message, and answers in its channel."""
    plugin = await desk(bot)
    posted = bot.workspace.post("bob", "general", "famous words")

    bot.workspace.run_message_shortcut("alice", posted, "quote")
    await bot.settled()
    [run] = plugin.got
    assert isinstance(run, MessageShortcut)
    await run.say("noted", ephemeral=False)

    assert (run.message_text, run.message_ts) == ("famous words", posted.ts)
    assert run.channel is not None
    assert run.channel.name == "general"
    assert [said.text for said in bot.said()] == ["noted"]


@pytest.mark.parametrize(
    ("query", "offered"),
    [("pe", ["Perth"]), ("p", ["Paris", "Perth"]), ("none", []), ("objects", ["Oslo", "Rome"])],
)
async def test_options_are_what_the_handler_returns(bot: BotUnderTest, query: str, offered: list[str]) -> None:
    """Pitfall 15: texts, dicts or slack_sdk's objects."""
    plugin = await desk(bot)
    await plugin.say("general", "where?", blocks=[SELECT])

    answer = await bot.workspace.ask_options("alice", bot.said()[0], "city", query).answer

    assert answer is not None
    assert [option["text"]["text"] for option in answer["options"]] == offered
    assert (plugin.got[0].query, plugin.got[0].user.name) == (query, "alice")


async def test_options_that_fail_are_acknowledged(bot: BotUnderTest) -> None:
    """Pitfall 16: the menu stays empty, the person need not wait."""
    plugin = await desk(bot)
    await plugin.say("general", "where?", blocks=[SELECT])

    assert await bot.workspace.ask_options("alice", bot.said()[0], "city", "fail").answer is None


async def test_the_home_tab_is_published_when_it_is_opened(bot: BotUnderTest) -> None:
    """Only for the tab that was asked for."""
    plugin = await desk(bot)

    bot.workspace.open_home("alice", "messages")
    bot.workspace.open_home("alice")
    await bot.settled()

    [home] = plugin.got
    assert (home.tab, home.user.name, home.view) == ("home", "alice", None)
    assert bot.workspace.views.home_of(bot.workspace.find_person("alice").id) is not None


@pytest.mark.parametrize("kind", ["shortcut", "message_action", "block_suggestion", "block_actions", "unheard_of"])
@pytest.mark.parametrize("payload", [{}, {"callback_id": "report", "action_id": "city"}, {"user": None, "view": 3}])
async def test_no_payload_prevents_its_acknowledgement(bot: BotUnderTest, kind: str, payload: dict[str, Any]) -> None:
    """Pitfall 13: also of kinds nobody has heard of."""
    await desk(bot)

    await bot.machine.handle(Envelope("e1", kind, payload))

    assert [ack.envelope_id for ack in bot.traced(EnvelopeAcknowledged)] == ["e1"]
    assert len(bot.traced(EnvelopeReceived)) == 1
