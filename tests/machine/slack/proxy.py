"""An HTTP proxy, for bots that take what is behind it for Slack itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class Proxy:
    """An HTTP proxy that leads everywhere to the sandbox, and keeps the first lines of what passes."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        self.target_port = 0
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """What goes into HTTP_PROXY."""
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Listen, on a free port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        try:
            yield
        finally:
            self._server.close()
            for connection in list(self._connections):
                connection.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)

    def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.create_task(self._connect(reader, writer))
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target_port)
        try:
            await asyncio.gather(self._pump(far_reader, writer), self._pump(reader, far_writer, keep=True))
        finally:
            for one in (writer, far_writer):
                one.close()
                with suppress(OSError):
                    await one.wait_closed()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, keep: bool = False) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                lines = data.decode("latin-1").splitlines()
                if keep and lines and lines[0].endswith("HTTP/1.1"):
                    self.requests.append(lines[0])
                    data = data.replace(b"Host: slack.example", b"Host: 127.0.0.1")  # or the sandbox refuses it
                writer.write(data)
                await writer.drain()
        writer.close()
