"""Whoever has the token of a person plays that person, with any Slack SDK."""

from __future__ import annotations

from pathlib import Path

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from machine.errors import WorkspaceError
from machine.sandbox import Sandbox, Workspace
from tests.machine.sandbox.listening import App, ManualClock


@pytest.fixture
def alice(sandbox: Sandbox) -> AsyncWebClient:
    """Slack's client with the token of Alice."""
    return AsyncWebClient(token=sandbox.user_token("alice"), base_url=sandbox.api_url)


async def test_a_person_is_who_acts(workspace: Workspace, alice: AsyncWebClient, app: App) -> None:
    """Their messages, reactions and pins are theirs, and reach the app as events like any other's."""
    user = workspace.find_person("alice").id
    posted = await alice.chat_postMessage(channel="#ops", text="deploy it")
    where = {"channel": posted["channel"], "timestamp": posted["ts"]}

    await alice.reactions_add(**where, name="eyes")
    await alice.pins_add(**where)
    await alice.chat_update(channel=posted["channel"], ts=posted["ts"], text="deploy it now")
    await alice.chat_delete(channel=posted["channel"], ts=posted["ts"])

    message = await app.event("message")
    assert (message["user"], message["text"], "bot_id" in message) == (user, "deploy it", False)
    assert (await app.event("reaction_added"))["user"] == user
    assert (await app.event("pin_added"))["user"] == user
    assert (await app.event("message", "message_changed"))["message"]["text"] == "deploy it now"
    assert (await app.event("message", "message_deleted"))["previous_message"]["user"] == user


async def test_a_person_has_channels_and_dms_of_their_own(workspace: Workspace, alice: AsyncWebClient) -> None:
    """They see what they may see, and a DM with the bot is theirs."""
    created = await alice.conversations_create(name="party")
    await alice.conversations_invite(channel=created["channel"]["id"], users=workspace.bot.id)
    direct = await alice.chat_postMessage(channel=workspace.bot.id, text="psst")
    names = {channel["name"] for channel in (await alice.conversations_list(types="private_channel"))["channels"]}

    assert list(workspace.find_channel("party").members) == [workspace.find_person("alice").id, workspace.bot.id]
    assert direct["channel"] == workspace.open_dm("alice").id
    assert names == {"secret"}


async def test_a_token_says_whose_it_is(workspace: Workspace, sandbox: Sandbox, alice: AsyncWebClient) -> None:
    """By `auth.test` and in the headers."""
    answer = await alice.auth_test()

    assert (answer["user"], answer["user_id"]) == ("alice", workspace.find_person("alice").id)
    assert "bot_id" not in answer
    assert "identify" in answer.headers["x-oauth-scopes"].split(",")
    assert sandbox.user_tokens["alice"] == sandbox.user_token("@alice") == alice.token


async def test_what_people_may_not_do_is_refused(alice: AsyncWebClient, app: App) -> None:
    """As in their own client."""
    posted = await app.web.chat_postMessage(channel="#ops", text="hands off")
    refused = {
        "cant_update_message": alice.chat_update(channel=posted["channel"], ts=posted["ts"], text="mine"),
        "cant_delete_message": alice.chat_delete(channel=posted["channel"], ts=posted["ts"]),
        "not_allowed_token_type": alice.apps_connections_open(app_token=str(alice.token)),
    }

    for error, call in refused.items():
        with pytest.raises(SlackApiError) as caught:
            await call
        assert caught.value.response["error"] == error


async def test_nobody_else_has_a_token(workspace: Workspace, sandbox: Sandbox, alice: AsyncWebClient) -> None:
    """Neither strangers nor bots, and no longer those who have left."""
    alice_id, of_bob = workspace.find_person("alice").id, sandbox.user_token("bob")
    workspace.change_person("bob", is_deleted=True)
    expected = {
        "xoxp-sandbox-mallory": "invalid_auth",
        "xoxp-sandbox-alice": "invalid_auth",
        f"xoxp-sandbox-{alice_id}": "invalid_auth",
        f"xoxp-sandbox-{alice_id}-{'0' * 32}": "invalid_auth",
        f"xoxp-sandbox-{alice_id}-{of_bob.rpartition('-')[2]}": "invalid_auth",
        "xoxb-sandbox-bot": "invalid_auth",
        "xapp-1-sandbox-app": "invalid_auth",
        "xoxp-sandbox-": "invalid_auth",
        "alice": "invalid_auth",
        f"xoxp-sandbox-{workspace.bot.name}": "invalid_auth",
        of_bob: "account_inactive",
    }
    for token, error in expected.items():
        with pytest.raises(SlackApiError) as caught:
            await alice.auth_test(token=token)
        assert caught.value.response["error"] == error

    with pytest.raises(WorkspaceError, match="nobody called 'mallory'"):
        sandbox.user_token("mallory")
    assert "bob" not in sandbox.user_tokens
    assert workspace.bot.name not in sandbox.user_tokens


def test_tokens_are_other_ones_in_each_run_a4() -> None:
    """A4: whoever saw one, in the documentation or yesterday, cannot use it."""
    one, other = (Sandbox(Workspace.default()) for _ in range(2))

    assert one.bot_token != other.bot_token
    assert one.app_token != other.app_token
    assert one.user_token("alice") != other.user_token("alice")
    assert len({*one.user_tokens.values()}) == len(one.user_tokens)


