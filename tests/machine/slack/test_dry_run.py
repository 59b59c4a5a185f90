"""In a live workspace the calls of simulated events are not sent; they answer what Slack would have answered."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from machine.bot import Machine
from machine.models import Channel
from machine.sandbox import Workspace
from machine.sandbox.api.methods import TABLE
from machine.slack.retries import only_reads
from machine.slack.web import SlackWebClient
from machine.trace import Invocation, current_invocation
from tests.conftest import BotUnderTest

SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "Which service?"}}
BUTTONS = {"type": "actions", "elements": [{"type": "button", "text": {"type": "plain_text", "text": "Go"}}]}
MODAL: dict[str, Any] = {
    "type": "modal",
    "callback_id": "deploy",
    "private_metadata": "api",
    "title": {"type": "plain_text", "text": "Deploy"},
    "blocks": [SECTION],
}
HOME = {"type": "home", "blocks": [SECTION]}
NAMES = (
    *("channel", "channels", "text", "blocks", "attachments", "metadata", "username", "post_at", "ts", "thread_ts"),
    *(
        "view",
        "view_id",
        "name",
        "topic",
        "files",
        "file_uploads",
        "filename",
        "title",
        "length",
        "elements",
        "accessory",
    ),
    *("element", "type", "message_ts", "users", "link", "private_metadata", "id", "fallback"),
)
OF_NO_USE_LATER = {"ok", "captured", "warning", "response_metadata"}


class Scene:
    """A bot that takes the sandbox for a real workspace, and what there is to call about."""

    def __init__(self, machine: Machine, workspace: Workspace) -> None:
        self.machine = machine
        self.workspace = workspace
        self.web: SlackWebClient = machine.slack.web
        self.general, self.ops = (workspace.find_channel(name).id for name in ("general", "ops"))
        self.alice = workspace.find_person("alice").id

    @contextmanager
    def simulated(self) -> Iterator[None]:
        """As a handler of a simulated event runs."""
        token = current_invocation.set(Invocation(id="1", handler="a.B.c", envelope_id="e", is_simulated=True))
        try:
            yield
        finally:
            current_invocation.reset(token)

    async def own_message(self) -> str:
        return str((await self.web.chat_postMessage(channel=self.general, text="hi there"))["ts"])

    async def modal(self) -> Mapping[str, Any]:
        trigger = self.workspace.triggers.issue(self.alice)
        return dict((await self.web.views_open(trigger_id=trigger, view=MODAL))["view"])


@pytest.fixture
async def scene(bot: BotUnderTest, tmp_path: Path) -> AsyncIterator[Scene]:
    async with bot.sandbox as sandbox:
        facts = {
            "SLACK_API_URL": sandbox.api_url,
            "SLACK_BOT_TOKEN": sandbox.bot_token,
            "PLUGINS": [],
            "STORAGE_BACKEND": "machine.storage.backends.memory.MemoryStorage",
        }
        async with Machine(facts, project=tmp_path, listens=False, is_live=True) as machine:
            yield Scene(machine, bot.workspace)


Arguments: TypeAlias = dict[str, Any]
Prepare: TypeAlias = Callable[[Scene], Awaitable[Arguments]]
CALLS: dict[str, Prepare] = {}


def call(name: str) -> Callable[[Prepare], Prepare]:
    """The decorated function gives the arguments for a call of this method that Slack takes."""

    def remember(prepare: Prepare) -> Prepare:
        CALLS[name] = prepare
        return prepare

    return remember


@call("chat.postMessage")
async def _(scene: Scene) -> Arguments:
    return {
        "channel": "#general",
        "text": "deploying",
        "blocks": [SECTION, BUTTONS],
        "attachments": [{"text": "more"}],
        "metadata": {"event_type": "greeting", "event_payload": {"id": 1}},
        "username": "Greeter",
        "icon_emoji": ":wave:",
    }


@call("chat.postEphemeral")
async def _(scene: Scene) -> Arguments:
    return {"channel": scene.general, "user": scene.alice, "text": "psst"}


@call("chat.meMessage")
async def _(scene: Scene) -> Arguments:
    return {"channel": scene.general, "text": "waves"}


@call("chat.update")
async def _(scene: Scene) -> Arguments:
    return {"channel": scene.general, "ts": await scene.own_message(), "text": "deployed"}


@call("chat.delete")
async def _(scene: Scene) -> Arguments:
    return {"channel": scene.general, "ts": await scene.own_message()}


@call("chat.scheduleMessage")
async def _(scene: Scene) -> Arguments:
    return {"channel": scene.general, "text": "later", "post_at": int(scene.workspace.timeline.now) + 600}


@call("chat.deleteScheduledMessage")
async def _(scene: Scene) -> Arguments:
    post_at = int(scene.workspace.timeline.now) + 600
    made = await scene.web.chat_scheduleMessage(channel=scene.general, text="later", post_at=post_at)
    return {"channel": scene.general, "scheduled_message_id": made["scheduled_message_id"]}


@call("views.open")
async def _(scene: Scene) -> Arguments:
    return {"trigger_id": scene.workspace.triggers.issue(scene.alice), "view": MODAL}


@call("views.push")
async def _(scene: Scene) -> Arguments:
    await scene.modal()
    return {"trigger_id": scene.workspace.triggers.issue(scene.alice), "view": MODAL}


@call("views.update")
async def _(scene: Scene) -> Arguments:
    return {"view_id": (await scene.modal())["id"], "view": MODAL}


@call("views.publish")
async def _(scene: Scene) -> Arguments:
    return {"user_id": scene.alice, "view": HOME}


@call("conversations.create")
async def _(scene: Scene) -> Arguments:
    return {"name": "releases", "is_private": "true"}


@call("conversations.join")
async def _(scene: Scene) -> Arguments:
    return {"channel": scene.ops}


@call("conversations.invite")
async def _(scene: Scene) -> Arguments:
    made = await scene.web.conversations_create(name="war-room")
    return {"channel": made["channel"]["id"], "users": scene.alice}


@call("conversations.rename")
async def _(scene: Scene) -> Arguments:
    return {"channel": (await scene.web.conversations_create(name="old"))["channel"]["id"], "name": "new"}


@call("conversations.setTopic")
async def _(scene: Scene) -> Arguments:
    return {"channel": scene.general, "topic": "Ship it"}


@call("conversations.setPurpose")
async def _(scene: Scene) -> Arguments:
    return {"channel": scene.general, "purpose": "Everything"}


@call("conversations.mark")
async def _(scene: Scene) -> Arguments:
    return {"channel": scene.general, "ts": await scene.own_message()}


@call("conversations.kick")
async def _(scene: Scene) -> Arguments:
    channel = (await scene.web.conversations_create(name="war-room"))["channel"]["id"]
    await scene.web.conversations_invite(channel=channel, users=scene.alice)
    return {"channel": channel, "user": scene.alice}


@call("conversations.archive")
@call("conversations.leave")
async def _(scene: Scene) -> Arguments:
    return {"channel": (await scene.web.conversations_create(name="old"))["channel"]["id"]}


@call("conversations.unarchive")
async def _(scene: Scene) -> Arguments:
    channel = (await scene.web.conversations_create(name="old"))["channel"]["id"]
    await scene.web.conversations_archive(channel=channel)
    return {"channel": channel}


@call("conversations.close")
async def _(scene: Scene) -> Arguments:
    return {"channel": await scene.machine.slack.open_im(scene.alice)}


@call("files.getUploadURLExternal")
async def _(scene: Scene) -> Arguments:
    return {"filename": "notes.txt", "length": 5}


@call("files.completeUploadExternal")
async def _(scene: Scene) -> Arguments:
    begun = await scene.web.files_getUploadURLExternal(filename="notes.txt", length=5)
    assert scene.web.session is not None
    async with scene.web.session.post(begun["upload_url"], data=b"hello") as answer:
        assert answer.status == 200
    return {"files": [{"id": begun["file_id"], "title": "Notes"}], "channel_id": scene.general}


@call("files.delete")
async def _(scene: Scene) -> Arguments:
    answer = await scene.web.files_upload_v2(content="hello", filename="notes.txt", channel=scene.general)
    return {"file": answer["file"]["id"]}


@call("pins.add")
async def _(scene: Scene) -> Arguments:
    return {"channel": scene.general, "timestamp": await scene.own_message()}


@call("pins.remove")
async def _(scene: Scene) -> Arguments:
    ts = await scene.own_message()
    await scene.web.pins_add(channel=scene.general, timestamp=ts)
    return {"channel": scene.general, "timestamp": ts}


@call("reactions.add")
async def _(scene: Scene) -> Arguments:
    return {"channel": scene.general, "timestamp": await scene.own_message(), "name": "tada"}


@call("reactions.remove")
async def _(scene: Scene) -> Arguments:
    ts = await scene.own_message()
    await scene.web.reactions_add(channel=scene.general, timestamp=ts, name="tada")
    return {"channel": scene.general, "timestamp": ts, "name": "tada"}


@call("bookmarks.add")
async def _(scene: Scene) -> Arguments:
    return {"channel_id": scene.general, "title": "Docs", "type": "link", "link": "https://example.com"}


@call("bookmarks.edit")
async def _(scene: Scene) -> Arguments:
    made = await scene.web.bookmarks_add(
        channel_id=scene.general, title="Docs", type="link", link="https://example.com"
    )
    return {"channel_id": scene.general, "bookmark_id": made["bookmark"]["id"], "title": "Manual"}


@call("bookmarks.remove")
async def _(scene: Scene) -> Arguments:
    made = await scene.web.bookmarks_add(
        channel_id=scene.general, title="Docs", type="link", link="https://example.com"
    )
    return {"channel_id": scene.general, "bookmark_id": made["bookmark"]["id"]}


@call("users.setPresence")
async def _(scene: Scene) -> Arguments:
    return {"presence": "away"}


def fields_of(value: object, place: str = "") -> Iterator[tuple[str, type]]:
    """Where there is something in an answer that a plugin may read, and what; of lists what the first one has."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if place or name not in OF_NO_USE_LATER:
                yield f"{place}.{name}", type(inner)
                yield from fields_of(inner, f"{place}.{name}")
    elif isinstance(value, list) and value:
        yield from fields_of(value[0], f"{place}[]")


