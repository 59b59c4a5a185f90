"""A message as a handler gets it, and every way to answer one."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.models.attachments import Attachment
from slack_sdk.models.blocks import SectionBlock

from machine.envelope import Envelope
from machine.plugins import Message
from machine.trace import LogWritten
from tests.conftest import BotUnderTest
from tests.machine.plugins.catching import Catcher, catcher, caught, instance

BLOCK: dict[str, Any] = {"type": "section", "block_id": "b1", "text": {"type": "mrkdwn", "text": "*hello*"}}


@pytest.fixture
async def message(bot: BotUnderTest) -> Message:
    """What alice wrote to #general, where the bot runs in the time zone of Tokyo."""
    await catcher(bot, TZ="Asia/Tokyo")
    bot.workspace.post("alice", "general", "good morning")
    return await caught(bot, Message)


@pytest.fixture
async def answer_in_thread(bot: BotUnderTest) -> Message:
    """What bob answered in the thread below a message of alice."""
    await catcher(bot)
    question = bot.workspace.post("alice", "general", "why?")
    bot.workspace.post("bob", "general", "because", thread_ts=question.ts)
    return await caught(bot, Message, 2)


@pytest.fixture
async def direct_message(bot: BotUnderTest) -> Message:
    """What alice wrote to the bot alone."""
    await catcher(bot)
    bot.workspace.post("alice", bot.workspace.open_dm("alice"), "between us")
    return await caught(bot, Message)


async def test_what_a_message_tells(bot: BotUnderTest, message: Message) -> None:
    """Sender, place, text and time, and the event behind them."""
    alice, posted = bot.workspace.find_person("alice"), bot.workspace.history("general")[-1]

    assert (message.sender.id, message.sender.name) == (alice.id, "alice")
    assert (message.channel.id, message.channel.name) == (bot.workspace.find_channel("general").id, "general")
    assert (message.text, message.ts, message.at_sender) == ("good morning", posted.ts, f"<@{alice.id}>")
    assert (message.in_thread, message.thread_ts, message.is_dm, message.files) == (False, None, False, [])
    assert message.event["text"] == "good morning"


async def test_a_message_in_a_thread_knows_it(bot: BotUnderTest, answer_in_thread: Message) -> None:
    """`thread_ts` is that of the message that began it."""
    question = bot.workspace.history("general")[0]

    assert (answer_in_thread.in_thread, answer_in_thread.thread_ts) == (True, question.ts)


async def test_a_direct_message_knows_it(direct_message: Message) -> None:
    """Whatever Slack tells of its channel."""
    assert direct_message.is_dm
    assert direct_message.channel.is_im


async def test_a_message_with_a_file_has_it(bot: BotUnderTest) -> None:
    """Also where nothing is written next to it."""
    await catcher(bot)

    bot.workspace.upload("alice", "general", "plan.txt", b"plan")

    message = await caught(bot, Message)
    assert ([file["name"] for file in message.files], message.text) == (["plan.txt"], "")


@pytest.mark.parametrize(
    ("options", "text"),
    [({}, "hello"), ({"unfurl_links": False}, "hello"), ({"text": None, "attachments": [{"fallback": "a"}]}, None)],
)
async def test_say_posts_to_the_same_channel(
    bot: BotUnderTest, message: Message, options: dict[str, Any], text: str | None
) -> None:
    """`chat.postMessage`, with whatever else it takes."""
    response = await message.say(**{"text": text, **options})

    given = {name: value for name, value in {"text": text, **options}.items() if value is not None}
    assert [call.arguments for call in bot.calls("chat.postMessage")] == [{"channel": message.channel.id, **given}]
    assert response["ts"] == bot.said()[0].ts


async def test_say_into_a_thread(bot: BotUnderTest, message: Message) -> None:
    """Any thread, by its `thread_ts`."""
    await message.say("below", thread_ts=message.ts)

    assert [said.text for said in bot.said(thread_ts=message.ts)] == ["below"]