async def test_the_workspace_file_sets_tokens_a4(tmp_path: Path) -> None:
    """A4: for scripts that are to work from run to run."""
    file = tmp_path / "workspace.toml"
    file.write_text(
        "[app]\nname = 'b'\nbot_token = 'xoxb-mine'\napp_token = 'xapp-mine'\n"
        "[[people]]\nname = 'ada'\ntoken = 'xoxp-of-ada'\n[[people]]\nname = 'bob'\n[[channels]]\nname = 'general'\n"
    )
    async with Sandbox(Workspace.from_toml(file)) as sandbox:
        ada = AsyncWebClient(token="xoxp-of-ada", base_url=sandbox.api_url)
        assert (await ada.auth_test())["user"] == "ada"
        guess = f"xoxp-sandbox-{sandbox.workspace.find_person('ada').id}-"
        with pytest.raises(SlackApiError, match="invalid_auth"):
            await ada.auth_test(token=guess)
        assert (sandbox.bot_token, sandbox.app_token) == ("xoxb-mine", "xapp-mine")
        assert sandbox.user_token("ada") == "xoxp-of-ada"
        assert (await ada.auth_test(token=sandbox.user_token("bob")))["user"] == "bob"


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example:80"},
        {"Host": "127.0.0.1@evil.example"},
        {"Host": "[::"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=str,
)
async def test_pages_of_other_sites_are_refused_a4(sandbox: Sandbox, headers: dict[str, str]) -> None:
    """A4: a form of another page, or a name of its own that leads to 127.0.0.1, reaches no door of the sandbox."""
    form = {"token": sandbox.user_token("alice"), "channel": "#general", "text": "hello"}
    async with aiohttp.ClientSession() as http:
        for path in ("/api/chat.postMessage", "/upload/v1/F0", "/commands/T0/x"):
            async with http.post(sandbox.base_url + path, data=form, headers=headers) as answer:
                assert answer.status == 403
        async with http.get(f"{sandbox.base_url}/link/", headers=headers) as answer:
            assert answer.status == 403
    assert not [message for message in sandbox.workspace.history("#general") if message.text == "hello"]


async def test_programs_of_this_machine_are_served_a4(sandbox: Sandbox) -> None:
    """A4: also those that name the page as websocket-client does, and those that say localhost."""
    async with aiohttp.ClientSession() as http:
        for host in (f"127.0.0.1:{sandbox.port}", f"localhost:{sandbox.port}", "localhost:1", f"[::1]:{sandbox.port}"):
            for own in ({}, {"Origin": f"http://{host}"}, {"Sec-Fetch-Site": "none"}):
                async with http.post(f"{sandbox.api_url}api.test", headers={"Host": host, **own}) as answer:
                    assert answer.status == 200


async def test_a_crowd_is_not_printed(clock: ManualClock) -> None:
    """Everybody has a token; a line with all of them would be of no use."""
    async with Sandbox(Workspace.default(clock=clock, users=500)) as sandbox:
        assert len(sandbox.user_tokens) == 100
        last = list(sandbox.workspace.people.values())[-2]
        web = AsyncWebClient(token=sandbox.user_token(last), base_url=sandbox.api_url)
        assert (await web.auth_test())["user"] == last.name


async def test_scheduled_messages_are_of_who_scheduled_them(
    workspace: Workspace, clock: ManualClock, alice: AsyncWebClient, app: App
) -> None:
    """Others neither see nor remove them."""
    ops, later = workspace.find_channel("ops").id, int(clock.now) + 60
    scheduled = await alice.chat_scheduleMessage(channel=ops, post_at=later, text="later")
    with pytest.raises(SlackApiError) as caught:
        await app.web.chat_deleteScheduledMessage(channel=ops, scheduled_message_id=scheduled["scheduled_message_id"])
    lists = [(await web.chat_scheduledMessages_list())["scheduled_messages"] for web in (alice, app.web)]
    clock.advance(61)
    [message] = workspace.schedule.post_due()

    assert caught.value.response["error"] == "invalid_scheduled_message_id"
    assert [len(listed) for listed in lists] == [1, 0]
    assert message.user == workspace.find_person("alice").id


async def test_people_are_spared_what_goes_wrong_on_request(
    workspace: Workspace, sandbox: Sandbox, alice: AsyncWebClient, app: App
) -> None:
    """Faults, limits and the scopes of the app are there to try out the app."""
    fault = sandbox.faults.fail("chat.postMessage", error="fatal_error", times=1)

    await alice.chat_postMessage(channel="#ops", text="I can")
    with pytest.raises(SlackApiError, match="fatal_error"):
        await app.web.chat_postMessage(channel="#ops", text="I cannot")

    assert fault.hits == 1


async def test_a_file_is_read_by_who_can_see_it(workspace: Workspace, sandbox: Sandbox, alice: AsyncWebClient) -> None:
    """A file in a private channel is there for its members."""
    uploaded = await alice.files_upload_v2(
        content="the plan", filename="plan.txt", channel=workspace.find_channel("secret").id
    )
    outsiders = [person.name for person in workspace.people.values() if person.id not in _members(workspace, "secret")]
    tokens = [
        str(alice.token),
        sandbox.bot_token,
        *(sandbox.user_token(name) for name in outsiders if name != "machine"),
    ]
    url = uploaded["file"]["url_private"]

    texts = []
    async with aiohttp.ClientSession() as session:
        for token in tokens:
            async with session.get(url, headers={"Authorization": f"Bearer {token}"}) as response:
                texts.append(await response.text())

    assert texts[0] == "the plan"
    assert all("Sign in" in text for text in texts[1:])
    assert workspace.history("secret")[-1].user == workspace.find_person("alice").id


def _members(workspace: Workspace, channel: str) -> set[str]:
    return set(workspace.find_channel(channel).members)
