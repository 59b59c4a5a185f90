"""The least that a bot takes for Slack: a few Web API methods and Socket Mode, on plain aiohttp.

Unlike the sandbox it keeps nothing and checks nothing, so that what is measured is the bot.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from aiohttp import WSMsgType, web

TEAM, BOT, PERSON, CHANNEL = "T0LOAD", "U0BOT", "U0ALICE", "C0GENERAL"
SETTINGS = {"SLACK_BOT_TOKEN": "xoxb-1-load", "SLACK_APP_TOKEN": "xapp-1-load"}

_USERS = [
    {"id": PERSON, "team_id": TEAM, "name": "alice", "profile": {"email": "alice@example.com"}},
    {"id": BOT, "team_id": TEAM, "name": "bot", "is_bot": True, "profile": {}},
]
_ANSWERS: dict[str, dict[str, Any]] = {
    "auth.test": {
        "url": "https://load/",
        "team": "Load",
        "team_id": TEAM,
        "user": "bot",
        "user_id": BOT,
        "bot_id": "B0",
    },
    "bots.info": {"bot": {"id": "B0", "name": "bot", "user_id": BOT}},
    "users.info": {"user": _USERS[0]},
    "users.list": {"members": _USERS},
    "conversations.list": {"channels": [{"id": CHANNEL, "name": "general", "is_channel": True, "is_member": True}]},
}


class PlainSlack:
    """A workspace of one person and one channel.

    Args:
        call_takes_s: How long `chat.postMessage` takes.

    Attributes:
        acknowledged: When each message was acknowledged, by number; seconds of `time.perf_counter()`.
        sent: When each message was sent.
        answered: When the bot posted a text that ends with the number; one entry each time.
        most_calls: The most calls of `chat.postMessage` that were under way at once.
        on_answer: Called at each text that the bot posts.
    """

    def __init__(self, call_takes_s: float = 0.0) -> None:
        self.call_takes_s = call_takes_s
        self.sent: dict[str, float] = {}
        self.acknowledged: dict[str, float] = {}
        self.answered: dict[str, list[float]] = {}
        self.most_calls = self._calls = 0
        self.on_answer: Callable[[], object] = _ignore
        self._sockets: list[web.WebSocketResponse] = []
        self._is_connected = asyncio.Event()
        app = web.Application()
        app.router.add_route("*", "/api/{method}", self._call)
        app.router.add_get("/link", self._link)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.api_url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/api/"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    async def connected(self) -> None:
        """Wait until the bot has opened a connection."""
        await self._is_connected.wait()

    async def say(self, text: str, number: str) -> None:
        """Send a message of alice in #general; `number` is its `envelope_id`."""
        event = {"type": "message", "user": PERSON, "channel": CHANNEL, "text": text, "ts": f"1700000000.{number:0>6}"}
        event |= {"channel_type": "channel", "team": TEAM, "event_ts": event["ts"]}
        payload = {"type": "event_callback", "team_id": TEAM, "event_id": f"Ev{number}", "event": event}
        envelope = {"type": "events_api", "envelope_id": number, "payload": payload, "accepts_response_payload": False}
        self.sent[number] = time.perf_counter()
        await self._sockets[-1].send_str(json.dumps(envelope))

    async def _call(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        if method == "chat.postMessage":
            return await self._post(str((await request.post()).get("text") or (await _json(request)).get("text")))
        if method == "apps.connections.open":
            url = f"{self.api_url.replace('http', 'ws', 1).removesuffix('api/')}link"
            return web.json_response({"ok": True, "url": url})
        return web.json_response({"ok": True, **_ANSWERS.get(method, {})})

    async def _post(self, text: str) -> web.Response:
        self.answered.setdefault(text.rpartition(" ")[2], []).append(time.perf_counter())
        asyncio.get_running_loop().call_soon(self.on_answer)  # once the bot has been told, too
        self._calls += 1
        self.most_calls = max(self.most_calls, self._calls)
        if self.call_takes_s:
            await asyncio.sleep(self.call_takes_s)
        self._calls -= 1
        message = {"type": "message", "user": BOT, "bot_id": "B0", "text": text, "ts": "1700000001.000001"}
        return web.json_response({"ok": True, "channel": CHANNEL, "ts": message["ts"], "message": message})

    async def _link(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"type": "hello", "num_connections": 1})
        self._sockets.append(socket)
        self._is_connected.set()
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                now = time.perf_counter()
                self.acknowledged[json.loads(message.data)["envelope_id"]] = now
        return socket


def _ignore() -> None:
    """Nobody wants to know."""


async def _json(request: web.Request) -> dict[str, Any]:
    body: dict[str, Any] = await request.json() if request.content_type == "application/json" else {}
    return body
