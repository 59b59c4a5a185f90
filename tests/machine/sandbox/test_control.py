"""People act by HTTP request, for bots in any language (D7)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from machine.sandbox import Sandbox, Workspace
from machine.sandbox.control import ACTIONS, LISTS
from tests.machine.sandbox.listening import App


def _plain(text: str) -> dict[str, str]:
    return {"type": "plain_text", "text": text}


_OPTIONS = [{"text": _plain(name), "value": name} for name in ("api", "web")]
_BLOCKS: list[dict[str, Any]] = [
    {
        "type": "actions",
        "block_id": "a",
        "elements": [
            {"type": "button", "action_id": "go", "text": _plain("Go"), "value": "1"},
            {"type": "static_select", "action_id": "where", "options": _OPTIONS},
            {"type": "datepicker", "action_id": "day"},
            {"type": "external_select", "action_id": "city"},
        ],
    }
]
_MODAL: dict[str, Any] = {
    "type": "modal",
    "callback_id": "ask",
    "title": _plain("Ask"),
    "submit": _plain("Send"),
    "notify_on_close": True,
    "blocks": [
        {
            "type": "input",
            "block_id": "why",
            "label": _plain("Why"),
            "element": {"type": "plain_text_input", "action_id": "reason", "min_length": 3},
        }
    ],
}


class Client:
    """Asks the control interface."""

    def __init__(self, sandbox: Sandbox, session: aiohttp.ClientSession) -> None:
        self._url = sandbox.control_url
        self._session = session
        self.token = sandbox.control_token

    async def act(self, what: str, status: int = 200, *, who: str = "", **arguments: Any) -> dict[str, Any]:
        """Have somebody do something."""
        headers = {"Authorization": f"Bearer {self.token}"}
        async with self._session.post(self._url + what, json={"as": who, **arguments}, headers=headers) as answer:
            told: dict[str, Any] = await answer.json()
            assert (answer.status, told["ok"]) == (status, status == 200), told
            return told

    async def see(self, what: str, *, who: str = "", **arguments: str) -> dict[str, Any]:
        """Look at something."""
        headers = {"Authorization": f"Bearer {self.token}"}
        async with self._session.get(self._url + what, params={"as": who, **arguments}, headers=headers) as answer:
            told: dict[str, Any] = await answer.json()
            assert answer.status == 200, told
            return told


@pytest.fixture
async def client(sandbox: Sandbox) -> AsyncIterator[Client]:
    async with aiohttp.ClientSession() as session:
        yield Client(sandbox, session)


async def test_person_says_something_and_sees_the_answer(app: App, client: Client) -> None:
    """The text is what a person types; ephemeral answers are seen by one person only."""
    said = await client.act("say", channel="#ops", text="hi @machine 🎉", who="alice")
    alice, bob = said["message"]["user"], (await client.see("people"))["people"][1]
    await app.web.chat_postMessage(channel="#ops", text="in the thread", thread_ts=said["message"]["ts"])
    await app.web.chat_postEphemeral(channel=said["message"]["channel"], text="psst", user=alice)

    event = await app.event("message")
    seen = await client.see("messages", channel="#ops", who="alice")
    thread = await client.see("messages", channel="ops", thread_ts=said["message"]["ts"], who="alice")
    hidden = await client.see("messages", channel="#ops", limit="1", who="bob")

    assert event["text"].endswith("> :tada:")
    assert [message["text"] for message in seen["messages"]][1:] == ["psst"]
    assert [message["text"] for message in thread["messages"]][1:] == ["in the thread"]
    assert bob["name"] == "bob"
    assert [message["ts"] for message in hidden["messages"]] == [said["message"]["ts"]]


async def test_person_writes_to_another_and_sees_only_their_channels(client: Client) -> None:
    """`@machine` as a channel is the DM with it."""
    said = await client.act("say", channel="@machine", text="hi", who="alice")

    own = await client.see("channels", who="alice")
    others = await client.see("channels", who="bob")

    assert said["message"]["channel"] in [channel["id"] for channel in own["channels"]]
    assert said["message"]["channel"] not in [channel["id"] for channel in others["channels"]]


async def test_person_runs_a_command(app: App, client: Client) -> None:
    """And is told what it was acknowledged with."""
    app.answers = lambda request: {"text": "on it"}

    ran = await client.act("command", channel="#ops", command="/deploy api", who="bob")

    assert ran["answer"] == {"text": "on it"}
    assert app.requests[0].payload["text"] == "api"


async def test_person_clicks_chooses_and_picks_in_a_message(app: App, client: Client) -> None:
    """By `ts`, or in the newest message of the channel."""
    posted = await app.web.chat_postMessage(channel="#ops", text="?", blocks=_BLOCKS)
    app.answers = lambda request: {"options": _OPTIONS} if request.payload["type"] == "block_suggestion" else None

    await client.act("click", channel="#ops", ts=posted["ts"], action_id="go", who="alice")
    await client.act("choose", channel="#ops", action_id="where", choices=["web"], who="alice")
    await client.act("pick", channel="#ops", action_id="day", value="2024-05-01", who="alice")
    offered = await client.act("options", channel="#ops", action_id="city", query="a", who="alice")
    await client.act("shortcut", channel="#ops", ts=posted["ts"], callback_id="save", who="alice")
    wrong = await client.act("click", 400, channel="#ops", action_id="stop", who="alice")

    payloads = [request.payload for request in app.requests if request.type == "interactive"]
    actions = [payload["actions"][0] for payload in payloads if payload["type"] == "block_actions"]
    assert [action["action_id"] for action in actions] == ["go", "where", "day"]
    assert offered["answer"]["options"] == _OPTIONS
    assert payloads[-1]["callback_id"] == "save"
    assert (wrong["error"], wrong["messages"]) == (
        "invalid_action",
        ["There is no element 'stop' to use; there are: go, where, day, city"],
    )


async def test_person_submits_and_closes_a_modal(app: App, client: Client, workspace: Workspace) -> None:
    """What Slack's client refuses is told, and stands at the input."""
    await client.act("shortcut", callback_id="ask", who="alice")
    await app.web.views_open(trigger_id=app.requests[-1].payload["trigger_id"], view=_MODAL)

    refused = await client.act("submit", 400, values={"reason": "no"}, who="alice")
    shown = await client.see("views", who="alice")
    await client.act("submit", values={"why": "because"}, view=shown["modals"][0]["id"], who="alice")
    workspace.views.open(workspace.find_person("alice").id, _MODAL)
    await client.act("close", who="alice")
    gone = await client.act("close", 400, who="alice")

    assert (refused["error"], refused["messages"]) == (
        "invalid_input",
        ["why: Must be at least 3 characters; it has 2."],
    )
    assert shown["modals"][0]["errors"] == {"why": "Must be at least 3 characters; it has 2."}
    assert [request.payload["type"] for request in app.requests][-2:] == ["view_submission", "view_closed"]
    assert (gone["error"], gone["messages"]) == ("not_found", ["alice has no modal open"])


