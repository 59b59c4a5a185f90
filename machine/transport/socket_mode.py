"""Socket Mode: envelopes over a WebSocket that the bot opens, so that Slack needs no way in.

slack_sdk's client keeps the connection; see https://docs.slack.dev/apis/events-api/using-socket-mode. Two things it
does are changed here: it puts each message into a task that nobody holds, and it tries for ever to connect with a
token that Slack has refused.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.aiohttp import SocketModeClient

from machine.envelope import Acknowledgement, Answer, Envelope
from machine.errors import MachineError, SlackRefusedError
from machine.redaction import redact
from machine.settings import Settings
from machine.slack.identity import refusal
from machine.slack.web import SlackWebClient, proxy_for
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
PING_INTERVAL_S = 5
CONNECT_TIMEOUT_S = 30

_logger = structlog.stdlib.get_logger(__name__)


class SocketMode:
    """Receives envelopes over Socket Mode.

    Args:
        settings: The app token and the proxy.
        web: Opens the connection.
        receive: Takes each envelope.
        trace: Told of the state of the connection.
        workspace: Name of the workspace, for people.
        on_fatal: Called when Slack will not let the bot connect any more.
    """

    def __init__(
        self,
        settings: Settings,
        web: SlackWebClient,
        receive: Callable[[Envelope], Awaitable[object]],
        trace: Trace,
        workspace: str,
        on_fatal: Callable[[MachineError], None],
    ) -> None:
        self._settings = settings
        self._web = web
        self._receive = receive
        self._trace = trace
        self._workspace = workspace
        self._on_fatal = on_fatal
        self._client: _Client | None = None
        self._is_paused = False

    async def start(self) -> None:
        """Connect.

        Raises:
            SlackRefusedError: When Slack does not accept the app token.
            MachineError: When Slack cannot be reached.
        """
        token = self._settings.slack_app_token
        client = _Client(token.get_secret_value() if token else "", self._web, self._on_message, self._fatal)
        self._client = client
        client.proxy = proxy_for(self._settings)
        client.on_close_listeners.append(self._on_close)
        self._changed("connecting", self._workspace)
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                client.wss_uri = await client.issue_new_wss_url()
                await client.connect()  # type: ignore[no-untyped-call]
        except SlackApiError as error:
            await self.stop()
            raise refusal(error, of_app_token=True) from None
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            await self.stop()
            raise MachineError(f"Slack cannot be reached: {redact(str(error))}. Check network and proxy.") from error

    async def pause(self) -> None:
        """Take no more envelopes, and keep the connection for the answers that handlers still owe.

        What arrives from now on is not acknowledged, so Slack delivers it again to the next connection.
        """
        self._is_paused = True

    async def stop(self) -> None:
        """Close the connection."""
        if self._client is not None:
            client, self._client = self._client, None
            await client.close()
            self._changed("disconnected", "stopped")

    async def _on_message(self, message: Mapping[str, Any]) -> None:
        match message.get("type"):
            case "hello":
                self._changed("connected", self._workspace, connections=1)
                self._warn_of_others(message)
            case "disconnect":
                reason = message.get("reason") or "no reason given"
                self._changed("reconnecting", f"Slack asks for it: {reason}", connections=1)
            case _ if message.get("envelope_id") and not self._is_paused:
                await self._receive(self._envelope(message))

    def _envelope(self, message: Mapping[str, Any]) -> Envelope:
        payload = message.get("payload")
        payload = payload if isinstance(payload, Mapping) else {}
        kind = str(message.get("type") or "")
        envelope_id = str(message["envelope_id"])

        async def acknowledge(answer: Answer) -> None:
            await self._acknowledge(envelope_id, answer)

        return Envelope(
            id=envelope_id,
            kind=str(payload.get("type") or kind) if kind == "interactive" else kind,
            payload=payload,
            acknowledge=Acknowledgement(acknowledge),
            retry_attempt=_number(message.get("retry_attempt")),
        )

    async def _acknowledge(self, envelope_id: str, answer: Answer) -> None:
        response: dict[str, Any] = {"envelope_id": envelope_id}
        if answer is not None:
            response["payload"] = answer
        client = self._client
        if client is None:
            return  # stopped meanwhile: Slack delivers again to the next connection
        try:
            await client.send_socket_mode_response(response)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            _logger.warning("An envelope could not be acknowledged, Slack will deliver it again", problem=str(error))

    def _warn_of_others(self, hello: Mapping[str, Any]) -> None:
        connections = _number(hello.get("num_connections"))
        if connections > 1:
            _logger.warning(
                "Another process is connected for this app; Slack sends each event to one of them only",
                connections=connections,
            )

    async def _on_close(self, _message: Any) -> None:
        if self._client is not None and not self._client.closed:
            self._changed("reconnecting", "the connection was closed")

    def _fatal(self, error: SlackRefusedError) -> None:
        self._changed("failed", error.reason)
        self._on_fatal(error)

    def _changed(self, state: str, detail: str, connections: int = 0) -> None:
        _logger.info("Socket Mode", state=state, detail=detail)
        if self._trace:
            self._trace.emit(ConnectionChanged(state=state, detail=detail, connections=connections))


class _Client(SocketModeClient):
    """slack_sdk's client, handing over messages as they arrive, and giving up where trying again cannot help."""

    def __init__(
        self,
        app_token: str,
        web: SlackWebClient,
        on_message: Callable[[Mapping[str, Any]], Awaitable[None]],
        on_fatal: Callable[[SlackRefusedError], None],
    ) -> None:
        # What slack_sdk logs is either told by ConnectionChanged or a traceback of a network that is down.
        quiet = logging.getLogger("slack_sdk.socket_mode.aiohttp")
        quiet.setLevel(logging.CRITICAL)
        super().__init__(app_token=app_token, web_client=web, ping_interval=PING_INTERVAL_S, logger=quiet)
        self._on_message = on_message
        self._on_fatal = on_fatal
        self._has_connected = False

    async def enqueue_message(self, message: str) -> None:
        data = json.loads(message) if message.startswith("{") else {}
        await self._on_message(data)
        if data.get("type") != "disconnect":
            return
        if data.get("reason") == "link_disabled":
            self._give_up(
                SlackRefusedError("link_disabled", "Switch Socket Mode on again in the settings of your app.")
            )
        elif data.get("reason") != "too_many_websockets":  # slack_sdk's monitor tries that again, seconds later
            await super().enqueue_message(message)  # slack_sdk opens the next connection

    async def issue_new_wss_url(self) -> str:
        try:
            url = await super().issue_new_wss_url()
        except SlackApiError as error:
            if self._has_connected and error.response.get("error") in _FATAL:
                self._give_up(refusal(error, of_app_token=True))
            raise
        self._has_connected = True
        return url

    def _give_up(self, error: SlackRefusedError) -> None:
        self.closed = True  # ends slack_sdk's loops
        self._on_fatal(error)

    async def close(self) -> None:
        await super().close()  # type: ignore[no-untyped-call]
        # slack_sdk cancels its tasks but does not wait for them.
        tasks = [self.message_processor, self.message_receiver, self.current_session_monitor]
        await asyncio.gather(*(task for task in tasks if task is not None), return_exceptions=True)


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
