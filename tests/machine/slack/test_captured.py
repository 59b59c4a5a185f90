"""Answers of calls that are not made have the shape of those that are: the sandbox's are what they are held against."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

import pytest

from machine.plugins import Command
from machine.slack.captured import captured_answer
from tests.conftest import BotUnderTest
from tests.machine.plugins.catching import Catcher, catcher, caught

VIEW = {
    "type": "modal",
    "callback_id": "order",
    "title": {"type": "plain_text", "text": "Order"},
    "private_metadata": "7",
    "blocks": [{"type": "section", "text": {"type": "plain_text", "text": "What?"}}],
}
_OF_THE_WORKSPACE = {"team", "team_id", "user", "bot_id", "app_id", "bot_profile", "subtype", "app_installed_team_id"}
_OF_THE_WORKSPACE |= {"username", "edited", "last_updated_by_user_id", "last_updated_by_team_id"}
"""What a plugin knows without the answer, and nobody can know who has not been answered."""


@pytest.fixture
async def plugin(bot: BotUnderTest) -> Catcher:
    """A plugin of a bot in the sandbox."""
    return await catcher(bot)


def assert_alike(invented: Any, real: Any, place: str) -> None:
    """Everything that the real answer tells is there, and of the same type."""
    assert type(invented) is type(real), f"{place}: {invented!r} is not like {real!r}"
    if isinstance(real, Mapping):
        for name in real.keys() - _OF_THE_WORKSPACE:
            if real[name]:
                assert name in invented, f"{place}.{name} is missing: {real[name]!r}"
                assert_alike(invented[name], real[name], f"{place}.{name}")


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("chat.postMessage", {"channel": "C0GENERAL", "text": "{hello}"}),
        ("chat.postMessage", {"channel": "C0GENERAL", "text": "well", "blocks": VIEW["blocks"]}),
        ("chat.postEphemeral", {"channel": "C0GENERAL", "text": "psst", "user": "alice"}),
        ("chat.meMessage", {"channel": "C0GENERAL", "text": "waves"}),
        ("chat.update", {"channel": "C0GENERAL", "text": "better", "ts": "posted"}),
        ("chat.delete", {"channel": "C0GENERAL", "ts": "posted"}),
        ("chat.scheduleMessage", {"channel": "C0GENERAL", "text": "later", "post_at": "soon"}),
        ("reactions.add", {"channel": "C0GENERAL", "name": "eyes", "timestamp": "posted"}),
        ("pins.add", {"channel": "C0GENERAL", "timestamp": "posted"}),
        ("bookmarks.add", {"channel_id": "C0GENERAL", "title": "Docs", "type": "link", "link": "https://example.com"}),
        ("views.publish", {"user_id": "alice", "view": {"type": "home", "blocks": VIEW["blocks"]}}),
    ],
)
async def test_an_answer_is_like_the_real_one(
    bot: BotUnderTest, plugin: Catcher, method: str, arguments: dict[str, Any]
) -> None:
    """So that a plugin that reads it does the same when it is only tried."""
    posted = await plugin.say("general", "to be changed")
    ids = {"posted": posted["ts"], "alice": bot.workspace.find_person("alice").id, "soon": int(time.time()) + 3600}
    ids["C0GENERAL"] = posted["channel"]
    known = {name: ids.get(value, value) if isinstance(value, str) else value for name, value in arguments.items()}

    real = (await plugin.web_client.api_call(method, json=known)).data
    invented = captured_answer(method, known)

    assert invented["captured"] is True
    assert_alike(invented, real, method)


async def test_a_view_is_answered_with_its_id(bot: BotUnderTest, plugin: Catcher) -> None:
    """A handler that opens a modal keeps its id to update it."""
    bot.workspace.run_command("alice", "general", "/catch")
    trigger_id = (await caught(bot, Command)).payload["trigger_id"]

    real = (await plugin.web_client.views_open(trigger_id=trigger_id, view=VIEW)).data
    opened = captured_answer("views.open", {"trigger_id": trigger_id, "view": json.dumps(VIEW)})
    updated = captured_answer("views.update", {"view_id": opened["view"]["id"], "view": VIEW})

    assert_alike(opened, real, "views.open")
    assert opened["view"]["private_metadata"] == "7"
    assert updated["view"]["id"] == opened["view"]["id"] != captured_answer("views.open", {"view": VIEW})["view"]["id"]


def test_files_and_channels_have_ids() -> None:
    """What is not there has one nonetheless."""
    uploaded = captured_answer("files.uploadV2", {"file_uploads": [{"filename": "a.txt"}, {"title": "B"}]})
    created = captured_answer("conversations.create", {"name": "plans"})

    assert [file["title"] for file in uploaded["files"]] == ["a.txt", "B"]
    assert uploaded["file"]["id"] == uploaded["files"][0]["id"] != uploaded["files"][1]["id"]
    assert created["channel"]["name"] == "plans"
    assert captured_answer("conversations.invite", {"channel": "C1"})["channel"] == {"id": "C1"}
