"""Every method of the table, called through slack_sdk's own client."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from machine.sandbox import Sandbox, Workspace
from machine.sandbox.api.methods import TABLE
from machine.sandbox.state.objects import Message

MODAL = {
    "type": "modal",
    "callback_id": "deploy",
    "title": {"type": "plain_text", "text": "Deploy"},
    "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "Which service?"}}],
}
HOME = {"type": "home", "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "Welcome"}}]}


@dataclass
class Scene:
    """A workspace in which something has been said."""

    workspace: Workspace
    web: AsyncWebClient
    app_token: str
    general: str
    alice: str
    message: Message
    own_ts: str

    def trigger(self) -> str:
        return self.workspace.triggers.issue(self.alice)

    async def upload(self) -> str:
        answer = await self.web.files_upload_v2(content="hello", filename="notes.txt", channel=self.general)
        return str(answer["files"][0]["id"])


@pytest.fixture
async def scene(workspace: Workspace, sandbox: Sandbox) -> Scene:
    web = AsyncWebClient(token=sandbox.bot_token, base_url=sandbox.api_url)
    general, alice = workspace.find_channel("general").id, workspace.find_person("alice").id
    message = workspace.post("alice", "#general", "hello")
    own = await web.chat_postMessage(channel=general, text="hi there")
    return Scene(workspace, web, sandbox.app_token, general, alice, message, own["ts"])


Check = Callable[[Scene], Awaitable[object]]
CHECKS: dict[str, Check] = {}


def method(name: str) -> Callable[[Check], Check]:
    """The decorated function tries the method of this name."""

    def remember(check: Check) -> Check:
        CHECKS[name] = check
        return check

    return remember


@pytest.mark.parametrize("name", sorted(TABLE))
async def test_method_answers_as_slack_does(name: str, scene: Scene) -> None:
    """A method without a check here does not count as working."""
    assert inspect.iscoroutinefunction(CHECKS[name])

    await CHECKS[name](scene)


@method("api.test")
async def _(scene: Scene) -> None:
    assert (await scene.web.api_test(foo="bar"))["args"] == {"foo": "bar"}


@method("auth.test")
async def _(scene: Scene) -> None:
    answer = await scene.web.auth_test()
    assert answer["user_id"] == scene.workspace.bot.id
    assert answer["bot_id"] == scene.workspace.bot.bot_id
    assert answer["team_id"] == scene.workspace.team.id
    assert "chat:write" in answer.headers["x-oauth-scopes"]


@method("apps.connections.open")
async def _(scene: Scene) -> None:
    assert (await scene.web.apps_connections_open(app_token=scene.app_token))["url"].startswith("ws://")


@method("chat.postMessage")
async def _(scene: Scene) -> None:
    answer = await scene.web.chat_postMessage(
        channel="#general",
        text="hello",
        thread_ts=scene.message.ts,
        reply_broadcast=True,
        attachments=[{"text": "more"}],
        metadata={"event_type": "greeting", "event_payload": {"id": 1}},
        username="Greeter",
        icon_emoji=":wave:",
    )
    message = answer["message"]
    assert answer["channel"] == scene.general
    assert message["thread_ts"] == scene.message.ts
    assert message["attachments"][0] == {"id": 1, "fallback": "more", "text": "more"}
    assert message["metadata"]["event_payload"] == {"id": 1}
    assert (message["username"], message["icons"]) == ("Greeter", {"emoji": ":wave:"})
    assert message["subtype"] == "thread_broadcast"
    assert message["root"]["ts"] == message["thread_ts"]
    assert message["root"]["reply_count"] == 1
    assert scene.workspace.history("#general")[-1].is_reply
    dm = await scene.web.chat_postMessage(channel=scene.alice, text="psst")
    assert scene.workspace.channels[dm["channel"]].is_dm


@method("chat.postEphemeral")
async def _(scene: Scene) -> None:
    answer = await scene.web.chat_postEphemeral(channel=scene.general, user=scene.alice, text="only you")
    shown = scene.workspace.history("#general")[-1]
    assert (shown.ts, shown.ephemeral_to) == (answer["message_ts"], scene.alice)
    history = await scene.web.conversations_history(channel=scene.general)
    assert answer["message_ts"] not in [message["ts"] for message in history["messages"]]


@method("chat.meMessage")
async def _(scene: Scene) -> None:
    await scene.web.chat_meMessage(channel=scene.general, text="waves")
    assert scene.workspace.history("#general")[-1].subtype == "me_message"


@method("chat.update")
async def _(scene: Scene) -> None:
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "*new*"}}]
    answer = await scene.web.chat_update(channel=scene.general, ts=scene.own_ts, text="new", blocks=blocks)
    assert (answer["ts"], answer["text"]) == (scene.own_ts, "new")
    assert answer["message"]["blocks"][0]["block_id"]
    assert scene.workspace.history("#general")[-1].is_edited
    await scene.web.chat_update(channel=scene.general, ts=scene.own_ts, text="newer")
    assert scene.workspace.history("#general")[-1].blocks == ()


@method("chat.delete")
async def _(scene: Scene) -> None:
    await scene.web.chat_delete(channel=scene.general, ts=scene.own_ts)
    assert scene.own_ts not in [message.ts for message in scene.workspace.history("#general")]


async def _schedule(scene: Scene, text: str = "later") -> str:
    post_at = int(scene.workspace.timeline.now) + 60
    answer = await scene.web.chat_scheduleMessage(channel=scene.general, post_at=post_at, text=text)
    assert answer["post_at"] == post_at
    return str(answer["scheduled_message_id"])


@method("chat.scheduleMessage")
async def _(scene: Scene) -> None:
    """D8: the message is told as Slack's own samples have it."""
    assert (await _schedule(scene)).startswith("Q")
    metadata = {"event_type": "greeting", "event_payload": {"id": 1}}
    answer = await scene.web.chat_scheduleMessage(
        channel=scene.general,
        post_at=int(scene.workspace.timeline.now) + 60,
        text="later",
        blocks=[{"type": "divider"}],
        metadata=metadata,
    )
    message = answer["message"]
    assert message.keys() == {
        *("type", "text", "user", "bot_id", "app_id", "team", "bot_profile", "blocks", "metadata"),
    }
    assert (message["type"], message["user"], message["metadata"]) == (
        "delayed_message",
        scene.workspace.bot.id,
        metadata,
    )
    assert message["blocks"][0]["block_id"]


