"""Calls with JSON: what goes out and what comes back is as with slack_sdk's own way."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from machine.redaction import REDACTED
from machine.settings import Settings
from machine.slack.json_calls import post, warn_if_deprecated
from machine.slack.web import SlackWebClient
from machine.trace import ApiCalled, Trace

BODY = {"channel": "C1", "text": "grüße <@U1>", "blocks": [{"type": "divider"}], "mrkdwn": True}


class Server:
    """Answers every method, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str], Any]] = []
        self.answer: dict[str, Any] = {"text": '{"ok": true, "ts": "1.2"}', "content_type": "application/json"}
        app = web.Application()
        app.router.add_post("/api/{method}", self._answer)
        self.runner = web.AppRunner(app, access_log=None)

    async def _answer(self, request: web.Request) -> web.Response:
        headers = {name: request.headers[name] for name in ("Authorization", "Content-Type", "User-Agent")}
        self.asked.append((request.match_info["method"], headers, await request.json()))
        return web.Response(**self.answer)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """A Web API."""
    server = Server()
    await server.runner.setup()
    await web.TCPSite(server.runner, "127.0.0.1", 0).start()
    yield server
    await server.runner.cleanup()


@pytest.fixture
async def client(server: Server) -> AsyncIterator[SlackWebClient]:
    """A bot's client for it."""
    url = f"http://127.0.0.1:{server.runner.addresses[0][1]}/api/"
    settings = Settings.check({"SLACK_API_URL": url, "SLACK_BOT_TOKEN": "xoxb-1-posting"})
    async with aiohttp.ClientSession() as session:
        yield SlackWebClient(settings, session, Trace())


def shown(response: AsyncSlackResponse) -> tuple[Any, ...]:
    """What a plugin can see of a response."""
    sent = response.req_args["json"]
    return response.data, response.status_code, response.http_verb, response.api_url, sent, response["ts"]


async def test_a_call_is_what_slack_sdk_makes_of_it(server: Server, client: SlackWebClient) -> None:
    """Path, token, headers, body and response."""
    ours = await post(client, "chat.postMessage", dict(BODY))
    theirs = await AsyncWebClient.api_call(client, "chat.postMessage", json=dict(BODY))

    assert server.asked[0] == server.asked[1]
    assert server.asked[0][2] == BODY
    assert shown(ours) == shown(theirs)


async def test_the_trace_tells_what_slack_said(server: Server, client: SlackWebClient) -> None:
    """Redacted, and as it came: a plugin may do with the answer what it likes."""
    calls: list[ApiCalled] = []
    client._trace.subscribe(calls.append, ApiCalled)
    server.answer["text"] = '{"ok": true, "message": {"text": "from xoxb-1-posting"}}'

    response = await client.chat_postMessage(channel="C1", text="hello")
    response["message"]["text"] = "changed"

    assert calls[0].response == {"ok": True, "message": {"text": f"from xoxb-{REDACTED}"}}


@pytest.mark.parametrize(
    ("status", "text"),
    [(200, "<html>no JSON"), (502, "<html>no JSON"), (200, '{"ok": false}'), (500, "")],
)
async def test_the_trace_tells_what_was_no_success(
    server: Server, client: SlackWebClient, status: int, text: str
) -> None:
    """Whatever came in its place."""
    calls: list[ApiCalled] = []
    client._trace.subscribe(calls.append, ApiCalled)
    server.answer |= {"status": status, "text": text}

    with pytest.raises(Exception):  # noqa: B017, PT011 - which one is tested elsewhere
        await client.chat_postMessage(channel="C1", text="hello")

    assert not calls[0].is_ok
    assert dict(calls[0].response) == ({"ok": False} if text.startswith("{") else {})


async def test_another_token_is_kept_to(server: Server, client: SlackWebClient) -> None:
    """A plugin may act for somebody else, by a token among the arguments."""
    await client.chat_postMessage(channel="C1", text="hello", token="xoxp-another")

    [(_, headers, body)] = server.asked
    assert headers["Authorization"] == "Bearer xoxp-another"
    assert "token" not in body


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"text": '{"ok": false, "error": "channel_not_found"}', "content_type": "application/json"}, "channel_not_f"),
        ({"text": "<h1>Sign in to this network</h1>", "content_type": "text/html"}, "not JSON: <h1>Sign in"),
        ({"text": "<h1>Bad gateway</h1>", "content_type": "text/html", "status": 502}, "status: 502"),
        ({"text": "", "status": 503}, "status: 503"),
    ],
    ids=["refused", "a page", "a page of an error", "nothing"],
)
async def test_what_is_no_success_is_slacks_error(
    server: Server, client: SlackWebClient, answer: dict[str, Any], said: str
) -> None:
    """Plugins catch one kind of error, whatever stands between the bot and Slack; and nothing is posted again."""
    server.answer = answer

    with pytest.raises(SlackApiError, match=said):
        await client.chat_postMessage(channel="C1", text="hello")

    assert len(server.asked) == 1


async def test_whoever_wants_slack_sdks_account_of_calls_gets_it(
    client: SlackWebClient, caplog: pytest.LogCaptureFixture
) -> None:
    """At the level DEBUG it says what is sent."""
    with caplog.at_level(logging.DEBUG, client.logger.name):
        await client.chat_postMessage(channel="C1", text="hello")

    assert any("Sending a request" in record.message for record in caplog.records)


async def test_a_method_that_slack_has_given_up_is_warned_of_once(client: SlackWebClient) -> None:
    """As slack_sdk does."""
    warn_if_deprecated.cache_clear()
    with pytest.warns(UserWarning, match=r"im\.list"):
        await post(client, "im.list", {})

    await post(client, "im.list", {})
