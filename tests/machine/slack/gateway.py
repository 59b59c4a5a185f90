"""A server between the bot and the sandbox, for what a network does: limits, failures, silence."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self, TypeAlias

import aiohttp
from aiohttp import web

Fault: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def drop(request: web.Request) -> web.StreamResponse:
    """Close the connection without a word, after the request has arrived."""
    assert request.transport is not None
    request.transport.close()
    return web.Response()


async def silence(_request: web.Request) -> web.StreamResponse:
    """Take the request and say nothing, for as long as the caller waits."""
    await asyncio.Event().wait()
    raise AssertionError


def status(code: int, told: str = "ratelimited", **headers: str) -> Fault:
    """Answer with nothing but an HTTP status, and the name of an error."""

    async def answer(_request: web.Request) -> web.StreamResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.json_response({"ok": False, "error": told}, status=code, headers=named)

    return answer


class Gateway:
    """Hands requests on to the sandbox, but for the faults laid out for a method.

    Attributes:
        faults: For each Web API method what happens to its next calls, in order.
        received: How often each method was called, and each attempt counts.
    """

    def __init__(self, api_url: str) -> None:
        self._api_url = api_url
        self.faults: defaultdict[str, list[Fault]] = defaultdict(list)
        self.received: defaultdict[str, int] = defaultdict(int)
        self.happened = asyncio.Event()

    @property
    def api_url(self) -> str:
        """Where a bot finds the Web API."""
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}/api/"

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/api/{method}", self._receive)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self._session = aiohttp.ClientSession()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._session.close()
        await self._runner.cleanup()

    async def _receive(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        self.received[method] += 1
        self.happened.set()
        if self.faults[method]:
            return await self.faults[method].pop(0)(request)
        return await self.hand_on(request)

    async def hand_on(self, request: web.Request) -> web.StreamResponse:
        """What the sandbox answers."""
        method = request.match_info["method"]
        headers = {name: request.headers[name] for name in ("Authorization", "Content-Type") if name in request.headers}
        async with self._session.request(
            request.method, self._api_url + method, params=request.query, data=await request.read(), headers=headers
        ) as response:
            return web.Response(body=await response.read(), status=response.status, content_type="application/json")