@method("chat.scheduledMessages.list")
async def _(scene: Scene) -> None:
    first, second = await _schedule(scene), await _schedule(scene)
    page = await scene.web.chat_scheduledMessages_list(channel=scene.general, limit=1)
    rest = await scene.web.chat_scheduledMessages_list(cursor=page["response_metadata"]["next_cursor"])
    assert [page["scheduled_messages"][0]["id"], rest["scheduled_messages"][0]["id"]] == [first, second]


@method("chat.deleteScheduledMessage")
async def _(scene: Scene) -> None:
    await scene.web.chat_deleteScheduledMessage(channel=scene.general, scheduled_message_id=await _schedule(scene))
    assert scene.workspace.schedule.pending() == []


@method("chat.getPermalink")
async def _(scene: Scene) -> None:
    reply = await scene.web.chat_postMessage(channel=scene.general, text="reply", thread_ts=scene.message.ts)
    answer = await scene.web.chat_getPermalink(channel=scene.general, message_ts=reply["ts"])
    assert answer["permalink"].endswith(f"?thread_ts={scene.message.ts}&cid={scene.general}")


@method("conversations.list")
async def _(scene: Scene) -> None:
    scene.workspace.open_dm("alice")
    scene.workspace.create_channel("old", "alice")
    scene.workspace.channels.archive(scene.workspace.find_channel("old"), scene.alice)
    answer = await scene.web.conversations_list(
        types=["public_channel", "private_channel", "im"], limit=2, exclude_archived=True
    )
    found = []
    async for page in answer:
        found += [channel.get("name") or channel["user"] for channel in page["channels"]]
    assert found == ["general", "random", "ops", scene.alice]


