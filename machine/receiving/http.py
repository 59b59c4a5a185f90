"""HTTP: Slack sends its requests to a server of the bot's, which answers each in its response.

One address takes events, interactions and slash commands; what a request is shows in its body. See
https://docs.slack.dev/apis/events-api/using-http-request-urls. Plugins may have routes of their own on the same server.
"""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from machine.address import Address
from machine.envelope import Answer, Envelope
from machine.http_server import Server
from machine.logger import get_logger
from machine.receiving.arrival import Arrival
from machine.receiving.intake import Intake
from machine.receiving.signature import is_genuine, is_plausible
from machine.receiving.webhooks import Webhooks
from machine.trace import ConnectionChanged, Trace

SLACK_PATH = "/slack/events"
MAX_BODY_BYTES = 1024 * 1024
BODY_WITHIN_S = 10.0  # who sends more slowly than that only holds a connection
MAX_FIELDS = 100

_FORM = "application/x-www-form-urlencoded"
_SIGNATURE = "X-Slack-Signature"
_MAX_SSL_CHECK_BYTES = 1024
_HASHED_AT_ONCE_BYTES = 128 * 1024  # 0.1 ms; more holds up the thread, and hardly any request of Slack's is so large
_SHOWN_PATH = 100

_logger = get_logger(__name__)


