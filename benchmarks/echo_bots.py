"""Bots that answer every message, to be measured beside each other: this framework, and what is left without it.

    python benchmarks/echo_bots.py BOT API_URL

Each receives `command number N ...` over Socket Mode, acknowledges it, and answers the rest with chat.postMessage.
"""

from __future__ import annotations

import asyncio
import gc
import importlib.util
import json
import logging
import re
import sys
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import aiohttp
from plain_slack import SETTINGS

from machine_console.runtime.headless import fast_loop

PATTERNS = {
    "anchored": r"^command number {} (?P<rest>.*)$",
    "unanchored": r"number {} (?P<rest>.*)",
    "any case": r"(?i)^Command Number {} (?P<rest>.*)$",
    "alternatives": r"^(?:command|task) (?:number|no) {} (?P<rest>.*)$",
}
MEMORY = "machine.storage.backends.memory.MemoryStorage"


async def machine(
    api_url: str, handlers: int = 1, pattern: str = "anchored", inbox: str = "report", *, is_traced: bool = False
) -> None:
    """This framework, with so many handlers, one of which matches."""
    from machine.bot import Machine  # noqa: PLC0415 - no part of the other bots
    from machine.logs import configure_logging  # noqa: PLC0415
    from machine.trace import Record, Trace  # noqa: PLC0415

    configure_logging(logging.ERROR, sys.stderr)
    settings = {**SETTINGS, "SLACK_API_URL": api_url, "PLUGINS": [], "STORAGE_BACKEND": MEMORY, "INBOX": inbox}
    trace = Trace()
    if is_traced:
        trace.subscribe(deque[Record](maxlen=1_000).append)
    plugin = make_plugin(PATTERNS[pattern], handlers)
    async with Machine(settings, trace=trace, project=Path.cwd(), plugins=[plugin]) as bot:
        await bot.wait_until_stopped()


def make_plugin(pattern: str, handlers: int) -> Any:
    """A plugin of so many handlers that answer what their pattern finds."""
    from machine.plugins import MachineBasePlugin  # noqa: PLC0415
    from machine.plugins.decorators import listen_to  # noqa: PLC0415

    def handler() -> Any:
        async def handle(_self: Any, message: Any, rest: str) -> None:
            await message.say(f"answer {rest}")

        return handle

    methods = {f"handle_{number}": listen_to(pattern.format(number))(handler()) for number in range(handlers)}
    return type("Many", (MachineBasePlugin,), methods)


async def bolt(api_url: str, handlers: int) -> None:
    """Bolt for Python, as its documentation has it for asyncio."""
    from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler  # noqa: PLC0415
    from slack_bolt.app.async_app import AsyncApp  # noqa: PLC0415
    from slack_sdk.web.async_client import AsyncWebClient  # noqa: PLC0415

    app = AsyncApp(client=AsyncWebClient(token=SETTINGS["SLACK_BOT_TOKEN"], base_url=api_url))

    async def handle(say: Any, context: Any) -> None:
        await say(f"answer {context['matches'][0]}")

    for number in range(handlers):
        app.message(re.compile(PATTERNS["anchored"].format(number)))(handle)
    await AsyncSocketModeHandler(app, SETTINGS["SLACK_APP_TOKEN"]).connect_async()
    await asyncio.Event().wait()


async def slack_sdk(api_url: str, *, is_session_shared: bool, is_tuned: bool = False) -> None:
    """slack_sdk's clients, and nothing else; tuned: with Python's garbage collector set as this framework sets it."""
    from slack_sdk.socket_mode.aiohttp import SocketModeClient  # noqa: PLC0415
    from slack_sdk.socket_mode.response import SocketModeResponse  # noqa: PLC0415
    from slack_sdk.web.async_client import AsyncWebClient  # noqa: PLC0415

    if is_tuned:
        gc.set_threshold(10_000, *gc.get_threshold()[1:])
    connector = aiohttp.TCPConnector(limit=0)
    session = aiohttp.ClientSession(connector=connector) if is_session_shared else None
    web = AsyncWebClient(token=SETTINGS["SLACK_BOT_TOKEN"], base_url=api_url, session=session)
    client = SocketModeClient(app_token=SETTINGS["SLACK_APP_TOKEN"], web_client=web)

    async def handle(socket: Any, request: Any) -> None:
        await socket.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))
        event = request.payload["event"]
        await web.chat_postMessage(channel=event["channel"], text=answer(event["text"]))

    client.socket_mode_request_listeners.append(handle)
    await client.connect()
    await asyncio.Event().wait()


async def plain(api_url: str) -> None:
    """Just aiohttp: a WebSocket, and posts."""
    tasks: set[asyncio.Task[None]] = set()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        headers = {"Authorization": f"Bearer {SETTINGS['SLACK_BOT_TOKEN']}"}

        async def post(event: Mapping[str, Any]) -> None:
            message = {"channel": event["channel"], "text": answer(event["text"])}
            async with session.post(f"{api_url}chat.postMessage", json=message, headers=headers) as response:
                await response.json()

        async with session.post(f"{api_url}apps.connections.open") as granted:
            url = (await granted.json())["url"]
        async with session.ws_connect(url) as socket:
            async for arrived in socket:
                message = json.loads(arrived.data)
                if "envelope_id" in message:
                    await socket.send_str(json.dumps({"envelope_id": message["envelope_id"]}))
                    task = asyncio.create_task(post(message["payload"]["event"]))
                    tasks.add(task)
                    task.add_done_callback(tasks.discard)


def answer(text: str) -> str:
    """What bots without patterns answer."""
    return f"answer {text.rpartition(' ')[2]}"


ON_UVLOOP = "machine, 1 handler, uvloop"
BOTS: dict[str, Callable[[str], Awaitable[None]]] = {
    "plain aiohttp": plain,
    "slack_sdk, one shared session": lambda url: slack_sdk(url, is_session_shared=True),
    "slack_sdk, one session, tuned": lambda url: slack_sdk(url, is_session_shared=True, is_tuned=True),
    "slack_sdk, a session per call": lambda url: slack_sdk(url, is_session_shared=False),
    "machine, 1 handler": machine,
    **{f"machine, {n:,} handlers": lambda url, n=n: machine(url, n) for n in (10, 100, 1_000, 5_000)},
    **{f"machine, 1,000 {kind}": lambda url, kind=kind: machine(url, 1_000, kind) for kind in [*PATTERNS][1:]},
    "machine, 1 handler, no inbox": lambda url: machine(url, inbox="off"),
    "machine, 1 handler, traced": lambda url: machine(url, is_traced=True),
    ON_UVLOOP: machine,
}
if importlib.util.find_spec("slack_bolt"):
    BOTS |= {"Bolt, 1 handler": lambda url: bolt(url, 1), "Bolt, 100 handlers": lambda url: bolt(url, 100)}


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=fast_loop() if sys.argv[1] == ON_UVLOOP else None) as runner:
        runner.run(BOTS[sys.argv[1]](sys.argv[2]))  # type: ignore[arg-type]  # they are all coroutine functions