def assert_readable_as(sent: AsyncSlackResponse, captured: AsyncSlackResponse) -> None:
    """All that one answer tells is in the other, and of the same type unless one of them has nothing to tell."""
    told, made_up = dict(fields_of(sent.data)), dict(fields_of(captured.data))
    assert told.keys() <= made_up.keys()
    both = {name: {told[name], made_up[name]} - {type(None)} for name in told}
    assert not {name: types for name, types in both.items() if len(types) > 1}


@pytest.mark.parametrize("name", sorted(name for name in TABLE if not only_reads(name)))
async def test_a_captured_call_answers_with_all_that_a_sent_one_does(name: str, scene: Scene) -> None:
    """A plugin that reads its answers runs to its end in a simulation; a method without a call here does not count."""
    arguments = await CALLS[name](scene)
    with scene.simulated():
        captured = await scene.web.api_call(name, json=arguments)
    sent = await scene.web.api_call(name, json=arguments)

    assert captured["captured"]
    assert "captured" not in sent.data
    assert_readable_as(sent, captured)


async def test_nothing_reaches_the_workspace(scene: Scene) -> None:
    """However many answers there are."""
    before = len(scene.workspace.history("general"))

    with scene.simulated():
        for name in ("chat.postMessage", "conversations.setTopic"):
            await scene.web.api_call(name, json=await CALLS[name](scene))

    assert len(scene.workspace.history("general")) == before
    assert scene.workspace.find_channel("general").topic != "Ship it"


