"""The server that everybody may knock at: who only holds connections is cut off."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from machine.address import Address
from machine.errors import MachineError
from machine.http_server import Server

REQUEST = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n"


async def echo(request: web.Request) -> web.Response:
    return web.Response(body=await request.read())


def serving(host: str = "127.0.0.1") -> Server:
    app = web.Application()
    app.router.add_post("/echo", echo)
    return Server(app, Address(host, 0), "HTTP")


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """A server with the usual limits."""
    server = serving()
    await server.start()
    yield server
    await server.close()


async def connect(server: Server) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection(server.address.host, server.address.port)


async def ended(reader: asyncio.StreamReader) -> bytes:
    """What comes until the server closes the connection, as it does or as it breaks it off."""
    try:
        return await reader.read()
    except ConnectionError:
        return b""


@pytest.mark.parametrize("sent", [b"", b"P", b"POST /echo HTTP/1.1\r\nHost: x\r\nX-A: "])
async def test_slow_headers_are_cut_off_a3(server: Server, monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    """A3: also those of a second request."""
    monkeypatch.setattr("machine.http_server.HEADERS_WITHIN_S", 0.05)
    for before in (b"", REQUEST + b"hi"):
        if before and not sent:
            continue  # between requests, a connection may be kept
        reader, writer = await connect(server)
        writer.write(before)
        if before:
            assert b"200" in await reader.readline()
            await reader.readuntil(b"hi")
        writer.write(sent)

        assert await ended(reader) == b""
        writer.close()


async def test_a_slow_body_is_the_handlers_affair(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit for headers does not strike a request that has begun."""
    monkeypatch.setattr("machine.http_server.HEADERS_WITHIN_S", 0.01)
    reader, writer = await connect(server)
    writer.write(REQUEST + b"h")
    late = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_later(0.05, late.set_result, None)
    await late
    writer.write(b"i")

    assert b"200" in await reader.readline()
    writer.close()


async def test_the_longest_waiting_of_too_many_is_cut_off_a3(monkeypatch: pytest.MonkeyPatch) -> None:
    """A3: who sends a request is served, however many hold connections."""
    monkeypatch.setattr("machine.http_server.MAX_CONNECTIONS", 3)
    server = serving()
    await server.start()
    try:
        with capture_logs() as logs:
            idle = [await connect(server) for _ in range(10)]
            reader, writer = await connect(server)
            writer.write(REQUEST + b"hi")
            assert b"200" in await reader.readline()
            for crowd, _ in idle[:8]:
                assert await ended(crowd) == b""
            for _, held in [*idle, (reader, writer)]:
                held.close()
    finally:
        await server.close()

    [line] = logs
    assert line["event"].startswith("Too many connections are open")
    assert (line["server"], line["limit"]) == ("HTTP", 3)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "0.0.0.0"])
async def test_it_listens_at_names_and_addresses(host: str) -> None:
    """A name may stand for several addresses, all with one port."""
    server = serving(host)
    await server.start()
    reader, writer = await connect(server)
    writer.write(REQUEST + b"hi")
    assert b"200" in await reader.readline()
    writer.close()
    taken = Server(web.Application(), server.address, "HEALTH")
    with pytest.raises(MachineError, match=r"HEALTH: cannot listen on .*: Address already in use. Choose another"):
        await taken.start()
    await server.close()


async def test_a_name_that_is_not_known_is_told() -> None:
    """With the setting that it stands in."""
    with pytest.raises(MachineError, match=r"HTTP: cannot listen on nowhere\.invalid:0"):
        await serving("nowhere.invalid").start()