@method("conversations.info")
async def _(scene: Scene) -> None:
    channel = (await scene.web.conversations_info(channel=scene.general, include_num_members=True))["channel"]
    assert (channel["name"], channel["is_general"], channel["is_member"], channel["num_members"]) == (
        "general",
        True,
        True,
        5,
    )
    assert channel["topic"]["value"] == "Everything that concerns everybody"


@method("conversations.open")
async def _(scene: Scene) -> None:
    first = await scene.web.conversations_open(users=[scene.alice])
    again = await scene.web.conversations_open(users=scene.alice, return_im=True)
    by_id = await scene.web.conversations_open(channel=first["channel"]["id"])
    group = await scene.web.conversations_open(users=[scene.alice, scene.workspace.find_person("bob").id])
    assert first["channel"]["id"] == again["channel"]["id"] == by_id["channel"]["id"]
    assert again["already_open"]
    assert again["channel"]["user"] == scene.alice
    assert scene.workspace.channels[group["channel"]["id"]].kind == "mpim"


@method("conversations.close")
async def _(scene: Scene) -> None:
    dm = scene.workspace.open_dm("alice")
    assert "already_closed" not in (await scene.web.conversations_close(channel=dm.id)).data
    assert (await scene.web.conversations_close(channel=dm.id))["already_closed"]


@method("conversations.history")
async def _(scene: Scene) -> None:
    newest = scene.workspace.post("bob", "#general", "newest")
    scene.workspace.post("bob", "#general", "reply", thread_ts=newest.ts)
    page = await scene.web.conversations_history(channel=scene.general, limit=1)
    rest = await scene.web.conversations_history(
        channel=scene.general, cursor=page["response_metadata"]["next_cursor"], oldest=scene.message.ts
    )
    inclusive = await scene.web.conversations_history(
        channel=scene.general, oldest=scene.message.ts, latest=scene.message.ts, inclusive=True
    )
    assert (page["messages"][0]["ts"], page["messages"][0]["reply_count"], page["has_more"]) == (newest.ts, 1, True)
    assert [message["ts"] for message in rest["messages"]] == [scene.own_ts]
    assert [message["text"] for message in inclusive["messages"]] == ["hello"]


@method("conversations.replies")
async def _(scene: Scene) -> None:
    replies = [scene.workspace.post("bob", "#general", text, thread_ts=scene.message.ts).ts for text in "ab"]
    answer = await scene.web.conversations_replies(channel=scene.general, ts=scene.message.ts)
    by_reply = await scene.web.conversations_replies(channel=scene.general, ts=replies[1])
    assert [message["ts"] for message in answer["messages"]] == [scene.message.ts, *replies]
    assert answer["messages"][1]["parent_user_id"] == scene.alice
    assert by_reply["messages"] == answer["messages"]


@method("conversations.members")
async def _(scene: Scene) -> None:
    page = await scene.web.conversations_members(channel=scene.general, limit=3)
    rest = await scene.web.conversations_members(channel=scene.general, cursor=page["response_metadata"]["next_cursor"])
    assert page["members"] + rest["members"] == list(scene.workspace.people)


@method("conversations.mark")
async def _(scene: Scene) -> None:
    await scene.web.conversations_mark(channel=scene.general, ts=scene.message.ts)
    assert (await scene.web.conversations_info(channel=scene.general))["channel"]["last_read"] == scene.message.ts


@method("conversations.create")
async def _(scene: Scene) -> None:
    channel = (await scene.web.conversations_create(name="incident-7", is_private=True))["channel"]
    assert (channel["name"], channel["is_private"], channel["is_member"]) == ("incident-7", True, True)


@method("conversations.join")
async def _(scene: Scene) -> None:
    channel = scene.workspace.create_channel("new", "alice")
    assert (await scene.web.conversations_join(channel=channel.id))["channel"]["is_member"]
    assert (await scene.web.conversations_join(channel=channel.id))["warning"] == "already_in_channel"


