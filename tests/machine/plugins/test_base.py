"""What a plugin can do in its workspace: each method makes the Web API call it is documented to make."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.models.attachments import Attachment
from slack_sdk.models.blocks import SectionBlock
from slack_sdk.models.views import View
from slack_sdk.web.async_client import AsyncWebClient

from machine.plugins import MachineBasePlugin
from tests.conftest import BotUnderTest
from tests.machine.plugins.catching import Catcher, catcher

BLOCK: dict[str, Any] = {"type": "section", "block_id": "b1", "text": {"type": "mrkdwn", "text": "*hello*"}}
MODAL: dict[str, Any] = {
    "type": "modal",
    "callback_id": "m",
    "title": {"type": "plain_text", "text": "Hi"},
    "blocks": [BLOCK],
}
HOME: dict[str, Any] = {"type": "home", "blocks": [BLOCK]}


@pytest.fixture
async def plugin(bot: BotUnderTest) -> Catcher:
    """A plugin of a bot in the default workspace, in the time zone of Tokyo."""
    return await catcher(bot, TZ="Asia/Tokyo")


async def test_people_and_channels_are_known_by_id_and_name(bot: BotUnderTest, plugin: Catcher) -> None:
    """The look-ups of the plugin API, with and without `#`, in any case of letters."""
    alice, general = bot.workspace.find_person("alice"), bot.workspace.find_channel("general")

    assert plugin.users[alice.id].name == "alice"
    assert plugin.get_user_by_id(alice.id) is plugin.users[alice.id]
    assert plugin.get_user_by_id("U0NOBODY") is None
    assert plugin.channels[general.id].name == "general"
    for name in ("general", "#general", "General"):
        found = plugin.find_channel_by_name(name)
        assert found is not None
        assert found.id == general.id
    assert plugin.find_channel_by_name("nowhere") is None
    assert plugin.at(plugin.users[alice.id]) == f"<@{alice.id}>"


async def test_direct_messages_are_not_found_by_name(bot: BotUnderTest, plugin: Catcher) -> None:
    """They have no name, and an empty name is not theirs."""
    bot.workspace.post("alice", bot.workspace.open_dm("alice"), "hello")
    await bot.settled()

    assert plugin.find_channel_by_name("") is None
    assert plugin.find_channel_by_name("alice") is None


async def test_people_by_email_are_users(bot: BotUnderTest, plugin: Catcher) -> None:
    """Pitfall 1: the values are users, not ids."""
    alice = bot.workspace.find_person("alice")

    assert alice.email
    assert plugin.users_by_email[alice.email].id == alice.id
    assert plugin.get_user_by_email(alice.email) is plugin.users[alice.id]
    assert plugin.get_user_by_email(alice.email.upper()) is plugin.users[alice.id]
    assert plugin.get_user_by_email("nobody@example.com") is None


async def test_a_changed_email_address_drops_the_old_one(bot: BotUnderTest, plugin: Catcher) -> None:
    """Pitfall 1: the index follows `user_change`."""
    alice = bot.workspace.find_person("alice")

    bot.workspace.change_person("alice", email="alice@new.example")
    await bot.settled()

    assert alice.email
    assert plugin.get_user_by_email(alice.email) is None
    assert plugin.users_by_email["alice@new.example"].id == alice.id


async def test_the_bot_knows_itself_and_offers_slack_sdks_client(bot: BotUnderTest, plugin: Catcher) -> None:
    """`bot_info` is what `bots.info` tells, `web_client` a real AsyncWebClient."""
    assert plugin.bot_info["user_id"] == bot.workspace.bot.id
    assert plugin.bot_info["name"] == "machine"
    assert isinstance(plugin.web_client, AsyncWebClient)
    assert (await plugin.web_client.auth_test())["user_id"] == bot.workspace.bot.id


async def test_settings_are_found_in_any_case_of_letters(bot: BotUnderTest, plugin: Catcher) -> None:
    """`CaseInsensitiveDict` is part of the plugin API."""
    assert plugin.settings["tz"] == plugin.settings["TZ"] == "Asia/Tokyo"
    assert plugin.settings.get("Not_There") is None


@pytest.mark.parametrize("where", ["general", "#general", "id", "object"])
async def test_say_takes_a_channel_by_name_id_or_object(bot: BotUnderTest, plugin: Catcher, where: str) -> None:
    """`chat.postMessage` gets the id, and what Slack answered comes back."""
    general = bot.workspace.find_channel("general")
    given: dict[str, Any] = {"id": general.id, "object": plugin.channels[general.id]}

    response = await plugin.say(given.get(where, where), "hello")

    [call] = bot.calls("chat.postMessage")
    assert call.arguments == {"channel": general.id, "text": "hello"}
    assert (response["ok"], response["ts"]) == (True, bot.said()[0].ts)


@pytest.mark.parametrize(
    "content",
    [
        {"blocks": [BLOCK], "attachments": [{"text": "more", "fallback": "more"}]},
        {
            "blocks": [SectionBlock(block_id="b1", text={"type": "mrkdwn", "text": "*hello*"})],
            "attachments": [Attachment(text="more", fallback="more")],
        },
    ],
    ids=["dicts", "slack_sdk"],
)
async def test_blocks_and_attachments_are_dicts_or_objects(
    bot: BotUnderTest, plugin: Catcher, content: dict[str, Any]
) -> None:
    """Either way Slack gets the same JSON, from every method that takes them."""
    await plugin.say("general", "hello", **content)
    posted = bot.said()[0]
    await plugin.update("general", posted.ts, "changed", **content)
    await plugin.say("general", "hello", ephemeral_user="alice", **content)
    await plugin.say_scheduled(datetime.now(UTC) + timedelta(hours=1), "general", "later", **content)
    await plugin.send_dm("alice", "hello", **content)

    dm = bot.workspace.open_dm("alice")
    drafts = [scheduled.draft for scheduled in bot.workspace.schedule.pending()]
    posted_or_not: list[Any] = [*bot.said(), *bot.workspace.history(dm), *drafts]
    for message in posted_or_not:
        assert [dict(block) for block in message.blocks] == [BLOCK]
        assert [attachment["text"] for attachment in message.attachments] == ["more"]


async def test_say_passes_further_arguments_on(bot: BotUnderTest, plugin: Catcher) -> None:
    """Whatever `chat.postMessage` learns can be used at once."""
    await plugin.say("general", "hello", unfurl_links=False, icon_emoji=":tada:")

    arguments = bot.calls("chat.postMessage")[0].arguments
    assert (arguments["unfurl_links"], arguments["icon_emoji"]) == (False, ":tada:")


async def test_say_in_a_thread(bot: BotUnderTest, plugin: Catcher) -> None:
    """`thread_ts` names the thread."""
    question = bot.workspace.post("alice", "general", "why?")

    await plugin.say("general", "because", thread_ts=question.ts)

    assert [answer.text for answer in bot.said(thread_ts=question.ts)] == ["because"]


@pytest.mark.parametrize("who", ["alice", "@alice", "id", "object"])
async def test_an_ephemeral_message_in_a_thread(bot: BotUnderTest, plugin: Catcher, who: str) -> None:
    """B8: `thread_ts` says where, `ephemeral_user` who sees it."""
    alice = bot.workspace.find_person("alice")
    question = bot.workspace.post("alice", "general", "why?")
    given: dict[str, Any] = {"id": alice.id, "object": plugin.users[alice.id]}

    response = await plugin.say("general", "psst", thread_ts=question.ts, ephemeral_user=given.get(who, who))

    [call] = bot.calls("chat.postEphemeral")
    general = bot.workspace.find_channel("general")
    assert call.arguments == {"channel": general.id, "user": alice.id, "text": "psst", "thread_ts": question.ts}
    assert response["message_ts"]
    assert bot.calls("chat.postMessage") == []


async def test_what_slack_refuses_is_slack_sdks_own_error(bot: BotUnderTest, plugin: Catcher) -> None:
    """Plugins catch SlackApiError already."""
    with pytest.raises(SlackApiError, match="channel_not_found"):
        await plugin.say("nowhere", "hello")


def _in_ten_days(zone: ZoneInfo | None) -> datetime:
    return (datetime.now(UTC) + timedelta(days=10)).replace(hour=9, minute=30, second=0, microsecond=0, tzinfo=zone)


@pytest.mark.parametrize("zone", ["Europe/Stockholm", "UTC", None])
async def test_scheduled_messages_honour_time_zones(bot: BotUnderTest, plugin: Catcher, zone: str | None) -> None:
    """An aware time is itself; a naive one is meant in the `TZ` setting, not in that of the server."""
    when = _in_ten_days(ZoneInfo(zone) if zone else None)
    expected = int(when.replace(tzinfo=ZoneInfo(zone or "Asia/Tokyo")).timestamp())
    question = bot.workspace.post("alice", "general", "when?")

    response = await plugin.say_scheduled(when, "#general", "later", thread_ts=question.ts)
    direct = await plugin.send_dm_scheduled(when, "alice", "later, to you")

    first, second = bot.calls("chat.scheduleMessage")
    assert first.arguments == {
        "channel": bot.workspace.find_channel("general").id,
        "post_at": expected,
        "text": "later",
        "thread_ts": question.ts,
    }
    assert second.arguments == {
        "channel": bot.workspace.open_dm("alice").id,
        "post_at": expected,
        "text": "later, to you",
    }
    pending = [scheduled.id for scheduled in bot.workspace.schedule.pending()]
    assert [response["scheduled_message_id"], direct["scheduled_message_id"]] == pending


async def test_update_changes_what_the_bot_said(bot: BotUnderTest, plugin: Catcher) -> None:
    """`chat.update`, with further arguments passed on."""
    posted = await plugin.say("general", "one")

    response = await plugin.update("#general", posted["ts"], "two", link_names=True)

    general = bot.workspace.find_channel("general").id
    [call] = bot.calls("chat.update")
    assert call.arguments == {"channel": general, "ts": posted["ts"], "text": "two", "link_names": True}
    assert (response["text"], [message.text for message in bot.said()]) == ("two", ["two"])


async def test_update_of_an_ephemeral_message_posts_another(bot: BotUnderTest, plugin: Catcher) -> None:
    """Slack cannot change one in place."""
    alice = bot.workspace.find_person("alice")
    first = await plugin.say("general", "one", ephemeral_user=alice.id)

    await plugin.update("general", first["message_ts"], "two", ephemeral_user=alice.id)

    assert [(said.text, said.ephemeral_to) for said in bot.said()] == [("one", alice.id), ("two", alice.id)]
    assert bot.calls("chat.update") == []


async def test_delete_takes_a_message_back(bot: BotUnderTest, plugin: Catcher) -> None:
    """`chat.delete`."""
    posted = await plugin.say("general", "oops")

    response = await plugin.delete("#general", posted["ts"])

    general = bot.workspace.find_channel("general").id
    assert [call.arguments for call in bot.calls("chat.delete")] == [{"channel": general, "ts": posted["ts"]}]
    assert (response["ts"], bot.said()) == (posted["ts"], [])


@pytest.mark.parametrize("emoji", ["tada", ":tada:"])
async def test_react_takes_an_emoji_with_or_without_colons(bot: BotUnderTest, plugin: Catcher, emoji: str) -> None:
    """`reactions.add` itself wants the bare name."""
    posted = bot.workspace.post("alice", "general", "done")

    response = await plugin.react("general", posted.ts, emoji)

    general = bot.workspace.find_channel("general").id
    [call] = bot.calls("reactions.add")
    assert call.arguments == {"channel": general, "timestamp": posted.ts, "name": "tada"}
    assert response["ok"]
    assert dict(bot.workspace.history("general")[-1].reactions) == {"tada": (bot.workspace.bot.id,)}


@pytest.mark.parametrize("who", ["alice", "@alice", "id", "object"])
async def test_send_dm_opens_the_conversation(bot: BotUnderTest, plugin: Catcher, who: str) -> None:
    """Pitfall 31: `conversations.open` first, then a plain `chat.postMessage` without `as_user`."""
    alice = bot.workspace.find_person("alice")
    given: dict[str, Any] = {"id": alice.id, "object": plugin.users[alice.id]}

    response = await plugin.send_dm(given.get(who, who), "hello")

    dm = bot.workspace.open_dm("alice")
    assert [call.arguments["users"] for call in bot.calls("conversations.open")] == [alice.id]
    assert [call.arguments for call in bot.calls("chat.postMessage")] == [{"channel": dm.id, "text": "hello"}]
    assert response["ts"] == bot.workspace.history(dm)[0].ts


async def test_open_im_returns_the_id_of_the_conversation(bot: BotUnderTest, plugin: Catcher) -> None:
    """With one person a direct message, with several a group."""
    alice, bob = bot.workspace.find_person("alice"), bot.workspace.find_person("bob")

    assert await plugin.open_im("alice") == bot.workspace.open_dm("alice").id
    group = await plugin.open_im([plugin.users[alice.id], bob.id])

    assert bot.workspace.channels[group].kind == "mpim"


async def test_pin_and_unpin(bot: BotUnderTest, plugin: Catcher) -> None:
    """`pins.add` and `pins.remove`."""
    posted = bot.workspace.post("alice", "general", "read this")

    assert (await plugin.pin_message("general", posted.ts))["ok"]
    assert (await plugin.unpin_message("#general", posted.ts))["ok"]

    expected = {"channel": bot.workspace.find_channel("general").id, "timestamp": posted.ts}
    assert [call.arguments for call in bot.calls("pins.add") + bot.calls("pins.remove")] == [expected, expected]


async def test_set_topic(bot: BotUnderTest, plugin: Catcher) -> None:
    """`conversations.setTopic`."""
    response = await plugin.set_topic("#general", "all is well")

    assert response["ok"]
    assert bot.workspace.find_channel("general").topic == "all is well"


async def test_modals_are_opened_pushed_and_updated(bot: BotUnderTest, plugin: Catcher) -> None:
    """`views.open`, `views.push`, `views.update`; views as dicts and as slack_sdk's objects."""
    alice = bot.workspace.find_person("alice")

    opened = await plugin.open_modal(bot.workspace.triggers.issue(alice.id), MODAL)
    pushed = await plugin.push_modal(bot.workspace.triggers.issue(alice.id), View(**{**MODAL, "external_id": "two"}))
    await plugin.update_modal({**MODAL, "callback_id": "changed"}, view_id=opened["view"]["id"])
    await plugin.update_modal(View(**{**MODAL, "callback_id": "also"}), external_id="two", hash=pushed["view"]["hash"])

    stack = bot.workspace.views.stack_of(alice.id)
    assert [(view.id, view.callback_id) for view in stack] == [
        (opened["view"]["id"], "changed"),
        (pushed["view"]["id"], "also"),
    ]
    with pytest.raises(SlackApiError, match="hash_conflict"):
        await plugin.update_modal(MODAL, view_id=pushed["view"]["id"], hash=pushed["view"]["hash"])