async def test_person_uses_the_home_tab(app: App, client: Client, workspace: Workspace) -> None:
    """What the app publishes is seen, and can be clicked."""
    workspace.views.publish(workspace.find_person("alice").id, {"type": "home", "blocks": _BLOCKS})

    await client.act("home", who="alice")
    await client.act("click", view="home", action_id="go", who="alice")

    assert (await app.event("app_home_opened"))["tab"] == "home"
    assert app.requests[-1].payload["view"]["type"] == "home"
    assert (await client.see("views", who="alice"))["home"]["type"] == "home"
    assert (await client.see("views", who="bob")) == {"ok": True, "modals": [], "home": None}


@pytest.mark.parametrize("token", ["", "xoxb-sandbox-bot", "xoxp-sandbox-alice", "töken"])
async def test_nobody_acts_without_the_control_token(client: Client, token: str, workspace: Workspace) -> None:
    """Whoever merely reaches the port, and the bot itself."""
    client.token = token

    refused = await client.act("say", 401, channel="#ops", text="hi", who="alice")

    assert refused["error"] == "invalid_auth"
    assert workspace.history("#ops") == []


async def test_token_differs_from_run_to_run(sandbox: Sandbox) -> None:
    """So that nobody knows it beforehand."""
    assert Sandbox(sandbox.workspace).control_token != sandbox.control_token


async def test_mistakes_name_what_there_is(client: Client) -> None:
    """An unknown action, person or channel, and a missing argument."""
    unknown = await client.act("fly", 404)
    person = await client.act("say", 400, channel="#ops", text="hi", who="alcie")
    missing = await client.act("say", 400, channel="#ops", who="alice")
    secret = await client.act("say", 400, channel="#secret", text="hi", who="carol")

    assert unknown["messages"] == [f"A POST here is one of: {', '.join(ACTIONS)}."]
    assert "Did you mean alice or machine?" in person["messages"][0]
    assert missing["messages"] == ["[ERROR] missing required field: text [json-pointer:/text]"]
    assert secret["error"] == "channel_not_found"


_SCRAPS = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["alice", "#ops", "home"])
_VALUES = st.recursive(
    _SCRAPS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["why", "x"]), inner)
)


@given(
    st.sampled_from(sorted({*ACTIONS, *LISTS})),
    st.dictionaries(
        st.sampled_from(["as", "channel", "ts", "text", "view", "action_id", "value", "choices", "values", "limit"]),
        _VALUES,
    ),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
async def test_no_request_breaks_it(client: Client, what: str, arguments: dict[str, Any]) -> None:
    """Whatever somebody sends is done, or refused with a reason."""
    url, headers = client._url + what, {"Authorization": f"Bearer {client.token}"}
    method = "POST" if what in ACTIONS else "GET"

    async with client._session.request(method, url, json=arguments, headers=headers) as answer:
        assert answer.status in {200, 400}
        assert isinstance(await answer.json(), dict)
