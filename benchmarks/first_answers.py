"""The least that a bot needs before its first answer: what `startup.py` measures, without this framework.

    python benchmarks/first_answers.py BOT API_URL BOT_TOKEN APP_TOKEN

Each connects over Socket Mode, acknowledges what arrives and answers every message. Nothing is imported that it can do
without.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any


async def plain(api_url: str, bot_token: str, app_token: str) -> None:
    """Just aiohttp."""
    import aiohttp  # noqa: PLC0415 - part of what is measured

    async with aiohttp.ClientSession() as session:

        async def call(method: str, token: str, **arguments: str) -> Any:
            headers = {"Authorization": f"Bearer {token}"}
            async with session.post(f"{api_url}{method}", json=arguments, headers=headers) as response:
                return await response.json()

        opened = await call("apps.connections.open", app_token)
        async with session.ws_connect(opened["url"]) as socket:
            async for arrived in socket:
                envelope = json.loads(arrived.data)
                if "envelope_id" in envelope:
                    await socket.send_str(json.dumps({"envelope_id": envelope["envelope_id"]}))
                    event = envelope["payload"]["event"]
                    if "bot_id" not in event:
                        await call("chat.postMessage", bot_token, channel=event["channel"], text="hello")


async def slack_sdk(api_url: str, bot_token: str, app_token: str) -> None:
    """slack_sdk's clients, as its documentation has them for asyncio."""
    from slack_sdk.socket_mode.aiohttp import SocketModeClient  # noqa: PLC0415
    from slack_sdk.socket_mode.response import SocketModeResponse  # noqa: PLC0415
    from slack_sdk.web.async_client import AsyncWebClient  # noqa: PLC0415

    web = AsyncWebClient(token=bot_token, base_url=api_url)
    client = SocketModeClient(app_token=app_token, web_client=web)

    async def handle(socket: Any, request: Any) -> None:
        await socket.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))
        event = request.payload["event"]
        if "bot_id" not in event:
            await web.chat_postMessage(channel=event["channel"], text="hello")

    client.socket_mode_request_listeners.append(handle)
    await client.connect()
    await asyncio.Event().wait()


BOTS = {"plain aiohttp": plain, "slack_sdk": slack_sdk}


if __name__ == "__main__":
    asyncio.run(BOTS[sys.argv[1]](*sys.argv[2:]))