async def test_a_captured_message_reads_like_the_one_that_would_have_been_sent(scene: Scene) -> None:
    """With the ids of the channel and the bot, the text, and the blocks with their ids."""
    sent = await scene.web.chat_postMessage(channel="#general", text="deploying", blocks=[SECTION, BUTTONS])
    with scene.simulated():
        captured = await scene.web.chat_postMessage(channel="#general", text="deploying", blocks=[SECTION, BUTTONS])
        later = await scene.web.chat_update(channel=captured["channel"], ts=captured["ts"], text="deployed")

    assert captured["channel"] == scene.general
    assert captured["ts"] == captured["message"]["ts"]
    ids = ("user", "bot_id", "app_id", "team", "bot_profile", "text", "type")
    assert {name: captured["message"][name] for name in ids} == {name: sent["message"][name] for name in ids}
    assert captured["message"]["blocks"][1]["elements"][0]["action_id"]
    assert (later["ts"], later["text"]) == (captured["ts"], "deployed")


async def test_a_captured_modal_has_an_id_to_update_it_by(scene: Scene) -> None:
    """The `trigger_id` of a simulated event is worth nothing; the id of the view goes with all that follows."""
    with scene.simulated():
        opened = (await scene.machine.slack.open_modal("any", MODAL))["view"]
        updated = await scene.machine.slack.update_modal(MODAL, view_id=opened["id"], hash=opened["hash"])
        home = await scene.machine.slack.publish_home_tab(scene.alice, HOME)

    assert opened["id"].startswith("V")
    assert opened["root_view_id"] == opened["id"] == updated["view"]["id"]
    assert (opened["callback_id"], opened["private_metadata"]) == ("deploy", "api")
    assert opened["blocks"][0]["block_id"]
    assert home["view"]["type"] == "home"


