from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from machine.sandbox import Sandbox, Workspace
from machine.sandbox.api.methods import TABLE
from machine.sandbox.state.clock import stable_id
from machine.sandbox.state.team import DEFAULT_SCOPES


@pytest.mark.parametrize(
    ("method", "token", "error"),
    [
        ("auth.test", None, "not_authed"),
        ("auth.test", "xoxb-somebody-else", "invalid_auth"),
        ("chat.postMessage", "app", "not_allowed_token_type"),
        ("apps.connections.open", "bot", "not_allowed_token_type"),
        ("apps.connections.open", "xapp-unknown", "invalid_auth"),
    ],
)
async def test_call_needs_the_right_token(sandbox: Sandbox, method: str, token: str | None, error: str) -> None:
    """A bot with wrong tokens must find out in the sandbox."""
    own = {"app": sandbox.app_token, "bot": sandbox.bot_token}
    client = AsyncWebClient(token=own.get(token or "", token), base_url=sandbox.api_url)

    with pytest.raises(SlackApiError) as caught:
        await client.api_call(method)

    assert caught.value.response["error"] == error


async def test_token_may_come_as_an_argument(sandbox: Sandbox) -> None:
    """Old SDKs send it in the form or in the address."""
    async with aiohttp.ClientSession() as session:
        by_form = await _post(session, sandbox, "auth.test", data={"token": sandbox.bot_token})
        async with session.get(f"{sandbox.api_url}auth.test", params={"token": sandbox.bot_token}) as response:
            by_query = await response.json()

    assert by_form["ok"]
    assert by_query["ok"]


@pytest.mark.parametrize(("body", "error"), [("{", "invalid_json"), ("[]", "json_not_object")])
async def test_wrong_json_body_is_refused(sandbox: Sandbox, body: str, error: str) -> None:
    """Slack's own names for it."""
    async with aiohttp.ClientSession() as session:
        answer = await _post(session, sandbox, "api.test", data=body, headers={"Content-Type": "application/json"})

    assert (answer["ok"], answer["error"]) == (False, error)


async def test_form_and_json_bodies_mean_the_same(workspace: Workspace, sandbox: Sandbox) -> None:
    """Which of the two an SDK sends depends on the method and its mood."""
    blocks = [{"type": "divider"}]
    client = AsyncWebClient(token=sandbox.bot_token, base_url=sandbox.api_url)

    as_form = await client.api_call("chat.postMessage", data={"channel": "#general", "blocks": str_of(blocks)})
    as_json = await client.api_call("chat.postMessage", json={"channel": "#general", "blocks": blocks})

    assert [as_form["message"]["blocks"][0]["type"], as_json["message"]["blocks"][0]["type"]] == ["divider"] * 2


