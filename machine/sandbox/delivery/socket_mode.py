"""Socket Mode: envelopes to the app over WebSockets, acknowledgements back.

See https://docs.slack.dev/apis/events-api/using-socket-mode. An event that is not acknowledged within 3 seconds is
delivered again: at once, after one and after five minutes, as Slack does.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any, Literal, TypeAlias

from aiohttp import WSMsgType, web

from machine.sandbox.condition import Condition
from machine.sandbox.delivery.app_requests import KEPT_REQUESTS, Request
from machine.sandbox.delivery.connection import Connection, Timed
from machine.sandbox.delivery.faults import DeliveryFate, Faults
from machine.sandbox.refusal import SlackRefusal
from machine.sandbox.state.team import App
from machine.sandbox.traffic_log import Witness, nobody

DisconnectReason: TypeAlias = Literal["warning", "refresh_requested", "link_disabled", "too_many_websockets"]

ACK_TIMEOUT = timedelta(seconds=3)
RETRY_DELAYS = (timedelta(0), timedelta(minutes=1), timedelta(minutes=5))
MAX_CONNECTIONS = 10
MAX_UNACKNOWLEDGED = 100_000
"""Requests under way at a time; an app that takes no more than this has stopped, and must not fill the memory."""

_CLOSING_GRACE = timedelta(seconds=10)
_DEBUG_LIFETIME = timedelta(minutes=6)
_CLOSE_TIMEOUT = timedelta(seconds=2)
_HEARTBEAT_S = 30.0
_MAX_MESSAGE_SIZE = 4 * 1024 * 1024
_MAX_TICKETS = 100
_HOST = "sandbox"
_logger = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Delivery(Timed):
    """A request on its way, possibly for the second time."""

    request: Request
    attempt: int = 0
    connection: Connection | None = None
    loses_ack: bool = False


class SocketMode:
    """All connections of the app, with what is under way on them.

    Args:
        app: Whose requests are carried.
        faults: What goes wrong on request.
        socket_url: The WebSocket address of this server, without ticket.
        witness: Is told of connections, deliveries and acknowledgements.
        time_scale: Factor for every wait: 0.01 makes the retry after a minute come after 0.6 seconds.
    """

    def __init__(
        self, app: App, faults: Faults, socket_url: str, time_scale: float = 1.0, witness: Witness = nobody
    ) -> None:
        self._app = app
        self._faults = faults
        self._socket_url = socket_url
        self._time_scale = time_scale
        self._witness = witness
        self._tickets: dict[str, bool] = {}
        self._connections: list[Connection] = []
        self._turn = 0
        self._under_way: dict[str, _Delivery] = {}
        self._waiting: deque[_Delivery] = deque(maxlen=KEPT_REQUESTS)
        self._retries: set[_Delivery] = set()
        self._is_link_enabled = True
        self._is_stopped = False
        self._changed = Condition()

    @property
    def connection_count(self) -> int:
        """How many WebSockets are open."""
        return len(self._connections)

    @property
    def unacknowledged_count(self) -> int:
        """How many requests wait: for a connection, for their acknowledgement, or for the next attempt."""
        return len(self._under_way) + len(self._waiting) + len(self._retries)

    def open_link(self, is_debugging: bool = False) -> str:
        """The address for one new connection, as `apps.connections.open` answers it.

        Raises:
            SlackRefusal: `access_denied` after a `link_disabled`.
        """
        if not self._is_link_enabled:
            raise SlackRefusal("access_denied")
        ticket = secrets.token_hex(16)
        self._tickets[ticket] = is_debugging
        if len(self._tickets) > _MAX_TICKETS:
            del self._tickets[next(iter(self._tickets))]
        suffix = "&debug_reconnects=true" if is_debugging else ""
        return f"{self._socket_url}?ticket={ticket}&app_id={self._app.id}{suffix}"

    def carry(self, request: Request) -> None:
        """Take a request for the app: an event waits for a connection, an interaction fails without one."""
        if not self._connections and not request.is_event:
            request.fail("dispatch_failed")
        elif len(self._under_way) >= MAX_UNACKNOWLEDGED:
            _logger.warning(
                "The app does not acknowledge: %d requests are under way, one is dropped", MAX_UNACKNOWLEDGED
            )
            request.fail("dispatch_failed")
        else:
            self._deliver(_Delivery(request))

    def disconnect(self, reason: DisconnectReason) -> None:
        """Tell the app to leave, as Slack does before it closes its connections.

        `warning` and `refresh_requested` leave 10 seconds (scaled) to connect anew; `link_disabled` and
        `too_many_websockets` close at once, and after `link_disabled` no connection is granted until `enable_link`.
        """
        self._is_link_enabled = self._is_link_enabled and reason != "link_disabled"
        for connection in list(self._connections):
            self._dismiss(connection, reason)

    def enable_link(self) -> None:
        """Switch Socket Mode on again after `link_disabled`."""
        self._is_link_enabled = True

    def drop_connections(self) -> None:
        """Break every connection without a word, as a bad network does."""
        for connection in self._connections:
            connection.abort()

    async def wait_for_connections(self, count: int = 1) -> None:
        """Return once at least `count` connections are open."""
        await self._changed.wait_for(lambda: len(self._connections) >= count)

    async def wait_until_idle(self) -> None:
        """Return once every request is acknowledged, or given up."""
        await self._changed.wait_for(lambda: self.unacknowledged_count == 0)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one WebSocket until it closes."""
        is_debugging = self._tickets.pop(request.query.get("ticket", ""), None)
        if is_debugging is None or self._is_stopped:
            return web.Response(status=401, text="invalid ticket")
        socket = web.WebSocketResponse(
            heartbeat=_HEARTBEAT_S, timeout=self._scaled(_CLOSE_TIMEOUT), max_msg_size=_MAX_MESSAGE_SIZE
        )
        await socket.prepare(request)
        connection = Connection(request, socket)
        writer = asyncio.create_task(connection.write())
        try:
            if len(self._connections) >= MAX_CONNECTIONS:
                self._dismiss(connection, "too_many_websockets")
            else:
                self._welcome(connection, is_debugging=is_debugging)
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self._receive(message.data)
        finally:
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)
            self._forget(connection)
        return socket

    async def stop(self) -> None:
        """Close every connection and forget what is under way."""
        self._is_stopped = True
        for delivery in [*self._under_way.values(), *self._retries]:
            delivery.stop_timer()
            delivery.request.fail("dispatch_failed")
        self._under_way.clear()
        self._retries.clear()
        self._waiting.clear()
        for connection in self._connections:
            connection.close()
        try:
            async with asyncio.timeout(self._scaled(_CLOSE_TIMEOUT)):
                await self._changed.wait_for(lambda: not self._connections)
        except TimeoutError:
            _logger.warning("The app did not close its Socket Mode connection; it is dropped")
            self.drop_connections()

    def _welcome(self, connection: Connection, *, is_debugging: bool) -> None:
        self._connections.append(connection)
        self._witness("connected", {"connections": len(self._connections)})
        lifetime = _DEBUG_LIFETIME if is_debugging else timedelta(hours=5)
        connection.send(
            {
                "type": "hello",
                "num_connections": len(self._connections),
                "debug_info": {
                    "host": _HOST,
                    "build_number": 1,
                    "approximate_connection_time": int(lifetime.total_seconds()),
                },
                "connection_info": {"app_id": self._app.id},
            }
        )
        if is_debugging:
            connection.timer = self._later(lifetime, lambda: self._dismiss(connection, "refresh_requested"))
        waiting, self._waiting = self._waiting, deque(maxlen=KEPT_REQUESTS)
        for delivery in waiting:
            self._deliver(delivery)
        self._changed.notify()

    def _dismiss(self, connection: Connection, reason: DisconnectReason) -> None:
        connection.send({"type": "disconnect", "reason": reason, "debug_info": {"host": _HOST}})
        connection.is_leaving = True
        if reason in {"warning", "refresh_requested"}:
            connection.stop_timer()
            connection.timer = self._later(_CLOSING_GRACE, connection.close)
        else:
            connection.close()

    def _deliver(self, delivery: _Delivery) -> None:
        connection = self._next_connection()
        if connection is None:
            self._waiting.append(delivery)
            return
        fate = self._faults.fate_of_delivery(delivery.request.kind, delivery.request.event_type)
        self._send(delivery, connection, fate)
        if fate.is_duplicated and (other := self._next_connection()) is not None:
            self._send(_Delivery(delivery.request, delivery.attempt), other, DeliveryFate())

    def _send(self, delivery: _Delivery, connection: Connection, fate: DeliveryFate) -> None:
        envelope_id = str(uuid.uuid4())
        delivery.connection, delivery.loses_ack = connection, fate.loses_ack
        self._under_way[envelope_id] = delivery
        envelope = _envelope(envelope_id, delivery)
        self._witness("delivery", {"envelope": envelope} | ({"fault": asdict(fate)} if fate.is_harmed else {}))
        if fate.breaks_socket:
            connection.abort()
            return
        if delivery.request.is_event:  # a burst of them may queue up, so the time counts from when it is written
            connection.send(envelope, lambda: self._expect_acknowledgement(envelope_id))
        else:  # a person is waiting
            connection.send(envelope)
            self._expect_acknowledgement(envelope_id)

    def _expect_acknowledgement(self, envelope_id: str) -> None:
        """Start the three seconds, unless the answer is there already."""
        delivery = self._under_way.get(envelope_id)
        if delivery is not None:
            delivery.timer = self._later(ACK_TIMEOUT, lambda: self._expire(envelope_id))

    def _next_connection(self) -> Connection | None:
        """Each connection in turn; those about to close only if there is no other."""
        staying = [connection for connection in self._connections if not connection.is_leaving] or self._connections
        if not staying:
            return None
        self._turn += 1
        return staying[self._turn % len(staying)]

    def _receive(self, text: str) -> None:
        try:
            message = json.loads(text)
        except ValueError:
            _logger.warning("The app sent something over Socket Mode that is not JSON")
            return
        envelope_id = message.get("envelope_id") if isinstance(message, dict) else None
        if not isinstance(envelope_id, str):
            return
        self._witness("ack", message)
        delivery = self._under_way.get(envelope_id)
        if delivery is None or delivery.loses_ack:
            return
        del self._under_way[envelope_id]
        delivery.stop_timer()
        payload = message.get("payload")
        delivery.request.acknowledge(payload if isinstance(payload, dict) and not delivery.request.is_event else None)
        self._changed.notify()

    def _expire(self, envelope_id: str) -> None:
        delivery = self._under_way.pop(envelope_id, None)
        if delivery is not None:
            self._try_again(delivery)

    def _try_again(self, delivery: _Delivery) -> None:
        delivery.stop_timer()
        if not delivery.request.is_event:
            delivery.request.fail("operation_timeout")
            self._changed.notify()
            return
        if delivery.attempt >= len(RETRY_DELAYS):
            _logger.warning("An event was given up: the app acknowledged none of %d deliveries", delivery.attempt + 1)
            delivery.request.fail("operation_timeout")
            self._changed.notify()
            return
        delay = RETRY_DELAYS[delivery.attempt]
        delivery.attempt += 1
        self._retries.add(delivery)
        delivery.timer = self._later(delay, lambda: self._retry(delivery))

    def _retry(self, delivery: _Delivery) -> None:
        self._retries.discard(delivery)
        self._deliver(delivery)

    def _forget(self, connection: Connection) -> None:
        """Deliver elsewhere what was under way on a connection that is gone."""
        connection.stop_timer()
        if connection in self._connections:
            self._connections.remove(connection)
            self._witness("disconnected", {"connections": len(self._connections)})
        lost = [key for key, delivery in self._under_way.items() if delivery.connection is connection]
        for envelope_id in lost:
            self._try_again(self._under_way.pop(envelope_id))
        self._changed.notify()

    def _later(self, delay: timedelta, action: Callable[[], None]) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(self._scaled(delay), action)

    def _scaled(self, delay: timedelta) -> float:
        return delay.total_seconds() * self._time_scale


def _envelope(envelope_id: str, delivery: _Delivery) -> dict[str, Any]:
    request = delivery.request
    envelope: dict[str, Any] = {
        "envelope_id": envelope_id,
        "payload": request.payload,
        "type": request.kind,
        "accepts_response_payload": not request.is_event,
    }
    if request.is_event:
        envelope |= {"retry_attempt": delivery.attempt, "retry_reason": "timeout" if delivery.attempt else ""}
    return envelope