@method("conversations.leave")
async def _(scene: Scene) -> None:
    random = scene.workspace.find_channel("random")
    await scene.web.conversations_leave(channel=random.id)
    assert scene.workspace.bot.id not in random.members
    assert (await scene.web.conversations_leave(channel=random.id))["not_in_channel"]


@method("conversations.invite")
async def _(scene: Scene) -> None:
    channel = (await scene.web.conversations_create(name="team"))["channel"]["id"]
    await scene.web.conversations_invite(channel=channel, users=[scene.alice, scene.workspace.find_person("bob").id])
    assert scene.alice in scene.workspace.channels[channel].members


@method("conversations.kick")
async def _(scene: Scene) -> None:
    ops = scene.workspace.find_channel("ops")
    await scene.web.conversations_kick(channel=ops.id, user=scene.alice)
    assert scene.alice not in ops.members


@method("conversations.archive")
async def _(scene: Scene) -> None:
    ops = scene.workspace.find_channel("ops")
    await scene.web.conversations_archive(channel=ops.id)
    assert ops.is_archived


@method("conversations.unarchive")
async def _(scene: Scene) -> None:
    ops = scene.workspace.find_channel("ops")
    scene.workspace.channels.archive(ops, scene.alice)
    await scene.web.conversations_unarchive(channel=ops.id)
    assert not ops.is_archived


@method("conversations.rename")
async def _(scene: Scene) -> None:
    ops = scene.workspace.find_channel("ops")
    answer = await scene.web.conversations_rename(channel=ops.id, name="operations")
    assert (answer["channel"]["name"], answer["channel"]["previous_names"]) == ("operations", ["ops"])


@method("conversations.setTopic")
async def _(scene: Scene) -> None:
    answer = await scene.web.conversations_setTopic(channel=scene.general, topic="News")
    assert answer["channel"]["topic"]["value"] == "News"
    assert scene.workspace.history("#general")[-1].subtype == "channel_topic"


@method("conversations.setPurpose")
async def _(scene: Scene) -> None:
    assert (await scene.web.conversations_setPurpose(channel=scene.general, purpose="All"))["purpose"] == "All"


@method("users.list")
async def _(scene: Scene) -> None:
    names = []
    async for page in await scene.web.users_list(limit=2):
        names += [member["name"] for member in page["members"]]
    assert names == ["alice", "bob", "carol", "dave", "machine"]


@method("users.info")
async def _(scene: Scene) -> None:
    user = (await scene.web.users_info(user=scene.alice))["user"]
    assert (user["real_name"], user["tz"], user["profile"]["email"]) == (
        "Alice Andersson",
        "Europe/Stockholm",
        "alice@example.com",
    )


@method("users.lookupByEmail")
async def _(scene: Scene) -> None:
    assert (await scene.web.users_lookupByEmail(email="alice@example.com"))["user"]["id"] == scene.alice


@method("users.conversations")
async def _(scene: Scene) -> None:
    answer = await scene.web.users_conversations(user=scene.alice, types="public_channel,private_channel")
    assert [channel["name"] for channel in answer["channels"]] == ["general", "random", "ops"]


@method("users.getPresence")
async def _(scene: Scene) -> None:
    assert (await scene.web.users_getPresence(user=scene.alice))["presence"] == "active"
    assert (await scene.web.users_getPresence(user=scene.workspace.bot.id))["connection_count"] == 1


@method("users.setPresence")
async def _(scene: Scene) -> None:
    await scene.web.users_setPresence(presence="away")
    assert scene.workspace.people[scene.workspace.bot.id].presence == "away"


@method("users.profile.get")
async def _(scene: Scene) -> None:
    profile = (await scene.web.users_profile_get(user=scene.alice))["profile"]
    assert (profile["title"], profile["first_name"]) == ("Site reliability engineer", "Alice")