async def test_the_link_of_a_captured_message_can_be_asked_for(scene: Scene) -> None:
    """Slack, which knows nothing of it, would refuse; of a message that is there it is asked."""
    real = await scene.own_message()
    with scene.simulated():
        captured = await scene.web.chat_postMessage(channel=scene.general, text="hello")
        made_up = await scene.web.chat_getPermalink(channel=scene.general, message_ts=captured["ts"])
        asked = await scene.web.chat_getPermalink(channel=scene.general, message_ts=real)

    assert made_up["permalink"].endswith(captured["ts"].replace(".", ""))
    assert asked["permalink"].startswith(scene.workspace.team.url)


async def test_direct_messages_are_answered_by_their_channel(scene: Scene) -> None:
    """Slack takes a person for the direct message with them, and answers its id."""
    dm = await scene.machine.slack.open_im(scene.alice)
    scene.machine.slack.channels[dm] = Channel(id=dm, is_im=True, user=scene.alice)  # as its first message tells
    with scene.simulated():
        said = await scene.web.chat_postMessage(channel=scene.alice, text="psst")

    assert said["channel"] == dm


@pytest.mark.parametrize("how", ["content", "file", "several"])
async def test_a_captured_upload_names_its_files(how: str, scene: Scene, tmp_path: Path) -> None:
    """Under `files`, and a single one under `file` too, as slack_sdk has it."""
    (tmp_path / "notes.txt").write_text("hello")
    ways: dict[str, dict[str, Any]] = {
        "content": {"content": "hello", "filename": "notes.txt"},
        "file": {"file": str(tmp_path / "notes.txt")},
        "several": {"file_uploads": [{"content": "hello", "filename": "notes.txt"}, {"content": "x", "filename": "b"}]},
    }
    options = ways[how]
    with scene.simulated():
        captured = await scene.web.files_upload_v2(channel=scene.general, **options)
    sent = await scene.web.files_upload_v2(channel=scene.general, **options)

    assert_readable_as(sent, captured)
    assert [file["name"] for file in captured["files"]] == [file["name"] for file in sent["files"]]
    assert captured["files"][0]["channels"] == [scene.general]
    assert captured["files"][0]["mimetype"] == "text/plain"


async def test_whatever_is_given_there_is_an_answer(scene: Scene) -> None:
    """Slack would refuse most of it; a simulation does not stop at what its stand-in cannot read."""
    plain = st.none() | st.booleans() | st.integers() | st.text()
    odd = st.recursive(plain, lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(NAMES), inner))

    @settings(max_examples=50, deadline=None)
    @given(st.dictionaries(st.sampled_from(NAMES), odd | odd.map(json.dumps)))
    def check(arguments: Arguments) -> None:
        for name in CALLS:
            assert json.loads(json.dumps(scene.web.answer_dry_run(name, arguments)))["ok"]

    check()


async def test_a_method_nobody_knows_answers_that_it_was_done(scene: Scene) -> None:
    """Slack has more than two hundred methods, and new ones."""
    with scene.simulated():
        captured = await scene.web.api_call("workflows.featured.set", json={"channel_id": scene.general})

    assert captured.data == {"ok": True, "captured": True}