@pytest.mark.parametrize("options", [{"thread_ts": "1.2"}, {}])
async def test_say_ephemeral_shows_it_to_the_sender_only(
    bot: BotUnderTest, message: Message, options: dict[str, Any]
) -> None:
    """B8: in the thread that is given."""
    response = await message.say("psst", ephemeral=True, **options)

    [call] = bot.calls("chat.postEphemeral")
    assert call.arguments == {"channel": message.channel.id, "user": message.sender.id, "text": "psst", **options}
    assert response["message_ts"] == bot.said(**options)[0].ts


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
async def test_blocks_and_attachments_are_dicts_or_objects(
    bot: BotUnderTest, message: Message, content: dict[str, Any]
) -> None:
    """Either way Slack gets the same JSON, from every method that takes them."""
    later = datetime.now(UTC) + timedelta(hours=1)
    await message.say("1", **content)
    await message.reply("2", **content)
    await message.reply("3", ephemeral=True, **content)
    await message.reply_dm("4", **content)
    await message.say_scheduled(later, "5", **content)
    await message.reply_scheduled(later, "6", **content)
    await message.reply_dm_scheduled(later, "7", **content)

    drafts = [scheduled.draft for scheduled in bot.workspace.schedule.pending()]
    posted: list[Any] = [*bot.said(), *bot.workspace.history(bot.workspace.open_dm("alice")), *drafts]
    assert len(posted) == 7
    for each in posted:
        assert [dict(block) for block in each.blocks] == [BLOCK]
        assert [attachment["text"] for attachment in each.attachments] == ["more"]


async def test_a_long_text_is_split_on_request(bot: BotUnderTest, message: Message) -> None:
    """Pitfall 32: nothing is lost; attachments come with the last part, and everything in the same thread."""
    lines = [f"line {number} {'x' * 90}" for number in range(100)]

    response = await message.reply("\n".join(lines), [{"text": "a"}], in_thread=True, split=True)

    said = [each for each in bot.said(thread_ts=message.ts) if each.is_reply]
    assert "\n".join(each.text for each in said).split("\n") == lines
    assert all(len(each.text) <= 4_000 for each in said)
    assert [len(each.attachments) for each in said] == [0, 0, 1]
    assert response["ts"] == said[-1].ts


@pytest.mark.parametrize("text", ["short", "a\n\nb", "\n", "", None])
async def test_a_short_text_need_not_be_split(bot: BotUnderTest, message: Message, text: str | None) -> None:
    """Pitfall 32: asking for it does no harm."""
    await message.say(text, [{"fallback": "a", "text": "a"}], split=True)

    assert [each.text for each in bot.said()] == [text or ""]


@pytest.mark.usefixtures("production_logging")
async def test_a_text_that_slack_cuts_is_warned_of(bot: BotUnderTest, message: Message) -> None:
    """Pitfall 32: never cut silently."""
    with suppress(SlackApiError):  # the sandbox refuses it, so that tests find out
        await message.say("x" * 40_001)

    assert [line.level for line in bot.traced(LogWritten) if "split=True" in line.message] == ["warning"]


async def test_reply_mentions_the_sender(bot: BotUnderTest, message: Message) -> None:
    """In the channel, as a new message."""
    response = await message.reply("hello")

    [call] = bot.calls("chat.postMessage")
    assert call.arguments == {"channel": message.channel.id, "text": f"{message.at_sender}: hello"}
    assert response["ok"]


async def test_reply_without_a_text_mentions_nobody(bot: BotUnderTest, message: Message) -> None:
    """There is nothing to put the mention before."""
    await message.reply(attachments=[{"text": "only this", "fallback": "only this"}])

    assert "text" not in bot.calls("chat.postMessage")[0].arguments


async def test_reply_in_thread_begins_one(bot: BotUnderTest, message: Message) -> None:
    """Without a mention: the thread tells who is meant."""
    await message.reply("hello", in_thread=True)

    [call] = bot.calls("chat.postMessage")
    assert call.arguments == {"channel": message.channel.id, "text": "hello", "thread_ts": message.ts}


async def test_reply_inside_a_thread_stays_in_it(bot: BotUnderTest, answer_in_thread: Message) -> None:
    """Pitfall 31: the parent's `thread_ts`; Slack knows no threads within threads."""
    question = bot.workspace.history("general")[0]

    await answer_in_thread.reply("so that is why", in_thread=True)
    await answer_in_thread.reply_scheduled(datetime.now(UTC) + timedelta(hours=1), "later", in_thread=True)

    posts = [*bot.calls("chat.postMessage"), *bot.calls("chat.scheduleMessage")]
    assert [call.arguments["thread_ts"] for call in posts] == [question.ts, question.ts]


