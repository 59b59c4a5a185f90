"""One WebSocket of the app over which Socket Mode goes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass(slots=True, eq=False, kw_only=True)
class Timed:
    """Something that a timer is running for."""

    timer: asyncio.TimerHandle | None = None

    def stop_timer(self) -> None:
        """Let the timer not go off; harmless if there is none."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None


@dataclass(slots=True, eq=False)
class Connection(Timed):
    """One WebSocket of the app; what is put into `outgoing` is written in order, `None` closes it.

    With each text comes what to do once it is written.
    """

    request: web.Request
    socket: web.WebSocketResponse
    outgoing: asyncio.Queue[tuple[str, Callable[[], None]] | None] = field(default_factory=asyncio.Queue)
    is_leaving: bool = False

    async def write(self) -> None:
        """Write what is sent, until the connection closes."""
        while (item := await self.outgoing.get()) is not None:
            text, on_written = item
            await self.socket.send_str(text)
            on_written()
        await self.socket.close()

    def send(self, message: Mapping[str, Any], on_written: Callable[[], None] = lambda: None) -> None:
        """Write a message when its turn comes."""
        self.outgoing.put_nowait((json.dumps(message, separators=(",", ":")), on_written))

    def close(self) -> None:
        """Close it once everything is written."""
        self.outgoing.put_nowait(None)

    def abort(self) -> None:
        """Break it without a word, as a bad network does."""
        self.is_leaving = True
        if self.request.transport is not None:
            self.request.transport.abort()
