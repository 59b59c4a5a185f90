"""One WebSocket of Socket Mode, from `hello` until it is closed or falls silent."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

import aiohttp

from machine.envelope import Answer
from machine.logger import get_logger

CLOSE_WITHIN_S = 2.0

_logger = get_logger(__name__)

Message = Mapping[str, Any]


class Received(NamedTuple):
    """A message, and how long it was."""

    message: Message
    size: int


OnMessages = Callable[["SocketConnection", Sequence[Received]], Awaitable[None]]


class SocketConnection:
    """An open connection.

    Args:
        socket: The WebSocket.
        ping_interval_s: A connection that was silent for so long, pings notwithstanding, has died.
        on_messages: Given the messages, those together that arrived together.
        until_room: Waits until more messages may be read.
        others: The connections of the same app, this one among them: where it is gone, one of them acknowledges.

    Attributes:
        reason: Why Slack wants it gone, or empty.
        is_welcome: Whether Slack has said `hello`.
        living: Ends with the connection.
    """

    def __init__(
        self,
        socket: aiohttp.ClientWebSocketResponse,
        ping_interval_s: float,
        on_messages: OnMessages,
        until_room: Callable[[], Awaitable[None]],
        others: Collection[SocketConnection] = (),
    ) -> None:
        self._socket = socket
        self._ping_interval_s = ping_interval_s
        self._on_messages = on_messages
        self._until_room = until_room
        self._others = others
        self._leaving = asyncio.Event()
        self._arrived: list[Received] = []
        self._has_arrived = asyncio.Event()
        self._opened = self._heard = time.monotonic()
        self._is_over = self._is_held = False
        self.reason = ""
        self.is_welcome = False
        self.living = asyncio.create_task(self._live(), name="Socket Mode")

    @classmethod
    async def open(
        cls,
        session: aiohttp.ClientSession,
        url: str,
        proxy: str | None,
        ping_interval_s: float,
        on_messages: OnMessages,
        until_room: Callable[[], Awaitable[None]],
        others: Collection[SocketConnection] = (),
    ) -> SocketConnection:
        """Connect.

        Raises:
            aiohttp.ClientError: It cannot be opened.
        """
        timeout = aiohttp.ClientWSTimeout(ws_close=CLOSE_WITHIN_S)
        # Pings are seen to here: aiohttp would take a connection that is not read for a while for dead.
        socket = await session.ws_connect(url, proxy=proxy, autoping=False, timeout=timeout)
        return cls(socket, ping_interval_s, on_messages, until_room, others)

    @property
    def is_closed(self) -> bool:
        """Whether nothing can be sent any more."""
        return self._is_over or self._socket.closed

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

    async def send(self, message: Message) -> None:
        """Send a message.

        Raises:
            OSError, aiohttp.ClientError: The connection is gone.
        """
        await self._socket.send_str(json.dumps(message))

    async def acknowledge(self, envelope_id: str, answer: Answer) -> None:
        """Acknowledge an envelope that came by it."""
        response = {"envelope_id": envelope_id, **({} if answer is None else {"payload": answer})}
        for connection in (self, *(other for other in self._others if other is not self)):
            if connection.is_closed:
                continue
            try:
                await connection.send(response)
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                _logger.info("An acknowledgement could not be sent", problem=str(error))
            else:
                return
        _logger.warning("An envelope could not be acknowledged, Slack will deliver it again")

    async def close(self) -> None:
        """Close it, and end reading."""
        self.living.cancel()
        await asyncio.gather(self.living, return_exceptions=True)
        await self._socket.close()  # already done, unless it was just ending by itself

    async def _live(self) -> None:
        taking = asyncio.create_task(self._take())
        parts = [asyncio.create_task(self._read()), asyncio.create_task(self._watch())]
        try:
            await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._is_over = True
            self._leaving.set()
            self._has_arrived.set()
            for part in parts:
                part.cancel()
            await asyncio.gather(*parts, return_exceptions=True)
            await self._socket.close()
            await taking

    async def _read(self) -> None:
        """Read until the connection ends, or as long as there is room."""
        async for message in self._socket:
            self._heard = time.monotonic()
            if message.type is aiohttp.WSMsgType.TEXT:
                self._arrived.append(Received(_mapping(message.data), len(message.data)))
                self._has_arrived.set()
                self._is_held = True
                await self._until_room()
                self._is_held = False
            elif message.type is aiohttp.WSMsgType.PING:
                await self._socket.pong(message.data)

    async def _take(self) -> None:
        """Pass on what has arrived; what arrived meanwhile is the next lot."""
        while self._arrived or not self._is_over:
            await self._has_arrived.wait()
            self._has_arrived.clear()
            messages, self._arrived = self._arrived, []
            if not messages:
                continue
            try:
                await self._on_messages(self, messages)
            except Exception as error:  # one message must not cost the connection, and those after it
                _logger.error("Messages of Slack could not be handled", exc_info=error)

    async def _watch(self) -> None:
        """Ping; ends when the connection has died silently."""
        while True:
            await asyncio.sleep(self._ping_interval_s / 2)
            if self._is_held:
                # Slack's pings wait behind messages for which there is no room, so it is told unasked that we live.
                await self._socket.pong()
                self._heard = time.monotonic()
            elif time.monotonic() - self._heard > self._ping_interval_s:
                _logger.info("A Socket Mode connection has died silently")
                return
            else:
                await self._socket.ping()


def _mapping(text: str) -> Message:
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return message if isinstance(message, Mapping) else {}
