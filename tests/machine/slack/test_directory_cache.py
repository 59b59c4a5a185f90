"""Large workspaces: listed behind the bot's back, and known again at the next start."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.web.async_client import AsyncWebClient

from machine.bot import Machine
from machine.envelope import Envelope
from machine.models import User
from machine.plugins import MachineBasePlugin, Message
from machine.plugins.decorators import listen_to
from machine.sandbox import Sandbox, Workspace
from machine.slack.directory import PAGE_SIZE, Directory
from machine.slack.directory_cache import FILE, VERSION, DirectoryCache, packed, unpacked
from machine.slack.lazy_records import MAX_HELD
from machine.trace import ApiCalled, Trace
from tests.machine.slack.gateway import Gateway, status
from tests.waiting import NET_S, Waiter

LARGE = 3 * PAGE_SIZE


class Greeter(MachineBasePlugin):
    """Answers with what it knows of the sender."""

    @listen_to("^hi$")
    async def greet(self, msg: Message) -> None:
        """Say who and where."""
        await msg.say(f"{msg.sender.name} in {msg.channel.name}, {self.users[msg.sender.id].profile.title}")


class Office:
    """A large workspace, and bots that start in it one after the other."""

    def __init__(self, sandbox: Sandbox, project: Path) -> None:
        self.sandbox = sandbox
        self.workspace = sandbox.workspace
        self.project = project
        self.waiter = Waiter()
        self.workspace.subscribe(self.waiter.notify)
        self.calls: list[str] = []

    @asynccontextmanager
    async def bot(self, api_url: str | None = None) -> AsyncIterator[Machine]:
        """A bot that runs."""
        trace = Trace()
        self.calls.clear()
        trace.subscribe(self.waiter.notify)
        trace.subscribe(lambda record: self.calls.append(record.method) if isinstance(record, ApiCalled) else None)
        settings = {
            "SLACK_API_URL": api_url or self.sandbox.api_url,
            "SLACK_BOT_TOKEN": self.sandbox.bot_token,
            "SLACK_APP_TOKEN": self.sandbox.app_token,
            "PLUGINS": [],
            "STORAGE_BACKEND": "machine.storage.backends.memory.MemoryStorage",
        }
        async with Machine(settings, trace=trace, project=self.project, plugins=[Greeter]) as machine:
            yield machine

    async def answer_to(self, person: str) -> str:
        """What the bot says to somebody who greets it."""
        before = len(self.workspace.history("general"))
        self.workspace.post(person, "general", "hi")
        await self.waiter.until(lambda: len(self.workspace.history("general")) > before + 1, "an answer")
        return self.workspace.history("general")[-1].text


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """A workspace of more people than a page holds."""
    async with Sandbox(Workspace.default(users=LARGE)) as sandbox:
        yield Office(sandbox, tmp_path)


async def listed(directory: Directory) -> None:
    """Wait until the lists are complete."""
    async with asyncio.timeout(NET_S):
        while directory._background:
            await asyncio.gather(*directory._background)


def directory_of(api_url: str, token: str, snapshot: DirectoryCache | None = None) -> Directory:
    """A directory without a bot around it, that lists at once what it knows already."""
    return Directory(AsyncWebClient(token=token, base_url=api_url), "U0BOT", snapshot, refresh_after_s=0.0)


def last_person(workspace: Workspace) -> str:
    """Somebody whom only the last page names."""
    return [person for person in workspace.people.values() if not person.is_bot][-1].name


async def test_the_second_start_answers_before_it_lists(office: Office) -> None:
    """From the snapshot: neither a list nor a look-up comes before the first answer."""
    person = last_person(office.workspace)
    async with office.bot() as machine:
        await listed(machine.slack.directory)
        known = dict(machine.slack.users)

    async with office.bot() as machine:
        known_at_start = dict(machine.slack.users)
        answer = await office.answer_to(person)

        assert answer.startswith(f"{person} in general")
        assert "users.list" not in office.calls
        assert "users.info" not in office.calls
        assert known_at_start == known
        assert len(known) == len(office.workspace.people)


async def test_the_snapshot_is_for_the_bots_own_user_only(office: Office) -> None:
    """It holds e-mail addresses."""
    async with office.bot():
        files = list((office.project / FILE).parent.glob(f"{FILE.name}*"))

        assert files
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


@pytest.mark.parametrize("content", [b"no database", b"SQLite format 3\0" + b"\xff" * 5000], ids=["text", "header"])
async def test_a_broken_snapshot_is_begun_anew(
    office: Office, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """The log says so, and the workspace is listed."""
    file = office.project / FILE
    file.parent.mkdir()
    file.write_bytes(content)

    with caplog.at_level(logging.WARNING):
        async with office.bot() as machine:
            await listed(machine.slack.directory)
    async with office.bot() as machine:
        known = len(machine.slack.users)

    assert [record.message for record in caplog.records if f"{file}" in record.message and "broken" in record.message]
    assert known == len(office.workspace.people)


async def test_a_snapshot_of_another_version_is_begun_anew(office: Office) -> None:
    """What its tables are like is not known."""
    async with office.bot() as machine:
        await listed(machine.slack.directory)
    file = office.project / FILE
    with sqlite3.connect(file) as connection:
        connection.execute(f"PRAGMA user_version = {VERSION + 1}")
        connection.execute("ALTER TABLE users DROP COLUMN data")
    connection.close()

    async with office.bot() as machine:
        assert "users.list" in office.calls
        await listed(machine.slack.directory)
        assert len(machine.slack.users) == len(office.workspace.people)


def test_a_snapshot_of_another_workspace_is_begun_anew(tmp_path: Path) -> None:
    """Or its people would be taken for this one's."""
    file = tmp_path / FILE
    for owner, expected in (("one", 0), ("one", 1), ("other", 0)):
        directory = Directory(AsyncWebClient(), "U0BOT", DirectoryCache(file, owner))
        assert len(directory.users) == expected
        directory.remember_user({"id": "U1"})
        directory._cache.close()