@method("reactions.add")
async def _(scene: Scene) -> None:
    await scene.web.reactions_add(channel=scene.general, timestamp=scene.message.ts, name="tada")
    shown = scene.workspace.messages.known(scene.general, scene.message.ts)
    assert shown.reactions == {"tada": (scene.workspace.bot.id,)}


@method("reactions.remove")
async def _(scene: Scene) -> None:
    await scene.web.reactions_add(channel=scene.general, timestamp=scene.message.ts, name="tada")
    await scene.web.reactions_remove(channel=scene.general, timestamp=scene.message.ts, name="tada")
    assert scene.workspace.messages.known(scene.general, scene.message.ts).reactions == {}


@method("reactions.get")
async def _(scene: Scene) -> None:
    scene.workspace.react("bob", "#general", scene.message.ts, ":wave:")
    answer = await scene.web.reactions_get(channel=scene.general, timestamp=scene.message.ts)
    assert answer["message"]["reactions"] == [
        {"name": "wave", "users": [scene.workspace.find_person("bob").id], "count": 1}
    ]


@method("reactions.list")
async def _(scene: Scene) -> None:
    scene.workspace.react("alice", "#general", scene.own_ts, "wave")
    answer = await scene.web.reactions_list(user=scene.alice)
    assert [item["message"]["ts"] for item in answer["items"]] == [scene.own_ts]


@method("pins.add")
async def _(scene: Scene) -> None:
    await scene.web.pins_add(channel=scene.general, timestamp=scene.message.ts)
    assert (await scene.web.pins_list(channel=scene.general))["items"][0]["message"]["ts"] == scene.message.ts


@method("pins.remove")
async def _(scene: Scene) -> None:
    scene.workspace.pin("alice", "#general", scene.message.ts)
    await scene.web.pins_remove(channel=scene.general, timestamp=scene.message.ts)
    assert (await scene.web.pins_list(channel=scene.general))["items"] == []


@method("pins.list")
async def _(scene: Scene) -> None:
    scene.workspace.pin("alice", "#general", scene.message.ts)
    (item,) = (await scene.web.pins_list(channel=scene.general))["items"]
    assert (item["created_by"], item["message"]["pinned_to"]) == (scene.alice, [scene.general])


@method("views.open")
async def _(scene: Scene) -> None:
    view = (await scene.web.views_open(trigger_id=scene.trigger(), view=MODAL))["view"]
    assert (view["callback_id"], view["root_view_id"], view["state"]) == ("deploy", view["id"], {"values": {}})
    shown = scene.workspace.views.shown_to(scene.alice)
    assert shown is not None
    assert shown.title == "Deploy"


@method("views.push")
async def _(scene: Scene) -> None:
    below = (await scene.web.views_open(trigger_id=scene.trigger(), view=MODAL))["view"]
    view = (await scene.web.views_push(trigger_id=scene.trigger(), view=MODAL))["view"]
    assert (view["previous_view_id"], view["root_view_id"]) == (below["id"], below["id"])


@method("views.update")
async def _(scene: Scene) -> None:
    opened = (await scene.web.views_open(trigger_id=scene.trigger(), view={**MODAL, "external_id": "mine"}))["view"]
    by_hash = await scene.web.views_update(view_id=opened["id"], hash=opened["hash"], view=MODAL | {"callback_id": "a"})
    assert by_hash["view"]["callback_id"] == "a"
    assert by_hash["view"]["hash"] != opened["hash"]


@method("views.publish")
async def _(scene: Scene) -> None:
    first = (await scene.web.views_publish(user_id=scene.alice, view=HOME))["view"]
    second = (await scene.web.views_publish(user_id=scene.alice, view=HOME, hash=first["hash"]))["view"]
    assert first["id"] == second["id"]
    home = scene.workspace.open_home("alice")
    assert home is not None
    assert home.id == first["id"]


@method("files.getUploadURLExternal")
async def _(scene: Scene) -> None:
    answer = await scene.web.files_getUploadURLExternal(filename="a.txt", length=3)
    assert answer["upload_url"].startswith("http://127.0.0.1:")