class HttpMode:
    """Receives envelopes, and what is meant for plugins, over HTTP; lives on the event loop on which it is started.

    Args:
        address: Where it listens.
        signing_secret: Proves that a request comes from Slack; without one, only the routes of plugins are served.
        intake: Takes the envelopes.
        webhooks: Answers on the routes of plugins.
        trace: Told when Slack can send.
        clock: Seconds since 1970.
    """

    def __init__(
        self,
        address: Address,
        signing_secret: str | None,
        intake: Intake,
        webhooks: Webhooks,
        trace: Trace,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._secret = signing_secret
        self._intake = intake
        self._trace = trace
        self._clock = clock
        self._is_open = self._is_paused = False
        self._webhooks = webhooks
        app = web.Application()
        if signing_secret is not None:
            app.router.add_post(SLACK_PATH, self._from_slack)
            app.router.add_post(f"{SLACK_PATH}/", self._from_slack)
        app.router.add_route("*", "/{path:.*}", self._for_plugins)
        self._server = Server(app, address, "HTTP")

    @property
    def address(self) -> Address:
        """Where it listens."""
        return self._server.address

    async def start(self) -> None:
        """Listen.

        Raises:
            MachineError: The address is in use, or may not be used.
        """
        await self._server.start()
        takes_slack = self._is_open = self._secret is not None
        _logger.info("HTTP", at=f"http://{self.address}", slack=SLACK_PATH if takes_slack else None)
        if takes_slack:
            self._changed("connected", f"HTTP at {self.address}{SLACK_PATH}", connections=1)

    async def pause(self) -> None:
        """Take no more requests, and keep the connections for the answers that handlers still owe.

        Slack and others are told to come back (503), which Slack does.
        """
        self._is_paused = True

    async def stop(self) -> None:
        """Close the server."""
        await self._server.close()
        if self._is_open:
            self._is_open = False
            self._changed("disconnected", "stopped")

    async def _from_slack(self, request: web.Request) -> web.Response:
        """Verify, read and dispatch one request; its answer is the response."""
        headers = request.headers
        timestamp, signature = headers.get("X-Slack-Request-Timestamp", ""), headers.get(_SIGNATURE, "")
        if not is_plausible(timestamp, signature, self._clock()):  # then its body is not worth reading
            return web.Response() if await _is_ssl_check(request) else _refused(request)
        body = await _body(request)
        if not await self._is_genuine(timestamp, signature, body):
            return _refused(request)
        fields = _fields(request, body)
        if fields.get("ssl_check") == "1":
            return web.Response()
        kind, payload = _read(fields, body)
        if payload.get("type") == "url_verification":
            return web.json_response({"challenge": payload.get("challenge")})
        if self._is_paused or self._intake.is_full:
            return _come_back()
        return await self._take(kind, payload, headers, len(body))

    async def _is_genuine(self, timestamp: str, signature: str, body: bytes) -> bool:
        verify = partial(is_genuine, self._secret or "", timestamp, signature, body, self._clock())
        return verify() if len(body) <= _HASHED_AT_ONCE_BYTES else await asyncio.to_thread(verify)

    async def _take(self, kind: str, payload: Mapping[str, Any], headers: Mapping[str, str], size: int) -> web.Response:
        retry = headers.get("X-Slack-Retry-Num", "")
        envelope = Envelope(
            id=str(uuid.uuid4()),  # over HTTP, Slack gives none
            kind=kind,
            payload=payload,
            retry_attempt=int(retry) if retry.isascii() and retry.isdecimal() and len(retry) < 4 else 0,
            size=size,
        )
        response = _Response()
        await self._intake.take([Arrival(envelope, response)])
        answer = await response.answer
        return web.Response() if answer is None else web.json_response(dict(answer))

    async def _for_plugins(self, request: web.Request) -> web.Response:
        if not self._webhooks.has_route(request.path):
            if _SIGNATURE in request.headers:
                self._tell_where_slack_belongs(request)
            return web.Response(status=404, text="not found\n")
        if self._is_paused:
            return _come_back()
        return await self._webhooks.answer(request, await _body(request))

    def _tell_where_slack_belongs(self, request: web.Request) -> None:
        """Say in the log what the app's settings at Slack, or the bot's, should be."""
        if self._secret is None:
            remedy = "Set SLACK_SIGNING_SECRET, without which the bot takes nothing from Slack over HTTP"
        else:
            remedy = f"Set the request URLs of the app to the address of this server with {SLACK_PATH}"
        _logger.warning(
            "A request that seems to come from Slack was answered with 404",
            method=request.method,
            path=request.path[:_SHOWN_PATH],
            remedy=remedy,
            peer=request.remote,
        )

    def _changed(self, state: str, detail: str, connections: int = 0) -> None:
        if self._trace:
            self._trace.emit(ConnectionChanged(state=state, detail=detail, connections=connections))


class _Response:
    """The acknowledgement of a request, which is its response."""

    def __init__(self) -> None:
        self.answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

    async def acknowledge(self, _envelope_id: str, answer: Answer) -> None:
        """Respond, if Slack still waits for it."""
        if not self.answer.done():
            self.answer.set_result(answer)


async def _body(request: web.Request) -> bytes:
    """The body, as it was sent; 413 above 1 MB, 408 where it takes too long."""
    body = bytearray()
    _check_size(request.content_length or 0)
    try:
        async with asyncio.timeout(BODY_WITHIN_S):
            async for chunk in request.content.iter_any():
                body += chunk
                _check_size(len(body))
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    return bytes(body)


def _check_size(size: int) -> None:
    if size > MAX_BODY_BYTES:
        raise web.HTTPRequestEntityTooLarge(max_size=MAX_BODY_BYTES, actual_size=size)


async def _is_ssl_check(request: web.Request) -> bool:
    """Whether Slack only looks at the certificate, as it does now and then: unsigned, and nothing is run."""
    length = request.content_length
    if request.content_type != _FORM or length is None or length > _MAX_SSL_CHECK_BYTES:
        return False
    return _fields(request, await _body(request)).get("ssl_check") == "1"


def _refused(request: web.Request) -> web.Response:
    _logger.warning("A request was refused: it is not signed by Slack, or too old", peer=request.remote)
    return web.Response(status=401, text="invalid signature\n")


def _fields(request: web.Request, body: bytes) -> dict[str, str]:
    """The fields of a form; empty where the body is not one."""
    if request.content_type != _FORM:
        return {}
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict"))
    except ValueError:
        raise web.HTTPBadRequest(text="not a form\n") from None


def _read(fields: Mapping[str, str], body: bytes) -> tuple[str, Mapping[str, Any]]:
    """The kind of the envelope, and its payload: the shapes are those of Socket Mode."""
    if fields and "payload" not in fields:
        return "slash_commands", fields
    try:
        payload = json.loads(fields["payload"] if fields else body)
    except (ValueError, RecursionError):
        payload = None
    if not isinstance(payload, Mapping):
        raise web.HTTPBadRequest(text="not a JSON object\n")
    return (str(payload.get("type") or "interactive") if fields else "events_api"), payload


def _come_back() -> web.Response:
    return web.Response(status=503, text="not now\n", headers={"Retry-After": "5"})
