"""People and channels, as events change them, and in workspaces of any size."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import web
from slack_sdk.web.async_client import AsyncWebClient

from machine.envelope import Envelope
from machine.plugins import MachineBasePlugin
from machine.sandbox import Sandbox, Workspace
from machine.slack.directory import PAGE_SIZE, Directory
from machine.trace import LogWritten
from tests.conftest import BotUnderTest
from tests.machine.plugins.catching import catcher
from tests.machine.slack.gateway import Gateway
from tests.waiting import NET_S


def directory_of(api_url: str, token: str = "xoxb-none") -> Directory:
    """A directory without a bot around it."""
    return Directory(AsyncWebClient(token=token, base_url=api_url), "U0BOT")


def event(**fields: Any) -> Envelope:
    """An event of the Events API."""
    return Envelope("e1", "events_api", {"event": fields})


NOWHERE = "http://127.0.0.1:9/api/"


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "channel_deleted", "channel": "C0NEW"},
        {"type": "channel_left", "channel": "C0NEW"},
        {"type": "channel_archive", "channel": "C0NEW"},
        {"type": "channel_rename", "channel": {"id": "C0NEW", "name": "new"}},
        {"type": "channel_id_changed", "old_channel_id": "C0NEW", "new_channel_id": "C0NEWER"},
        {"type": "channel_id_changed"},
        {"type": "member_left_channel", "user": "U0BOT", "channel": "C0NEW"},
        {"type": "user_change", "user": None},
        {"type": "user_change", "user": {}},
        {"type": "im_created", "channel": {}},
        {"type": "channel_deleted", "channel": None},
    ],
)
def test_events_about_what_is_not_known_are_harmless(fields: dict[str, Any]) -> None:
    """Pitfall 4: the list may not be complete yet."""
    directory = directory_of(NOWHERE)
    directory.remember_channel({"id": "C1", "name": "known"})

    directory.update(event(**fields))

    assert directory.channels["C1"].name == "known"


def test_channels_follow_events() -> None:
    """Names, archiving, membership and disappearance."""
    directory = directory_of(NOWHERE)

    directory.update(event(type="channel_created", channel={"id": "C1", "name": "one"}))
    directory.update(event(type="channel_rename", channel={"id": "C1", "name": "two"}))
    directory.update(event(type="channel_archive", channel="C1"))
    directory.update(event(type="member_joined_channel", user="U0BOT", channel="C1"))
    directory.update(event(type="member_joined_channel", user="U0OTHER", channel="C1"))

    channel = directory.channels["C1"]
    assert (channel.name, channel.is_archived, channel.is_member) == ("two", True, True)
    assert directory.find_channel("#one") is None
    directory.update(event(type="channel_unarchive", channel="C1"))
    directory.update(event(type="member_left_channel", user="U0BOT", channel="C1"))
    assert (directory.channels["C1"].is_archived, directory.channels["C1"].is_member) == (False, False)
    directory.update(event(type="channel_deleted", channel="C1"))
    assert directory.channels == {}


def test_a_channel_with_a_new_id_carries_it() -> None:
    """Pitfall 4: under the new key, and in the Channel itself; the rest stays."""
    directory = directory_of(NOWHERE)
    directory.remember_channel({"id": "C0OLD", "name": "shared", "is_member": True})

    directory.update(event(type="channel_id_changed", old_channel_id="C0OLD", new_channel_id="C0NEW"))

    assert list(directory.channels) == ["C0NEW"]
    channel = directory.channels["C0NEW"]
    assert (channel.id, channel.name, channel.is_member) == ("C0NEW", "shared", True)


def test_an_address_that_moves_to_somebody_else_stays_theirs() -> None:
    """Pitfall 1: whatever order Slack tells it in."""
    directory = directory_of(NOWHERE)
    for user_id in ("U1", "U2"):
        directory.remember_user({"id": user_id, "name": user_id, "profile": {"email": f"{user_id}@example.com"}})

    directory.update(event(type="user_change", user={"id": "U2", "profile": {"email": "U1@example.com"}}))
    directory.update(event(type="user_change", user={"id": "U1", "profile": {"email": "new@example.com"}}))

    assert {email: user.id for email, user in directory.users_by_email.items()} == {
        "u1@example.com": "U2",
        "new@example.com": "U1",
    }


@pytest.mark.parametrize("who", ["U1", "<@U1>", "@ada", "ADA", "Ada Lovelace", "ada@example.com", "Countess"])
def test_a_person_is_found_by_whatever_they_are_called(who: str) -> None:
    """Ids, mentions, names in any case of letters, e-mail addresses."""
    directory = directory_of(NOWHERE)
    profile = {"email": "ada@example.com", "display_name": "Countess"}
    directory.remember_user({"id": "U1", "name": "ada", "real_name": "Ada Lovelace", "profile": profile})
    directory.remember_user({"id": "U2"})

    found = directory.find_user(who)

    assert found is not None
    assert found.id == "U1"
    assert directory.find_user("nobody") is None
    assert directory.find_user("") is None


@pytest.mark.parametrize("where", ["C1", "#one", "one", "ONE", "<#C1>", "<#C1|one>"])
def test_a_channel_is_found_by_whatever_it_is_called(where: str) -> None:
    """Ids, names with and without `#`, links."""
    directory = directory_of(NOWHERE)
    directory.remember_channel({"id": "C1", "name": "one"})
    directory.remember_channel({"id": "D1", "is_im": True})

    found = directory.find_channel(where)

    assert found is not None
    assert found.id == "C1"
    assert directory.find_channel("") is None


async def test_start_up_does_not_wait_for_a_large_workspace() -> None:
    """Pitfall 33: one page of people, the rest arrives in the background."""
    workspace = Workspace.default()
    for number in range(2 * PAGE_SIZE):
        workspace.add_person(f"person{number}")
    gate = asyncio.Event()

    async def hold(request: web.Request) -> web.StreamResponse:
        await gate.wait()
        return await gateway.hand_on(request)

    async def pass_on(request: web.Request) -> web.StreamResponse:
        return await gateway.hand_on(request)

    async with Sandbox(workspace) as sandbox, Gateway(sandbox.api_url) as gateway:
        directory = directory_of(gateway.api_url, sandbox.bot_token)
        gateway.faults["users.list"] = [pass_on, hold]

        await directory.fill()
        known_at_once = len(directory.users)
        gate.set()
        async with asyncio.timeout(NET_S):
            await asyncio.gather(*directory._background)

        assert known_at_once == PAGE_SIZE
        assert len(directory.users) == len(workspace.people)
        await directory.close()


async def test_archived_channels_are_left_out_of_the_first_listing(bot: BotUnderTest) -> None:
    """Pitfall 33: and direct messages are in it."""
    await catcher(bot)

    [call] = bot.calls("conversations.list")
    assert call.arguments["exclude_archived"] in (True, "true", "1", 1)
    assert call.arguments["types"] == "public_channel,private_channel,mpim,im"
    assert call.arguments["limit"] == PAGE_SIZE


async def test_stopping_while_the_list_is_still_coming_in(bot: BotUnderTest) -> None:
    """Pitfall 33: what runs in the background is ended, not forgotten."""
    for number in range(3 * PAGE_SIZE):
        bot.workspace.add_person(f"person{number}")

    await bot.start(MachineBasePlugin)
    directory = bot.machine.slack.directory
    await bot.stop()

    assert not directory._background


@pytest.mark.usefixtures("production_logging")
async def test_no_email_address_is_logged(bot: BotUnderTest) -> None:
    """Pitfall 5: neither at start-up nor when a profile changes or cannot be read."""
    await catcher(bot)
    bot.workspace.change_person("alice", email="secret@example.com", title="Spy")
    await bot.settled()
    broken = {"id": ["U1"], "profile": {"email": "secret@example.com"}}
    await bot.machine.handle(event(type="user_change", user=broken))

    lines = [f"{record.message} {record.fields}" for record in bot.traced(LogWritten)]
    assert lines
    assert not [line for line in lines if "@example.com" in line or "Spy" in line]
