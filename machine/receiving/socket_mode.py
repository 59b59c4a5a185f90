"""Socket Mode: envelopes over WebSockets that the bot opens, so that Slack needs no way in.

See https://docs.slack.dev/apis/events-api/using-socket-mode. The connections are kept here and not by slack_sdk's
client, which keeps one, closes it before it opens the next, and tries for ever with a token that Slack has refused.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError

from machine.envelope import Envelope
from machine.errors import MachineError, SlackRefusedError
from machine.logger import get_logger
from machine.receiving.arrival import Arrival
from machine.receiving.connection import Received, SocketConnection
from machine.receiving.intake import Intake
from machine.receiving.write_batching import BatchedSocket
from machine.redaction import redact
from machine.settings import Settings
from machine.slack.answers import BoundedResponse
from machine.slack.identity import refusal
from machine.slack.web import SlackWebClient, is_loopback, proxy_for
from machine.trace import ConnectionChanged, Trace

# Slack will give the same answer for ever; all other errors may pass.
_FATAL = frozenset(
    {
        "access_denied",
        "account_inactive",
        "invalid_auth",
        "missing_scope",
        "not_allowed_token_type",
        "not_authed",
        "token_expired",
        "token_revoked",
    }
)
CONNECTIONS = 2  # one takes over at once what the other, just being replaced, does not
PING_INTERVAL_S = 5
CONNECT_TIMEOUT_S = 30
FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 60.0
STABLE_AFTER_S = 10.0  # a connection that lived shorter than this was no success
_NOTICES = frozenset({"warning", "refresh_requested"})  # Slack closes the connection some seconds later
_UNREACHABLE = (aiohttp.ClientError, OSError, TimeoutError)

_logger = get_logger(__name__)


class SocketMode:
    """Receives envelopes over Socket Mode; lives on the event loop on which it is started.

    Args:
        settings: The app token, the proxy, and how many connections.
        intake: Takes the envelopes.
        trace: Told of the state of the connections.
        workspace: Name of the workspace, for people.
        on_fatal: Called when Slack will not let the bot connect any more.
    """

    def __init__(
        self,
        settings: Settings,
        intake: Intake,
        trace: Trace,
        workspace: str,
        on_fatal: Callable[[MachineError], None],
    ) -> None:
        self._settings = settings
        token = settings.slack_app_token
        self._token = token.get_secret_value() if token else ""
        self._proxy = proxy_for(settings)
        # In a sandbox one, so that events come in the order in which they happened.
        default = 1 if is_loopback(settings.slack_api_url) else CONNECTIONS
        self._wanted = settings.socket_mode_connections or default
        self._intake = intake
        self._trace = trace
        self._workspace = workspace
        self._on_fatal = on_fatal
        self._connections: set[SocketConnection] = set()
        self._keepers: list[asyncio.Task[None]] = []
        self._session: aiohttp.ClientSession | None = None
        self._is_paused = False
        self._has_failed = False
        self._has_warned = False

    async def start(self) -> None:
        """Connect; the first connection is open when this returns, the others follow.

        Raises:
            SlackRefusedError: When Slack does not accept the app token.
            MachineError: When Slack cannot be reached.
        """
        self._session = aiohttp.ClientSession(ws_response_class=BatchedSocket, response_class=BoundedResponse)
        self._changed("connecting", self._workspace)
        try:
            first = await self._open()
        except SlackApiError as error:
            await self.stop()
            raise refusal(error, of_app_token=True) from None
        except _UNREACHABLE as error:
            await self.stop()
            raise MachineError(f"Slack cannot be reached: {redact(str(error))}. Check network and proxy.") from error
        keepers = [self._keep(first), *(self._keep(None) for _ in range(self._wanted - 1))]
        self._keepers = [asyncio.create_task(keeper, name="Socket Mode keeper") for keeper in keepers]

    async def pause(self) -> None:
        """Take no more envelopes, and keep the connections for the answers that handlers still owe.

        What arrives from now on is not acknowledged, so Slack delivers it again to the next connection.
        """
        self._is_paused = True

    async def stop(self) -> None:
        """Close the connections."""
        if self._session is None:
            return
        session, self._session = self._session, None
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        await asyncio.gather(*(connection.close() for connection in list(self._connections)), return_exceptions=True)
        await session.close()
        self._changed("disconnected", "stopped")

    async def _keep(self, connection: SocketConnection | None) -> None:
        """Keep one connection open, replacing it before it goes where Slack gives notice."""
        failures = 0
        while not self._has_failed:
            if connection is None:
                try:
                    connection = await self._open()
                except SlackApiError as error:
                    if error.response.get("error") in _FATAL:
                        self._fail(refusal(error, of_app_token=True))
                        return
                except _UNREACHABLE as error:
                    _logger.info("Socket Mode cannot connect", problem=redact(str(error) or type(error).__name__))
            if connection is not None:
                await connection.until_leaving()
                if connection.reason == "link_disabled":
                    self._fail(
                        SlackRefusedError("link_disabled", "Switch Socket Mode on again in the settings of your app.")
                    )
                    return
                failures = 0 if connection.age_s > STABLE_AFTER_S else failures
                may_hurry = failures == 0 and connection.reason != "too_many_websockets"
                connection = None
                if may_hurry:  # the old one is still open where Slack has given notice
                    failures = 1
                    continue
            await asyncio.sleep(_wait_s(failures))
            failures += 1

    async def _open(self) -> SocketConnection:
        if self._session is None:
            raise ConnectionError("stopped")
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            web = SlackWebClient(self._settings, self._session, self._trace)
            granted = await web.apps_connections_open(app_token=self._token)
            connection = await SocketConnection.open(
                self._session,
                str(granted["url"]),
                self._proxy,
                PING_INTERVAL_S,
                self._on_messages,
                self._intake.until_room,
                self._connections,
            )
        self._connections.add(connection)
        connection.living.add_done_callback(lambda _: self._gone(connection))
        return connection

    def _gone(self, connection: SocketConnection) -> None:
        self._connections.discard(connection)
        if self._session is not None and not self._has_failed and connection.reason not in _NOTICES:
            self._changed("reconnecting", "the connection was closed")

    async def _on_messages(self, connection: SocketConnection, messages: Sequence[Received]) -> None:
        arrivals = []
        for message, size in messages:
            match message.get("type"):
                case "hello":
                    connection.is_welcome = True
                    self._changed("connected", self._workspace)
                    self._warn_of_others(message)
                case "disconnect":
                    connection.leave(str(message.get("reason") or "no reason given"))
                    self._changed("reconnecting", f"Slack asks for it: {connection.reason}")
                case _ if message.get("envelope_id") and not self._is_paused:
                    arrivals.append(Arrival(_envelope(message, size), connection))
        if arrivals:
            await self._intake.take(arrivals)

    def _warn_of_others(self, hello: Mapping[str, Any]) -> None:
        connections = _number(hello.get("num_connections"))
        if connections > max(len(self._connections), 1) and not self._has_warned:
            self._has_warned = True
            _logger.warning(
                "Another process is connected for this app; Slack sends each event to one of them only",
                connections=connections,
                own=len(self._connections),
            )

    def _fail(self, error: SlackRefusedError) -> None:
        if not self._has_failed:
            self._has_failed = True
            self._changed("failed", error.reason)
            self._on_fatal(error)

    def _changed(self, state: str, detail: str) -> None:
        # One that is being replaced counts together with the one that replaces it.
        connections = (
            min(self._wanted, sum(connection.is_open for connection in self._connections)) if state != "failed" else 0
        )
        _logger.info("Socket Mode", state=state, detail=detail, connections=connections)
        if self._trace:
            self._trace.emit(ConnectionChanged(state=state, detail=detail, connections=connections))


def _wait_s(failures: int) -> float:
    """How long to wait after so many failures: longer each time, and not the same for all bots that Slack has lost."""
    longest = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** min(failures, 10))
    return random.uniform(longest / 2, longest)  # noqa: S311 - no secret


def _envelope(message: Mapping[str, Any], size: int) -> Envelope:
    payload = message.get("payload")
    payload = payload if isinstance(payload, Mapping) else {}
    kind = str(message.get("type") or "")
    return Envelope(
        id=str(message["envelope_id"]),
        kind=str(payload.get("type") or kind) if kind == "interactive" else kind,
        payload=payload,
        retry_attempt=_number(message.get("retry_attempt")),
        size=size,
    )


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
