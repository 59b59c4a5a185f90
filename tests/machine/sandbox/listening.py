"""An app on the other end of the sandbox: slack_sdk's own Socket Mode client, with what it received."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Self

from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from machine.sandbox import Sandbox
from machine.sandbox.condition import Condition

Answers = Callable[[SocketModeRequest], Mapping[str, Any] | None]


class ManualClock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


class App:
    """Receives over Socket Mode and acknowledges each request, with what `answers` says.

    `ping_interval_s` is also how long the client takes to notice that its socket broke.
    """

    def __init__(self, sandbox: Sandbox, *, ping_interval_s: float = 5.0) -> None:
        self.web = AsyncWebClient(token=sandbox.bot_token, base_url=sandbox.api_url)
        self.client: Any = SocketModeClient(
            app_token=sandbox.app_token, web_client=self.web, ping_interval=ping_interval_s
        )
        self.client.socket_mode_request_listeners.append(self._receive)
        self.requests: list[SocketModeRequest] = []
        self.answers: Answers = lambda request: None
        self.acknowledges: Callable[[SocketModeRequest], bool] = lambda request: True
        self._sandbox = sandbox
        self._changed = Condition()

    async def __aenter__(self) -> Self:
        wanted = self._sandbox.socket_mode.connection_count + 1
        await self.client.connect()
        await self._sandbox.wait_for_connection(wanted)
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.client.close()

    @property
    def events(self) -> list[dict[str, Any]]:
        """The inner events received so far."""
        return [request.payload["event"] for request in self.requests if request.type == "events_api"]

    async def received(self, is_wanted: Callable[[SocketModeRequest], bool]) -> SocketModeRequest:
        """The first request like this, once it is there."""
        await self._changed.wait_for(lambda: any(map(is_wanted, self.requests)))
        return next(filter(is_wanted, self.requests))

    async def event(self, event_type: str, subtype: str | None = None) -> dict[str, Any]:
        """The first event of this type, once it is there."""

        def is_wanted(request: SocketModeRequest) -> bool:
            event = request.payload.get("event", {})
            return bool(event.get("type") == event_type and event.get("subtype") == subtype)

        event: dict[str, Any] = (await self.received(is_wanted)).payload["event"]
        return event

    async def _receive(self, client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        self.requests.append(request)
        if self.acknowledges(request):
            answer = self.answers(request)
            await client.send_socket_mode_response(
                SocketModeResponse(request.envelope_id, dict(answer) if answer is not None else None)
            )
        self._changed.notify()
