"""How the bot is, over HTTP, for those who run it: alive, ready, and in figures."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self

from aiohttp import web

from machine.address import Address
from machine.errors import StorageError
from machine.http_server import Server
from machine.metrics import Metrics
from machine.storage.backends.base import MachineBaseStorage
from machine.trace import ConnectionChanged, Trace

STORAGE_WITHIN_S = 2.0

_PROBE = "machine:health"
_TEXT = "text/plain"


class Health:
    """Serves `/healthz`, `/readyz` and `/metrics` while it is entered.

    Args:
        address: Where.
        trace: What happens in the bot.
        storage: The storage of the bot; `None` before it is open.
        queue_depth: How many events and handlers wait for others to end.
    """

    def __init__(
        self,
        address: Address,
        trace: Trace,
        storage: Callable[[], MachineBaseStorage | None],
        queue_depth: Callable[[], int] = lambda: 0,
    ) -> None:
        self._trace = trace
        self._storage = storage
        self._metrics = Metrics(queue_depth)
        self._connection = "starting"
        self._is_connected = False
        app = web.Application()
        app.router.add_get("/healthz", self._alive)
        app.router.add_get("/readyz", self._ready)
        app.router.add_get("/metrics", self._figures)
        self._server = Server(app, address, "HEALTH")

    @property
    def address(self) -> Address:
        """Where it listens."""
        return self._server.address

    async def __aenter__(self) -> Self:
        await self._server.start()
        self._metrics.watch_loop()
        self._unsubscribe = [
            self._trace.subscribe(self._metrics.record),
            self._trace.subscribe(self._note, ConnectionChanged),
        ]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        self._metrics.close()
        await self._server.close()

    def _note(self, record: ConnectionChanged) -> None:
        self._connection = record.state
        self._is_connected = record.connections > 0

    async def _alive(self, _request: web.Request) -> web.Response:
        return web.Response(text="alive\n", content_type=_TEXT)

    async def _ready(self, _request: web.Request) -> web.Response:
        storage = await self._state_of_storage()
        is_ready = self._is_connected and storage == "reachable"
        return web.json_response(
            {"ready": is_ready, "connection": self._connection, "storage": storage}, status=200 if is_ready else 503
        )

    async def _figures(self, request: web.Request) -> web.Response:
        body, content_type = self._metrics.page(request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type})

    async def _state_of_storage(self) -> str:
        storage = self._storage()
        if storage is None:
            return "starting"
        try:
            async with asyncio.timeout(STORAGE_WITHIN_S):
                await storage.has(_PROBE)
        except StorageError:  # its text may name hosts and users, which do not belong on this page
            return "unreachable"
        except TimeoutError:
            return "no answer"
        return "reachable"
