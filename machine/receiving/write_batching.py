"""A WebSocket whose messages go out together.

Each write is a call of the system, and at each the receiving thread gives the interpreter away and waits for it again.
Acknowledgements that went out one by one cost 6 % of throughput, and took up to 75 ms instead of 30 while a handler
computed.

It leans on the `transport` of aiohttp's WebSocket writer, which is not documented. Without it nothing else changes:
leave `ws_response_class` out where Socket Mode opens its session, and see `benchmarks/acknowledgement.py`.
"""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp


class BatchedSocket(aiohttp.ClientWebSocketResponse):
    """Writes what is sent within one turn of the event loop at once, at its end."""

    def __init__(self, reader: Any, writer: Any, *args: Any, **options: Any) -> None:
        writer.transport = _Batches(writer.transport)
        super().__init__(reader, writer, *args, **options)


class _Batches:
    """The two methods of a transport that aiohttp's writer uses."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._held = bytearray()

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def write(self, data: bytes) -> None:
        if not self._held:
            asyncio.get_running_loop().call_soon(self._flush)
        self._held += data

    def _flush(self) -> None:
        held, self._held = self._held, bytearray()
        if not self._transport.is_closing():
            self._transport.write(held)