@pytest.mark.parametrize("view", [HOME, View(**HOME)], ids=["dict", "slack_sdk"])
async def test_a_home_tab_is_published(bot: BotUnderTest, plugin: Catcher, view: Any) -> None:
    """`views.publish`, for a person by name."""
    alice = bot.workspace.find_person("alice")

    response = await plugin.publish_home_tab("alice", view)

    home = bot.workspace.views.home_of(alice.id)
    assert home is not None
    assert response["view"]["id"] == home.id
    assert home.content["type"] == "home"


async def test_a_file_is_shared_in_a_thread(bot: BotUnderTest, plugin: Catcher) -> None:
    """Text, bytes or a path; Slack's external upload behind it."""
    question = bot.workspace.post("alice", "general", "logs?")
    path = bot.project / "log.txt"
    path.write_text("from a file", encoding="utf-8")

    await plugin.upload("#general", "as text", "a.txt", comment="here", thread_ts=question.ts)
    await plugin.upload("general", b"as bytes", "b.bin", title="B")
    await plugin.upload("general", path)

    threaded = bot.said(thread_ts=question.ts)
    assert [(message.text, message.files[0].name) for message in threaded] == [("here", "a.txt")]
    assert [message.files[0].name for message in bot.said() if not message.is_reply] == ["b.bin", "log.txt"]