@method("files.completeUploadExternal")
async def _(scene: Scene) -> None:
    await scene.upload()
    (file,) = scene.workspace.history("#general")[-1].files
    assert (file.name, file.content, file.mimetype) == ("notes.txt", b"hello", "text/plain")


@method("files.info")
async def _(scene: Scene) -> None:
    file_id = await scene.upload()
    file = (await scene.web.files_info(file=file_id))["file"]
    assert (file["size"], file["channels"], file["filetype"]) == (5, [scene.general], "txt")


@method("files.list")
async def _(scene: Scene) -> None:
    first, second = await scene.upload(), await scene.upload()
    answer = await scene.web.files_list(channel=scene.general, count=1, page=2)
    assert [file["id"] for file in answer["files"]] == [first]
    assert answer["paging"] == {"count": 1, "total": 2, "page": 2, "pages": 2}
    assert second != first


@method("files.delete")
async def _(scene: Scene) -> None:
    await scene.web.files_delete(file=await scene.upload())
    assert (await scene.web.files_list())["files"] == []


async def _bookmark(scene: Scene) -> dict[str, Any]:
    bookmark: dict[str, Any] = (
        await scene.web.bookmarks_add(
            channel_id=scene.general, title="Docs", type="link", link="https://docs.example.com", emoji=":book:"
        )
    )["bookmark"]
    return bookmark


@method("bookmarks.add")
async def _(scene: Scene) -> None:
    assert (await _bookmark(scene))["title"] == "Docs"


@method("bookmarks.edit")
async def _(scene: Scene) -> None:
    bookmark_id = (await _bookmark(scene))["id"]
    answer = await scene.web.bookmarks_edit(channel_id=scene.general, bookmark_id=bookmark_id, title="Guide")
    assert (answer["bookmark"]["title"], answer["bookmark"]["link"]) == ("Guide", "https://docs.example.com")


@method("bookmarks.remove")
async def _(scene: Scene) -> None:
    await scene.web.bookmarks_remove(channel_id=scene.general, bookmark_id=(await _bookmark(scene))["id"])
    assert scene.workspace.bookmarks.of(scene.general) == []


@method("bookmarks.list")
async def _(scene: Scene) -> None:
    bookmark = await _bookmark(scene)
    assert (await scene.web.bookmarks_list(channel_id=scene.general))["bookmarks"] == [bookmark]


@method("team.info")
async def _(scene: Scene) -> None:
    assert (await scene.web.team_info())["team"]["domain"] == "sandbox"


@method("bots.info")
async def _(scene: Scene) -> None:
    bot = (await scene.web.bots_info(bot=scene.workspace.bot.bot_id))["bot"]
    assert (bot["name"], bot["user_id"], bot["app_id"]) == ("machine", scene.workspace.bot.id, scene.workspace.app.id)


@method("emoji.list")
async def _(scene: Scene) -> None:
    scene.workspace.extras.emoji["shipit"] = "https://emoji.example.com/shipit.png"
    assert (await scene.web.emoji_list())["emoji"] == {"shipit": "https://emoji.example.com/shipit.png"}


@method("usergroups.list")
async def _(scene: Scene) -> None:
    scene.workspace.extras.usergroups.append({"id": "S1", "handle": "oncall", "users": [scene.alice], "user_count": 1})
    (short,) = (await scene.web.usergroups_list())["usergroups"]
    (full,) = (await scene.web.usergroups_list(include_users=True, include_count=True))["usergroups"]
    assert short == {"id": "S1", "handle": "oncall"}
    assert (full["users"], full["user_count"]) == ([scene.alice], 1)


@method("usergroups.users.list")
async def _(scene: Scene) -> None:
    scene.workspace.extras.usergroups.append({"id": "S1", "handle": "oncall", "users": [scene.alice], "user_count": 1})
    assert (await scene.web.usergroups_users_list(usergroup="S1"))["users"] == [scene.alice]
    with pytest.raises(SlackApiError, match="no_such_subteam"):
        await scene.web.usergroups_users_list(usergroup="S2")