async def test_unknown_method_is_shown_in_the_log(sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    """It may well be a method that Slack has and the sandbox lacks."""
    client = AsyncWebClient(token=sandbox.bot_token, base_url=sandbox.api_url)

    with caplog.at_level(logging.WARNING, "machine.sandbox"), pytest.raises(SlackApiError):
        await client.api_call("admin.users.list")

    assert "admin.users.list" in caplog.text


async def test_sync_client_works_from_another_thread(workspace: Workspace, sandbox: Sandbox) -> None:
    """The sandbox serves any process, so also blocking clients."""
    client = WebClient(token=sandbox.bot_token, base_url=sandbox.api_url)

    answer = await asyncio.to_thread(client.chat_postMessage, channel="#general", text="from a thread")
    upload = await asyncio.to_thread(
        client.files_upload_v2, content="data", filename="a.bin", channel=workspace.find_channel("general").id
    )

    assert workspace.history("#general")[0].ts == answer["ts"]
    assert upload["files"][0]["id"] == workspace.history("#general")[1].files[0].id


async def test_answer_tells_the_scopes(sandbox: Sandbox) -> None:
    """Bots read `x-oauth-scopes` to tell people which scope is missing."""
    client = AsyncWebClient(token=sandbox.bot_token, base_url=sandbox.api_url)

    answer = await client.users_lookupByEmail(email="alice@example.com")

    assert answer.headers["x-accepted-oauth-scopes"] == "users:read.email"
    assert "reactions:write" in answer.headers["x-oauth-scopes"].split(",")


async def test_missing_scope_names_what_is_needed_and_what_there_is(tmp_path: Path) -> None:
    """An app that works with all scopes fails in Slack when one was not asked for."""
    async with _with_scopes(tmp_path, "chat:write", "channels:read", "channels:history") as client:
        with pytest.raises(SlackApiError) as caught:
            await client.reactions_add(channel="C1", timestamp="1.2", name="eyes")
        response = caught.value.response

    assert (response["error"], response["needed"]) == ("missing_scope", "reactions:write")
    assert response["provided"] == response.headers["x-oauth-scopes"] == "chat:write,channels:read,channels:history"
    assert response.headers["x-accepted-oauth-scopes"] == "reactions:write"


@pytest.mark.parametrize(
    ("method", "arguments", "needed"),
    [
        ("conversations.list", {"types": "public_channel,private_channel"}, "groups:read"),
        ("conversations.history", {"channel": "hidden"}, "groups:history"),
        ("conversations.create", {"name": "new", "is_private": True}, "groups:write"),
        ("conversations.open", {"users": "U1"}, "im:write"),
        ("conversations.open", {"users": "U1,U2"}, "mpim:write"),
        ("chat.postMessage", {"channel": "#open", "text": "hi", "username": "other"}, "chat:write.customize"),
        ("apps.connections.open", {}, None),
    ],
)
async def test_scope_is_wanted_for_the_kind_of_conversation(
    tmp_path: Path, method: str, arguments: dict[str, Any], needed: str | None
) -> None:
    """`channels:history` does not open private channels."""
    async with _with_scopes(tmp_path, "chat:write", "channels:read", "channels:history", "channels:manage") as client:
        hidden = stable_id("C", "channel", "hidden")
        given = {name: hidden if value == "hidden" else value for name, value in arguments.items()}
        with pytest.raises(SlackApiError) as caught:
            await client.api_call(method, json=given)

    assert caught.value.response.get("needed") == needed


async def test_email_addresses_need_a_scope_of_their_own(tmp_path: Path) -> None:
    """Slack leaves them out of profiles without `users:read.email`."""
    async with _with_scopes(tmp_path, "users:read") as client:
        members = (await client.users_list())["members"]

    assert [member["profile"].get("email") for member in members] == [None, None]


async def test_public_channels_can_be_posted_to_with_the_scope_for_it(tmp_path: Path) -> None:
    """`chat:write.public` lets an app post where it is not a member."""
    async with _with_scopes(tmp_path, "chat:write", "chat:write.public") as client:
        answer = await client.chat_postMessage(channel="#open", text="hi")

    assert answer["message"]["text"] == "hi"


def test_default_scopes_cover_every_method() -> None:
    """Nobody has to configure scopes to begin with."""
    wanted = {method.facts.scopes for method in TABLE.values() if method.caller != "app"}

    assert [scopes for scopes in wanted if not set(scopes) <= set(DEFAULT_SCOPES)] == []


@contextlib.asynccontextmanager
async def _with_scopes(tmp_path: Path, *scopes: str) -> AsyncIterator[AsyncWebClient]:
    path = tmp_path / "workspace.toml"
    path.write_text(
        f"[app]\nscopes = {list(scopes)}\n"
        '[[people]]\nname = "ada"\n[[channels]]\nname = "open"\nmembers = ["ada"]\n'
        '[[channels]]\nname = "hidden"\nprivate = true\nmembers = ["ada", "machine"]\n',
        encoding="utf-8",
    )
    async with Sandbox(Workspace.from_toml(path)) as sandbox:
        yield AsyncWebClient(token=sandbox.bot_token, base_url=sandbox.api_url)


@pytest.mark.parametrize(
    ("content_type", "warnings"),
    [
        ("application/json", ["missing_charset"]),
        ("application/json; charset=utf-8", None),
        ("application/x-www-form-urlencoded", None),
        ("application/x-www-form-urlencoded; charset=utf-8", ["superfluous_charset"]),
    ],
)
async def test_charset_is_warned_of(sandbox: Sandbox, content_type: str, warnings: list[str] | None) -> None:
    """As Slack does, in `warning` and in `response_metadata`."""
    body = b"{}" if "json" in content_type else b"foo=bar"
    async with aiohttp.ClientSession() as session:
        answer = await _post(session, sandbox, "api.test", data=body, headers={"Content-Type": content_type})

    assert answer.get("response_metadata", {}).get("warnings") == warnings
    assert answer.get("warning") == (warnings[0] if warnings else None)


def str_of(blocks: list[dict[str, Any]]) -> str:
    return str(blocks).replace("'", '"')


async def _post(session: aiohttp.ClientSession, sandbox: Sandbox, method: str, **arguments: Any) -> dict[str, Any]:
    async with session.post(f"{sandbox.api_url}{method}", **arguments) as response:
        answer: dict[str, Any] = await response.json()
        return answer


async def test_header_names_are_written_in_lower_case(sandbox: Sandbox) -> None:
    """D1: Bolt for Python and errbot look for `x-oauth-scopes` in a plain dict."""
    sandbox.faults.fail("team.info", error="ratelimited", retry_after=3)
    client = WebClient(token=sandbox.bot_token, base_url=sandbox.api_url)

    answer = await asyncio.to_thread(client.auth_test)
    async with aiohttp.ClientSession() as session:
        limited = await session.post(f"{sandbox.api_url}team.info", headers={"Authorization": f"Bearer {client.token}"})
        connection = await AsyncWebClient(base_url=sandbox.api_url).apps_connections_open(app_token=sandbox.app_token)
        socket = await session.ws_connect(connection["url"])
        await socket.close()

    names = [name.decode() for name, _ in (*limited.raw_headers, *socket._response.raw_headers)]
    assert "chat:write" in dict(answer.headers)["x-oauth-scopes"]
    assert "retry-after" in names
    assert [name for name in (*answer.headers, *names) if name != name.lower()] == []


@pytest.mark.parametrize("method", ["chat.postMessage", "chat.postEphemeral", "chat.meMessage", "chat.scheduleMessage"])
async def test_text_that_is_too_long_is_cut_with_a_warning(sandbox: Sandbox, workspace: Workspace, method: str) -> None:
    """D5: Slack posts the first 40,000 characters."""
    client = AsyncWebClient(token=sandbox.bot_token, base_url=sandbox.api_url)
    alice, general = workspace.find_person("alice").id, workspace.find_channel("general").id
    arguments = {"channel": general, "user": alice, "post_at": int(workspace.timeline.now) + 60}

    answer = await client.api_call(method, json={**arguments, "text": "x" * 40_001})
    whole = await client.api_call(method, json={**arguments, "text": "x" * 40_000})

    assert answer["response_metadata"]["warnings"][0] == "message_truncated"
    assert "message_truncated" not in whole.get("warning", "")
    texts = [message.text for message in workspace.history("#general")]
    texts += [scheduled.draft.text for scheduled in workspace.schedule.pending()]
    assert [len(text) for text in texts] == [40_000, 40_000]


async def test_update_takes_four_thousand_characters(sandbox: Sandbox, workspace: Workspace) -> None:
    """D5: what is longer is `msg_too_long`, although it could have been posted."""
    client = AsyncWebClient(token=sandbox.bot_token, base_url=sandbox.api_url)
    posted = await client.chat_postMessage(channel="#general", text="x" * 5_000)

    await client.chat_update(channel=posted["channel"], ts=posted["ts"], text="y" * 4_000)
    with pytest.raises(SlackApiError, match="msg_too_long"):
        await client.chat_update(channel=posted["channel"], ts=posted["ts"], text="z" * 5_000)

    assert workspace.history("#general")[0].text == "y" * 4_000


@pytest.mark.parametrize("separator", ["", ",", ", "])
async def test_files_are_shared_in_channels_given_as_a_text(
    sandbox: Sandbox, workspace: Workspace, separator: str
) -> None:
    """D8: `channels="C1"` or `"C1,C2"`, which slack_sdk takes apart letter by letter."""
    client = AsyncWebClient(token=sandbox.bot_token, base_url=sandbox.api_url)
    ids = [workspace.find_channel(name).id for name in ("general", "ops")]
    channels: Any = separator.join(ids) if separator else ids[0]

    await client.files_upload_v2(content="data", filename="a.txt", channels=channels)

    shared = [bool(workspace.history(channel)) for channel in ids]
    assert shared == [True, bool(separator)]