def test_a_second_process_keeps_a_directory_of_its_own(tmp_path: Path) -> None:
    """`machine repl` beside the bot: neither waits for the other."""
    first = Directory(AsyncWebClient(), "U0BOT", DirectoryCache(tmp_path / FILE, "one"))
    first.remember_user({"id": "U1", "name": "ada"})
    second = Directory(AsyncWebClient(), "U0BOT", DirectoryCache(tmp_path / FILE, "one"))
    second.remember_user({"id": "U2", "name": "bob"})

    assert list(first.users) == ["U1"]
    assert list(second.users) == ["U2"]


def test_a_snapshot_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    """The bot runs on, and knows what it learns."""
    (tmp_path / FILE.parent).write_text("a file where the folder should be")

    directory = Directory(AsyncWebClient(), "U0BOT", DirectoryCache(tmp_path / FILE, "one"))
    directory.remember_user({"id": "U1", "name": "ada"})

    assert directory.users["U1"].name == "ada"


async def test_a_list_that_slack_limits_holds_up_nobody(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the start nor the answer; the sender is looked up instead."""
    monkeypatch.setattr("machine.slack.directory.FIRST_PAGES_TIMEOUT_S", 0.1)  # for the list that does not come
    person = last_person(office.workspace)
    async with Gateway(office.sandbox.api_url) as gateway:
        gateway.faults["users.list"] = [status(429, Retry_After="600")]
        async with office.bot(gateway.api_url) as machine:
            answer = await office.answer_to(person)

            assert answer.startswith(f"{person} in general")
            assert gateway.received["users.list"] == 1
            assert gateway.received["users.info"] == 1
            assert len(machine.slack.users) < PAGE_SIZE


async def test_the_list_goes_on_when_slack_allows_it(office: Office) -> None:
    """With the page that was refused, so that nobody is missing."""
    async with Gateway(office.sandbox.api_url) as gateway:

        async def pass_on(request: web.Request) -> web.StreamResponse:
            return await gateway.hand_on(request)

        gateway.faults["users.list"] = [pass_on, status(429, Retry_After="0")]
        async with office.bot(gateway.api_url) as machine:
            await listed(machine.slack.directory)

            assert set(machine.slack.users) == set(office.workspace.people)


async def test_an_older_page_does_not_undo_what_an_event_told() -> None:
    """Renamed while the page is on its way."""
    workspace = Workspace.default(users=LARGE)
    person = list(workspace.people.values())[-1]
    old = {"id": person.id, "name": person.name, "profile": {"email": person.email}}
    gone = next(iter(workspace.channels))
    release = asyncio.Event()

    async with Sandbox(workspace) as sandbox, Gateway(sandbox.api_url) as gateway:

        async def late(request: web.Request) -> web.StreamResponse:
            response = await gateway.hand_on(request)  # what Slack knew then
            await release.wait()
            return response

        gateway.faults["users.list"] = [late]
        gateway.faults["conversations.list"] = [late]
        directory = directory_of(gateway.api_url, sandbox.bot_token)
        filling = asyncio.create_task(directory.fill())
        while not (gateway.received["users.list"] and gateway.received["conversations.list"]):
            gateway.happened.clear()
            await gateway.happened.wait()
        directory.update(
            Envelope("e1", "events_api", {"event": {"type": "user_change", "user": {**old, "name": "new"}}})
        )
        directory.update(Envelope("e2", "events_api", {"event": {"type": "channel_deleted", "channel": gone}}))
        release.set()
        await filling
        await listed(directory)

        assert directory.users[person.id].name == "new"
        assert gone not in directory.channels
        assert len(directory.users) == len(workspace.people)
        await directory.close()


async def test_what_is_gone_from_the_lists_is_forgotten(tmp_path: Path) -> None:
    """A channel that was deleted while the bot was not there; whoever events told of stays."""
    async with Sandbox(Workspace.default(users=LARGE)) as sandbox:
        directory = directory_of(sandbox.api_url, sandbox.bot_token, DirectoryCache(tmp_path / FILE, "one"))
        directory.remember_channel({"id": "C0GONE", "name": "gone"})
        await directory.close()

        directory = directory_of(sandbox.api_url, sandbox.bot_token, DirectoryCache(tmp_path / FILE, "one"))
        assert "C0GONE" in directory.channels
        directory.remember_user({"id": "U0STRANGER", "is_stranger": True})
        await directory.fill()
        await listed(directory)

        assert "C0GONE" not in directory.channels
        assert directory.find_channel("gone") is None
        assert "U0STRANGER" in directory.users
        await directory.close()


async def test_ten_thousand_people() -> None:
    """All are there, by id, by name and by e-mail address; few of them as objects."""
    workspace = Workspace.default(users=10_000)
    async with Sandbox(workspace) as sandbox:
        directory = directory_of(sandbox.api_url, sandbox.bot_token)
        await directory.fill()
        await listed(directory)

        assert list(directory.users) == list(workspace.people)
        for person in list(workspace.people.values())[::500]:
            found = directory.find_user(person.name)
            assert found is not None
            assert found.id == person.id
            assert directory.users_by_email.get(person.email or "", found).id == person.id
        assert sum(1 for _ in directory.users.values()) == len(workspace.people)
        assert len(directory.users._held) == MAX_HELD
        await directory.close()


def test_people_look_like_a_dict() -> None:
    """Plugins read them so."""
    directory = Directory(AsyncWebClient(), "U0BOT")
    for user_id in ("U1", "U2", "U3"):
        directory.remember_user({"id": user_id, "name": user_id.lower()})
    users = directory.users

    assert users["U1"] is users["U1"]
    assert "U1" in users
    assert "U9" not in users
    assert users.get("U9") is None
    with pytest.raises(KeyError):
        users["U9"]
    assert [user.name for user in users.values()] == ["u1", "u2", "u3"]
    assert dict(users.items()) == users
    assert users.pop("U2").id == "U2"
    assert list(users) == ["U1", "U3"]
    users["U2"] = users["U1"].model_copy(update={"id": "U2"})
    assert users["U2"].name == "u1"
    users.clear()
    assert not users


def test_odd_keys_and_names_are_harmless(tmp_path: Path) -> None:
    """As in a dict; and half a character is no reason to lose an event, or the file."""
    directory = Directory(AsyncWebClient(), "U0BOT", DirectoryCache(tmp_path / FILE, "one"))
    directory.remember_user({"id": "U1", "name": "cut\ud83d"})
    key: Any

    for key in (None, 1, ("U1",), "\ud83d"):
        assert key not in directory.users
        assert directory.users.get(key) is None
    assert directory.find_user("\ud83d") is None
    assert list(directory.users) == ["U1"]
    directory._cache.close()
    assert list(Directory(AsyncWebClient(), "U0BOT", DirectoryCache(tmp_path / FILE, "one")).users) == ["U1"]


def test_records_keep_what_slack_told() -> None:
    """Whatever fields it has, in any script."""
    user = {"id": "U1", "name": "żółw", "profile": {"fields": None, "status_emoji": "🐢"}, "new": [1, {"a": 2.5}]}

    assert unpacked(packed(user)) == user


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["take", "look", "read", "drop", "clear", "begin anew"]),
            st.sampled_from(["U1", "U2", "U3"]),
        )
    )
)
def test_people_are_there_for_as_long_as_they_are(steps: list[tuple[str, str]]) -> None:
    """Who has been met is remembered, so that not each event asks the database; also by a snapshot that broke since."""
    snapshot = DirectoryCache()
    users = Directory(AsyncWebClient(), "U0BOT", snapshot).users
    expected: set[str] = set()

    for step, user_id in steps:
        match step:
            case "take":
                users[user_id] = User(id=user_id)
                expected.add(user_id)
            case "read":
                assert (users.get(user_id) is not None) == (user_id in expected)
            case "drop":
                users.pop(user_id, None)
                expected.discard(user_id)
            case "clear":
                users.clear()
                expected.clear()
            case "begin anew":
                snapshot.close()
                users._held.clear()  # an object at hand may outlive the file
                users._alive.clear()
                expected.clear()
        assert {one for one in ("U1", "U2", "U3") if one in users} == expected
