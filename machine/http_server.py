"""Serving HTTP at an address of the bot's.

What is the same for everybody who may knock is here: who sends no request is cut off, there is a limit on connections,
and no body is unpacked.
"""

from __future__ import annotations

import asyncio
import os
import resource
import socket
from collections.abc import Awaitable, Callable
from typing import cast

from aiohttp import web

from machine.accepting import Acceptor
from machine.address import Address
from machine.errors import MachineError
from machine.logger import get_logger

SHUTDOWN_TIMEOUT_S = 3.0  # what is being answered when the server closes may take so long
HEADERS_WITHIN_S = 10.0  # who sends a request's headers more slowly than that only holds a connection
KEEP_ALIVE_S = 75.0
MAX_CONNECTIONS = 1_000  # or half of the file descriptors that the process may have

_LINGER_S = 2.0  # for the rest of a body that is not wanted, so that the sender can read why
_BACKLOG = 128

_logger = get_logger(__name__)

_Handle = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Server:
    """Serves an application at an address.

    Args:
        app: What is served.
        address: Where.
        option: The setting that the address comes from, for the message when it cannot be used.
    """

    def __init__(self, app: web.Application, address: Address, option: str) -> None:
        self._connections = _Connections(option)
        app.middlewares.append(self._connections.note_request)
        app.middlewares.append(_refuse_encodings)
        self._runner = web.AppRunner(
            app,
            access_log=None,
            shutdown_timeout=SHUTDOWN_TIMEOUT_S,
            auto_decompress=False,
            keepalive_timeout=KEEP_ALIVE_S,
            lingering_time=_LINGER_S,
        )
        self._option = option
        self._listening: list[socket.socket] = []
        self._acceptors: list[Acceptor] = []
        self._opening: set[asyncio.Task[object]] = set()
        self.address = address

    async def start(self) -> None:
        """Listen; from then on `address` names the port that was taken.

        Raises:
            MachineError: The address is in use, or may not be used.
        """
        wanted = self.address
        try:
            self._listening = await _listen(wanted)
        except OSError as error:
            raise MachineError(
                f"{self._option}: cannot listen on {wanted}: {refusal_of(error)}. Choose another address."
            ) from error
        await self._runner.setup()
        self._acceptors = [Acceptor(one, self._accepted, self._option) for one in self._listening]
        self.address = Address(wanted.host, self._listening[0].getsockname()[1])

    async def close(self) -> None:
        """Take no more connections, answer what was asked (3 s at most), and close."""
        for acceptor in self._acceptors:
            acceptor.close()
        for listening in self._listening:
            listening.close()
        await asyncio.gather(*self._opening, return_exceptions=True)
        await self._runner.cleanup()

    def _accepted(self, sock: socket.socket) -> None:
        server = self._runner.server
        if server is None or not self._connections.has_room():
            sock.close()
            return
        connection = _Connection(server(), self._connections)
        loop = asyncio.get_running_loop()
        task: asyncio.Task[object] = loop.create_task(loop.connect_accepted_socket(lambda: connection, sock))
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)


class _Connections:
    """All that are open, those first that have waited longest for the rest of a request, or for one at all."""

    def __init__(self, name: str) -> None:
        self._name = name
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._limit = MAX_CONNECTIONS if files == resource.RLIM_INFINITY else max(1, min(MAX_CONNECTIONS, files // 2))
        self._open: dict[asyncio.BaseTransport, _Connection] = {}
        self._waiting: dict[asyncio.BaseTransport, _Connection] = {}
        self._is_crowded = False

    def add(self, transport: asyncio.BaseTransport, connection: _Connection) -> None:
        self._open[transport] = self._waiting[transport] = connection

    def remove(self, transport: asyncio.BaseTransport) -> None:
        self._open.pop(transport, None)
        self._waiting.pop(transport, None)
        if len(self._open) < self._limit // 2:
            self._is_crowded = False

    def has_room(self) -> bool:
        """Whether there can be one more; the one that has waited longest makes room for it."""
        if len(self._open) < self._limit:
            return True
        if not self._is_crowded:  # once, until it is over
            self._is_crowded = True
            _logger.warning(
                "Too many connections are open, so those that send nothing are cut off. "
                "Put a proxy in front that limits them",
                server=self._name,
                limit=self._limit,
            )
        transport = next(iter(self._waiting), None)
        if transport is None:
            return False
        self._waiting[transport].cut_off()
        return True

    @web.middleware
    async def note_request(self, request: web.Request, handler: _Handle) -> web.StreamResponse:
        """Leave a connection alone while its request is answered."""
        transport = request.transport
        connection = None if transport is None else self._waiting.pop(transport, None)
        if transport is None or connection is None:
            return await handler(request)
        connection.stop_waiting()
        connection.is_answering = True
        try:
            return await handler(request)
        finally:
            connection.is_answering = False
            if transport in self._open:
                self._waiting[transport] = connection


class _Connection(asyncio.Protocol):
    """Stands before aiohttp's own protocol, which waits for the headers of a request as long as they take."""

    def __init__(self, handler: asyncio.Protocol, connections: _Connections) -> None:
        self._handler = handler
        self._connections = connections
        self._timer: asyncio.TimerHandle | None = None
        self.is_answering = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._connections.add(transport, self)
        self._wait()
        self._handler.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if self._timer is None and not self.is_answering:
            self._wait()
        self._handler.data_received(data)

    def eof_received(self) -> bool | None:
        return self._handler.eof_received()

    def pause_writing(self) -> None:
        self._handler.pause_writing()

    def resume_writing(self) -> None:
        self._handler.resume_writing()

    def connection_lost(self, error: Exception | None) -> None:
        self.stop_waiting()
        self._connections.remove(self._transport)
        self._handler.connection_lost(error)

    def _wait(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(HEADERS_WITHIN_S, self.cut_off)

    def stop_waiting(self) -> None:
        """The headers are there."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def cut_off(self) -> None:
        """Close the connection, whatever has come of a request."""
        self._connections.remove(self._transport)
        cast("asyncio.Transport", self._transport).abort()


@web.middleware
async def _refuse_encodings(request: web.Request, handler: _Handle) -> web.StreamResponse:
    """415 for a compressed body: what unpacks to a thousand times its size costs the sender nothing."""
    encodings = ",".join(request.headers.getall("Content-Encoding", ())).lower().split(",")
    if any(encoding.strip() not in ("", "identity") for encoding in encodings):
        return web.Response(
            status=415, text="send the body without a content encoding\n", headers={"Accept-Encoding": "identity"}
        )
    return await handler(request)


async def _listen(address: Address) -> list[socket.socket]:
    """Sockets that listen at an address: a name may stand for several, of which the first decides on a free port."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    listening: list[socket.socket] = []
    try:
        for family, _, _, _, where in dict.fromkeys(found):
            port = listening[0].getsockname()[1] if listening else address.port
            listening.append(socket.create_server((where[0], port), family=family, backlog=_BACKLOG))
    except OSError:
        for one in listening:
            one.close()
        raise
    return listening


def refusal_of(error: OSError) -> str:
    """Why the system does not let us listen, without the address, which asyncio adds to it."""
    if error.errno is not None and error.errno > 0:  # a name that cannot be resolved has numbers of its own
        return os.strerror(error.errno)
    return error.strerror or str(error)
