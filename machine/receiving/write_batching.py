"""A WebSocket whose messages go out together.

Each write is a system call, and at each the receiving thread gives up the interpreter and waits for it again.

This is an optimisation that leans on private parts: it puts itself in the place of the transport that aiohttp's
WebSocket writer holds. Acknowledgements written one by one cost 6 % of throughput, and took up to 75 ms instead of 30
while a handler computed (`benchmarks/throughput.py`). It can be deleted: the tests in `tests/machine/receiving` pass
with aiohttp's own `ClientWebSocketResponse` as well.
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