async def test_reply_ephemeral_beats_a_thread(bot: BotUnderTest, message: Message) -> None:
    """As documented; and the sender is mentioned, as there is no thread."""
    await message.reply("psst", in_thread=True, ephemeral=True)

    [call] = bot.calls("chat.postEphemeral")
    assert call.arguments == {
        "channel": message.channel.id,
        "user": message.sender.id,
        "text": f"{message.at_sender}: psst",
    }


async def test_reply_in_a_direct_message_mentions_nobody(bot: BotUnderTest, direct_message: Message) -> None:
    """Pitfall 31: there is only one to talk to; and a direct message is sent without `as_user`."""
    await direct_message.reply("hello")

    [call] = bot.calls("chat.postMessage")
    assert call.arguments == {"channel": direct_message.channel.id, "text": "hello"}


@pytest.mark.parametrize("zone", ["Europe/Stockholm", None])
async def test_scheduled_answers_honour_time_zones(bot: BotUnderTest, message: Message, zone: str | None) -> None:
    """An aware time is itself; a naive one is meant in the `TZ` setting."""
    in_ten_days = (datetime.now(UTC) + timedelta(days=10)).replace(hour=9, minute=30, second=0, microsecond=0)
    when = in_ten_days.replace(tzinfo=ZoneInfo(zone) if zone else None)
    at = int(in_ten_days.replace(tzinfo=ZoneInfo(zone or "Asia/Tokyo")).timestamp())
    general, dm = message.channel.id, bot.workspace.open_dm("alice").id

    responses = [
        await message.say_scheduled(when, "1", thread_ts=message.ts),
        await message.reply_scheduled(when, "2"),
        await message.reply_scheduled(when, "3", in_thread=True),
        await message.reply_dm_scheduled(when, "4"),
    ]

    assert [call.arguments for call in bot.calls("chat.scheduleMessage")] == [
        {"channel": general, "post_at": at, "text": "1", "thread_ts": message.ts},
        {"channel": general, "post_at": at, "text": f"{message.at_sender}: 2"},
        {"channel": general, "post_at": at, "text": "3", "thread_ts": message.ts},
        {"channel": dm, "post_at": at, "text": "4"},
    ]
    pending = {scheduled.id for scheduled in bot.workspace.schedule.pending()}
    assert {response["scheduled_message_id"] for response in responses} == pending


async def test_reply_dm_answers_the_sender_alone(bot: BotUnderTest, message: Message) -> None:
    """Pitfall 31: opened by `conversations.open`, posted without `as_user`."""
    response = await message.reply_dm("between us")

    dm = bot.workspace.open_dm("alice")
    assert [call.arguments for call in bot.calls("chat.postMessage")] == [{"channel": dm.id, "text": "between us"}]
    assert response["ts"] == bot.workspace.history(dm)[0].ts


async def test_react_and_pin(bot: BotUnderTest, message: Message) -> None:
    """`reactions.add` and `pins.add`, on the message itself."""
    assert (await message.react(":tada:"))["ok"]
    assert (await message.pin_message())["ok"]

    place = {"channel": message.channel.id, "timestamp": message.ts}
    assert [call.arguments for call in bot.calls("reactions.add")] == [{**place, "name": "tada"}]
    assert [call.arguments for call in bot.calls("pins.add")] == [place]


async def test_a_file_is_shared_where_the_message_is(bot: BotUnderTest, answer_in_thread: Message) -> None:
    """In its thread, if asked for."""
    await answer_in_thread.upload("text", "a.txt", in_thread=True)
    await answer_in_thread.upload("text", "b.txt")

    assert [said.files[0].name for said in bot.said(thread_ts=answer_in_thread.thread_ts)] == ["a.txt"]
    assert [said.files[0].name for said in bot.said() if not said.is_reply] == ["b.txt"]