async def test_init_runs_once_and_shutdown_when_the_bot_stops(bot: BotUnderTest) -> None:
    """What `init()` acquires, `shutdown()` releases."""
    steps: list[str] = []

    class Holder(MachineBasePlugin):
        async def init(self) -> None:
            steps.append(f"init {self.bot_info['name']}")

        async def shutdown(self) -> None:
            steps.append("shutdown")

    await bot.start(Holder)
    await bot.machine.stop()

    assert steps == ["init machine", "shutdown"]


@pytest.mark.parametrize("value", [5, ["a"], {"a": 1}, SectionBlock(text="hello"), b"x", True])
async def test_a_text_that_is_none_is_told_before_it_is_sent(bot: BotUnderTest, plugin: Catcher, value: Any) -> None:
    """B11: whichever verb it is given to; what is wrong, and what to do."""
    verbs: list[Awaitable[object]] = [
        plugin.say("general", value),
        plugin.say("general", value, split=True),
        plugin.update("general", "1.2", value),
        plugin.send_dm("alice", value),
        plugin.say_scheduled(datetime.now(UTC) + timedelta(days=1), "general", value),
    ]
    for verb in verbs:
        with pytest.raises(
            TypeError, match=r"the text of a message must be a str, not .*(Write str|Pass it as blocks=)"
        ):
            await verb
    assert bot.calls("chat.postMessage") == []


async def test_an_unknown_channel_or_person_is_named_with_those_that_are_near(
    bot: BotUnderTest, plugin: Catcher
) -> None:
    """B11: the error is slack_sdk's, as before, and its response Slack's."""
    unknown: list[Awaitable[object]] = [
        plugin.say("#genral", "x"),
        plugin.say("Generall", "x"),
        plugin.react("genral", "1.2", "x"),
        plugin.set_topic("genral", "x"),
    ]
    for verb in unknown:
        with pytest.raises(
            SlackApiError, match=r"channel_not_found: there is no '.*'. Did you mean general"
        ) as refused:
            await verb
        assert refused.value.response["error"] == "channel_not_found"
    with pytest.raises(SlackApiError, match=r"there is no '@alicee'. Did you mean alice"):
        await plugin.send_dm("@alicee", "x")
    with pytest.raises(SlackApiError) as other:
        await plugin.say("C0000000000", "x")
    assert "there is no" not in str(other.value)
