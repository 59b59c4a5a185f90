"""slack_sdk's own clients, unchanged but for the base URL, against `machine sandbox` as a process."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler
from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.aiohttp import SocketModeClient as AiohttpSocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.client import BaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from tests.console.processes import Process, machine
from tests.waiting import NET_S

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Server:
    """A running `machine sandbox`, and what it printed."""

    process: Process
    api_url: str
    bot_token: str
    app_token: str
    user_tokens: dict[str, str]
    control_url: str
    control_token: str


_WORKSPACE = """
[[people]]
name = "ada"
[[channels]]
name = "general"
[faults]
calls = [{ method = "team.info", error = "ratelimited", retry_after = 0, times = 1 }]
"""


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    (tmp_path / "workspace.toml").write_text(_WORKSPACE, encoding="utf-8")
    options = ("--json", "--users", "250", "--state", "state.json", "--record", "record.jsonl")
    async with machine(tmp_path, "sandbox", *options) as process:
        line = await process.line(lambda line: line.startswith("{"), "the address")
        yield Server(process, **json.loads(line))


async def test_blocking_client(server: Server) -> None:
    """`WebClient` posts, reads, uploads, pages through people, and waits when it is told to."""
    client = WebClient(token=server.bot_token, base_url=server.api_url)
    client.retry_handlers.append(RateLimitErrorRetryHandler(max_retry_count=1))

    def work() -> tuple[int, list[str], str]:
        posted = client.chat_postMessage(channel="#general", text="from a thread")
        client.reactions_add(channel=posted["channel"], timestamp=posted["ts"], name="eyes")
        client.files_upload_v2(content="data", filename="a.txt", channel=posted["channel"], initial_comment="a file")
        people = sum(len(page["members"]) for page in client.users_list(limit=100))
        history = client.conversations_history(channel=posted["channel"])["messages"]
        return people, [message["text"] for message in history], client.team_info()["team"]["name"]

    people, texts, team = await asyncio.to_thread(work)

    assert people == 250 + 2
    assert texts == ["a file", "from a thread"]
    assert team == "Sandbox"


async def test_async_client(server: Server) -> None:
    """`AsyncWebClient` does the same, and raises what Slack refuses."""
    client = AsyncWebClient(token=server.bot_token, base_url=server.api_url)
    posted = await client.chat_postMessage(channel="#general", text="one")
    await client.chat_update(channel=posted["channel"], ts=posted["ts"], text="two")
    people = [person async for page in await client.users_list(limit=100) for person in page["members"]]
    with pytest.raises(SlackApiError) as caught:
        await client.conversations_info(channel="C0")

    assert len({person["id"] for person in people}) == 252
    assert (await client.conversations_history(channel=posted["channel"]))["messages"][0]["text"] == "two"
    assert caught.value.response["error"] == "channel_not_found"


async def test_aiohttp_socket_mode_client(server: Server) -> None:
    """Hears of what the app itself posts, and acknowledges."""
    web = AsyncWebClient(token=server.bot_token, base_url=server.api_url)
    client: Any = AiohttpSocketModeClient(app_token=server.app_token, web_client=web)
    received: asyncio.Queue[SocketModeRequest] = asyncio.Queue()

    async def receive(client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        await client.send_socket_mode_response(SocketModeResponse(request.envelope_id))
        received.put_nowait(request)

    client.socket_mode_request_listeners.append(receive)
    await client.connect()
    await web.chat_postMessage(channel="#general", text="hello")
    async with asyncio.timeout(NET_S):
        request = await received.get()
    await client.close()

    assert (request.type, request.payload["event"]["text"]) == ("events_api", "hello")


async def test_builtin_socket_mode_client(server: Server) -> None:
    """The one without dependencies, in threads of its own."""
    web = WebClient(token=server.bot_token, base_url=server.api_url)
    received: asyncio.Queue[SocketModeRequest] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def receive(client: BaseSocketModeClient, request: SocketModeRequest) -> None:
        client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))
        loop.call_soon_threadsafe(received.put_nowait, request)

    client = SocketModeClient(app_token=server.app_token, web_client=web)
    client.socket_mode_request_listeners.append(receive)
    await asyncio.to_thread(client.connect)
    await asyncio.to_thread(web.chat_postMessage, channel="#general", text="hello")
    async with asyncio.timeout(NET_S):
        request = await received.get()
    await asyncio.to_thread(client.close)

    assert (request.type, request.payload["event"]["text"]) == ("events_api", "hello")


async def test_what_happened_outlives_the_process(server: Server, tmp_path: Path) -> None:
    """SIGTERM saves the state; the next one goes on from there, and the recording tells of both."""
    client = AsyncWebClient(token=server.bot_token, base_url=server.api_url)
    posted = await client.chat_postMessage(channel="#general", text="remember me")
    server.process.kill(signal.SIGTERM)
    assert (await server.process.ended()).code == 0

    async with machine(tmp_path, "sandbox", "--json", "--state", "state.json", "--record", "record.jsonl") as process:
        address = json.loads(await process.line(lambda line: line.startswith("{"), "the address"))
        client = AsyncWebClient(token=address["bot_token"], base_url=address["api_url"])
        history = await client.conversations_history(channel=posted["channel"])

    assert [message["ts"] for message in history["messages"]] == [posted["ts"]]
    recorded = [json.loads(line) for line in (tmp_path / "record.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["method"] for line in recorded if line["what"] == "call"] == [
        *("chat.postMessage", "conversations.history"),
    ]


async def test_damaged_state_stops_the_start(tmp_path: Path) -> None:
    """With what is wrong, and without touching the file."""
    (tmp_path / "state.json").write_text('{"people": 1}', encoding="utf-8")

    async with machine(tmp_path, "sandbox", "--state", "state.json") as process:
        ended = await process.ended()

    assert (ended.code, ended.out) == (1, "")
    assert "machine: state.json: people: " in ended.err
    assert (tmp_path / "state.json").read_text(encoding="utf-8") == '{"people": 1}'