async def test_an_unknown_sender_stops_no_handler(bot: BotUnderTest) -> None:
    """Pitfall 2: somebody from Slack Connect, whom Slack tells nothing about, is a user with an id."""
    await catcher(bot)
    general = bot.workspace.find_channel("general").id
    event = {"type": "message", "user": "U0STRANGER", "channel": general, "text": "hello", "ts": "1.2"}

    await bot.machine.handle(Envelope("e1", "events_api", {"event": event}))
    message = await caught(bot, Message)
    await message.reply("hello stranger")

    assert (message.sender.id, message.at_sender) == ("U0STRANGER", "<@U0STRANGER>")
    assert bot.said()[0].text == "<@U0STRANGER>: hello stranger"


async def test_somebody_who_just_joined_is_looked_up(bot: BotUnderTest) -> None:
    """Pitfall 2: `users.info` tells about a sender who is not known yet."""
    plugin = await catcher(bot)
    eve = bot.workspace.add_person("eve", real_name="Eve Eriksson")
    await bot.settled()
    plugin.users.pop(eve.id)
    event = {"type": "message", "user": eve.id, "channel": "C1", "text": "hello", "ts": "1.2"}

    await bot.machine.handle(Envelope("e1", "events_api", {"event": event}))

    assert (await caught(bot, Message)).sender.real_name == "Eve Eriksson"


async def test_a_channel_that_just_appeared_can_be_answered_in(bot: BotUnderTest) -> None:
    """Pitfall 3: a new private channel, a new direct message: the id is in the event."""
    await catcher(bot)
    workspace = bot.workspace
    hidden = workspace.create_channel("hidden", "alice", is_private=True)
    workspace.invite("alice", hidden, workspace.bot)
    await bot.settled()
    instance(bot, Catcher).channels.clear()

    posted = workspace.post("alice", hidden, "psst")
    message = await caught(bot, Message, 1)
    await message.say("hello")
    await message.react("tada")
    await message.reply("there", in_thread=True)

    assert [said.text for said in bot.said("hidden")] == ["hello"]
    assert [said.text for said in bot.said("hidden", posted.ts) if said.is_reply] == ["there"]
    assert message.channel.name == "hidden"


async def test_a_channel_slack_will_not_tell_about_can_be_answered_in(bot: BotUnderTest) -> None:
    """Pitfall 3: no look-up needs to succeed."""
    await catcher(bot)
    event = {"type": "message", "user": "U0STRANGER", "channel": "D0NOWHERE", "text": "hello", "ts": "1.2"}

    await bot.machine.handle(Envelope("e1", "events_api", {"event": event}))

    message = await caught(bot, Message)
    assert (message.channel.id, message.channel.is_im, message.is_dm) == ("D0NOWHERE", True, True)


@pytest.mark.parametrize("gap", [{"text": None}, {}], ids=["null", "absent"])
async def test_a_message_without_text_does_no_harm(bot: BotUnderTest, gap: dict[str, Any]) -> None:
    """Pitfall 9: attachments-only messages have no text; `channel_type` may be absent too."""
    await catcher(bot)
    event = {"type": "message", "user": "U1", "channel": "C1", "ts": "1.2", "attachments": [{"text": "x"}], **gap}

    await bot.machine.handle(Envelope("e1", "events_api", {"event": event}))

    assert (await caught(bot, Message)).text == ""


async def test_the_repr_is_for_people(message: Message) -> None:
    """It ends up in logs and in the REPL."""
    assert "good morning" in repr(message)


async def test_an_ephemeral_answer_stays_in_the_thread(bot: BotUnderTest, answer_in_thread: Message) -> None:
    """B8: of a message in a thread; another thread can be given, and `reply()` does likewise."""
    thread_ts = answer_in_thread.thread_ts

    await answer_in_thread.say("psst", ephemeral=True)
    await answer_in_thread.reply("hey", ephemeral=True, in_thread=True)
    await answer_in_thread.say("there", ephemeral=True, thread_ts="1.2")

    calls = [call.arguments for call in bot.calls("chat.postEphemeral")]
    assert [call.get("thread_ts") for call in calls] == [thread_ts, thread_ts, "1.2"]


async def test_an_ephemeral_answer_begins_no_thread(bot: BotUnderTest, message: Message) -> None:
    """B8: Slack shows nobody a thread that begins with an ephemeral message."""
    await message.say("psst", ephemeral=True)
    await message.reply("hey", ephemeral=True, in_thread=True)

    assert ["thread_ts" in call.arguments for call in bot.calls("chat.postEphemeral")] == [False, False]
