"""One WebSocket of Socket Mode, from `hello` until it is closed or falls silent."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import aiohttp
import structlog

CLOSE_WITHIN_S = 2.0

_logger = structlog.stdlib.get_logger(__name__)

OnMessage = Callable[["SocketLink", Mapping[str, Any]], Awaitable[None]]


class SocketLink:
    """An open connection.

    Args:
        socket: The WebSocket.
        on_message: Given each message as it arrives, one after another.

    Attributes:
        reason: Why Slack wants it gone, or empty.
        is_welcome: Whether Slack has said `hello`.
    """

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, on_message: OnMessage) -> None:
        self._socket = socket
        self._on_message = on_message
        self._leaving = asyncio.Event()
        self._opened = time.monotonic()
        self.reason = ""
        self.is_welcome = False
        self.reading = asyncio.create_task(self._read(), name="Socket Mode")

    @classmethod
    async def open(
        cls, session: aiohttp.ClientSession, url: str, proxy: str | None, ping_interval_s: float, on_message: OnMessage
    ) -> SocketLink:
        """Connect; a ping that is not answered within half of `ping_interval_s` ends a connection that died silently.

        Raises:
            aiohttp.ClientError: It cannot be opened.
        """
        timeout = aiohttp.ClientWSTimeout(ws_close=CLOSE_WITHIN_S)
        socket = await session.ws_connect(url, proxy=proxy, heartbeat=ping_interval_s, timeout=timeout)
        return cls(socket, on_message)

    @property
    def is_closed(self) -> bool:
        """Whether nothing can be sent any more."""
        return self._socket.closed or self.reading.done()

    @property
    def is_open(self) -> bool:
        """Whether Slack may send over it; also for the while that is left after it gave notice."""
        return self.is_welcome and not self.is_closed

    @property
    def age_s(self) -> float:
        """Seconds since it was opened."""
        return time.monotonic() - self._opened

    async def until_leaving(self) -> None:
        """Wait until it is to be replaced: Slack asks for it, or it is gone."""
        await self._leaving.wait()

    def leave(self, reason: str) -> None:
        """Have it replaced; until Slack closes it, it goes on."""
        self.reason = reason
        self._leaving.set()

    async def send(self, message: Mapping[str, Any]) -> None:
        """Send a message.

        Raises:
            OSError, aiohttp.ClientError: The connection is gone.
        """
        await self._socket.send_str(json.dumps(message))

    async def close(self) -> None:
        """Close it, and end reading."""
        await self._socket.close()
        self.reading.cancel()
        await asyncio.gather(self.reading, return_exceptions=True)

    async def _read(self) -> None:
        try:
            async for message in self._socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    await self._take(_mapping(message.data))
        finally:
            self._leaving.set()

    async def _take(self, message: Mapping[str, Any]) -> None:
        try:
            await self._on_message(self, message)
        except Exception as error:  # one message must not cost the connection, and those after it
            _logger.error("A message of Slack could not be handled", exc_info=error)


def _mapping(text: str) -> Mapping[str, Any]:
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return message if isinstance(message, Mapping) else {}
