"""The Web API client of a bot: slack_sdk's own, over one HTTP session, seen by the trace.

slack_sdk opens a connection per call unless it is given a session: half of a bot's CPU time per message and a TLS
handshake per answer.
"""

from __future__ import annotations

import logging
import os
import time
from collections import deque
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from slack_sdk.webhook.async_client import AsyncWebhookClient
from slack_sdk.webhook.webhook_response import WebhookResponse

from machine.logger import get_logger
from machine.read_only import require_writable
from machine.redaction import RedactedLater, redact, redact_value
from machine.settings import Settings
from machine.slack.answers import NO_OBJECT, BoundedResponse, check, refuse
from machine.slack.json_calls import PostedResponse, post
from machine.slack.retries import (
    ConnectionRetry,
    RateLimitRetry,
    is_certificate_error,
    is_unavailable,
    network_remedy,
    only_reads,
    was_never_sent,
)
from machine.trace import ApiCalled, CallGivenUp, RateLimited, Trace, cause, current_invocation
from machine.tracebacks import one_line

_logger = get_logger(__name__)

TIMEOUT_S = 30
_CAPTURED_KEPT = 1_000
"""Messages that were captured instead of sent, of which handlers may ask for a link; they ask soon, if at all."""


DryRunAnswers: TypeAlias = Callable[[str, Mapping[str, Any]], dict[str, Any]]


def open_session() -> aiohttp.ClientSession:
    """The session for every call: Slack may be silent for `TIMEOUT_S` at each step, but an upload may take its time.

    slack_sdk ignores the timeout it is given where it is given a session, and aiohttp waits for 5 minutes.
    """
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),
        response_class=BoundedResponse,
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=TIMEOUT_S, sock_read=TIMEOUT_S),
    )


class SlackWebClient(AsyncWebClient):
    """slack_sdk's client with tracing and, for simulated events in a live workspace, capturing.

    Args:
        settings: Token, base URL and proxy.
        session: Carries every call, for the life of the bot.
        trace: Told of every call.
        is_live: Whether the workspace is a real one; by default, whether the base URL leads away from this machine.
    """

    def __init__(
        self, settings: Settings, session: aiohttp.ClientSession, trace: Trace, *, is_live: bool | None = None
    ) -> None:
        self._connection_retry = ConnectionRetry(retries_uncertain=settings.retry_uncertain)
        super().__init__(
            token=settings.slack_bot_token.get_secret_value() if settings.slack_bot_token else None,
            base_url=settings.slack_api_url,
            timeout=TIMEOUT_S,
            session=session,
            retry_handlers=[RateLimitRetry(self._rate_limited), self._connection_retry],
        )
        # Set afterwards: given None, slack_sdk takes a proxy from the environment, also for a sandbox on loopback.
        self.proxy = proxy_for(settings)
        self._trace = trace
        self._is_live = not is_loopback(settings.slack_api_url) if is_live is None else is_live
        self._captured: deque[str] = deque(maxlen=_CAPTURED_KEPT)
        self.answer_dry_run: DryRunAnswers = _nothing_more
        """Makes up what captured calls answer, from method and arguments; see `machine.slack.dry_run`."""

    def _rate_limited(self, method: str, wait_s: float) -> None:
        if self._trace:
            self._trace.emit(RateLimited(method=method, wait=timedelta(seconds=wait_s), **cause()))

    async def api_call(self, api_method: str, **options: Any) -> AsyncSlackResponse:
        """Call a Web API method.

        Calls made by a handler of a simulated event in a live workspace are captured instead of sent, unless they
        only read what Slack has: they answer as Slack would, with ids of their own and `captured` set.

        Raises:
            SlackApiError: When Slack refuses.
            MachineError: When code that may only look calls a method that does more.
        """
        if not only_reads(api_method):
            require_writable(api_method)
        if self._is_dry_run() and (not only_reads(api_method) or self._is_about_captured(options)):
            return self._answer_without_slack(api_method, options)
        started = time.perf_counter()
        try:
            response = await self._call(api_method, options)
        except SlackApiError as error:
            self._report(api_method, options, started, _answer(error.response), _error_name(error))
            self._note_refusal(api_method, error)
            raise
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self._give_up(api_method, error, is_uncertain=not (was_never_sent(error) or is_certificate_error(error)))
            self._report(api_method, options, started, {}, redact(f"{type(error).__name__}: {error}"))
            raise
        if self._trace:
            self._report(api_method, options, started, _answer(response), None)
        return response

    def _note_refusal(self, method: str, error: SlackApiError) -> None:
        """Tell of a call that failed because of Slack's own troubles, and not because it refuses it."""
        response: Any = error.response  # slack_sdk's, or aiohttp's where it was not JSON
        status: int = getattr(response, "status_code", 0) or getattr(response, "status", 0)
        headers = getattr(error.response, "headers", None) or {}
        is_unused = is_unavailable(status, headers, _body(error.response))
        if status >= 500 or is_unused:
            self._give_up(method, error, is_uncertain=not is_unused)

    def _give_up(self, method: str, error: Exception, *, is_uncertain: bool) -> None:
        """Say that a call is not tried again."""
        is_uncertain = is_uncertain and not only_reads(method)
        text = redact(one_line(error))
        hint = {"remedy": network_remedy(error)} if is_certificate_error(error) else {}
        _logger.warning("A call to Slack was given up", method=method, error=text, is_uncertain=is_uncertain, **hint)
        if self._trace:
            self._trace.emit(CallGivenUp(method=method, error=text, is_uncertain=is_uncertain, **cause()))

    async def _call(self, method: str, options: Mapping[str, Any]) -> AsyncSlackResponse:
        if self.session is not None and not self.session.closed and self._is_plain_post(options):
            return await post(self, method, options["json"])
        return await super().api_call(method, **options)

    async def _request(self, *, http_verb: str, api_url: str, req_args: dict[str, Any]) -> dict[str, Any]:
        try:
            response: dict[str, Any] = await super()._request(http_verb=http_verb, api_url=api_url, req_args=req_args)
        except SlackApiError as error:
            if isinstance(error.response, aiohttp.ClientResponse):  # it could not be read as JSON
                refuse(f"not JSON, although called {error.response.content_type}", error.response.status)
            raise
        except RecursionError:
            refuse("not readable: it is nested too deeply", 200)
        headers = response["headers"]
        check(response["data"], response["status_code"], headers.get("Content-Type", ""))
        return response

    def _is_plain_post(self, options: Mapping[str, Any]) -> bool:
        """Whether a call has nothing that slack_sdk would see to, and nobody wants its account of each call."""
        return (
            options.keys() == {"json"}
            and "token" not in options["json"]
            and not self.default_params
            and self.ssl is None
            and not self.logger.isEnabledFor(logging.DEBUG)
        )

    async def files_upload_v2(self, **options: Any) -> AsyncSlackResponse:
        """Upload a file; captured as a whole where calls are captured (see `api_call`)."""
        require_writable("An upload")
        if self._is_dry_run():
            return self._answer_without_slack("files.uploadV2", {"params": _without_content(options)})
        return await super().files_upload_v2(**options)

    async def send_to_response_url(self, url: str, message: Mapping[str, Any]) -> WebhookResponse:
        """Send a message to a `response_url`.

        Slack honours such a URL 5 times within 30 minutes; see
        https://docs.slack.dev/interactivity/handling-user-interaction#message_responses.
        """
        require_writable("An answer to a response_url")
        started = time.perf_counter()
        if self._is_dry_run():
            self._report("response_url", {"json": message}, started, {"ok": True}, None, is_captured=True)
            return WebhookResponse(url=url, status_code=200, body="ok", headers={})
        client = AsyncWebhookClient(
            url,
            timeout=TIMEOUT_S,
            session=self.session,
            retry_handlers=[RateLimitRetry(), self._connection_retry],
            logger=self._logger,
        )
        client.proxy = self.proxy
        try:
            response = await client.send_dict(dict(message))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self._give_up(
                "response_url", error, is_uncertain=not (was_never_sent(error) or is_certificate_error(error))
            )
            self._report("response_url", {"json": message}, started, {}, redact(f"{type(error).__name__}: {error}"))
            raise
        if response.status_code >= 500:
            is_unused = is_unavailable(response.status_code, response.headers, None)
            self._give_up(
                "response_url", RuntimeError(f"{response.status_code} {response.body}"), is_uncertain=not is_unused
            )
        if self._trace:
            problem = None if response.status_code == 200 else f"{response.status_code} {response.body}"
            self._report("response_url", {"json": message}, started, {"body": response.body}, problem)
        return response

    def _is_dry_run(self) -> bool:
        """Whether a handler of a simulated event is running, in a workspace that is not to hear of it."""
        invocation = current_invocation.get()
        return self._is_live and invocation is not None and invocation.is_simulated

    def _is_about_captured(self, options: Mapping[str, Any]) -> bool:
        """Whether a call asks for a message that Slack knows nothing of."""
        return bool(self._captured) and _arguments(options).get("message_ts") in self._captured

    def _answer_without_slack(self, method: str, options: Mapping[str, Any]) -> AsyncSlackResponse:
        data = self.answer_dry_run(method, _arguments(options))
        if isinstance(ts := data.get("ts"), str):
            self._captured.append(ts)
        self._report(method, options, time.perf_counter(), data, None, is_captured=True)
        return AsyncSlackResponse(
            client=self, http_verb="POST", api_url=method, req_args={}, data=data, headers={}, status_code=200
        )

    def _report(
        self,
        method: str,
        options: Mapping[str, Any],
        started: float,
        response: Mapping[str, Any],
        error: str | None,
        *,
        is_captured: bool = False,
    ) -> None:
        if not self._trace:
            return
        self._trace.emit(
            ApiCalled(
                method=method,
                arguments=redact_value(_arguments(options)),
                is_ok=error is None,
                error=error,
                response=response if isinstance(response, RedactedLater) else RedactedLater.of(response),
                duration=timedelta(seconds=time.perf_counter() - started),
                is_captured=is_captured,
                **cause(),
            )
        )


def proxy_for(settings: Settings) -> str | None:
    """The proxy that calls to Slack take; none for a sandbox on loopback."""
    return None if is_loopback(settings.slack_api_url) else settings.http_proxy


def is_loopback(url: str) -> bool:
    """Whether a URL leads to this machine, as the sandbox's does."""
    host = urlsplit(url).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")


def _nothing_more(method: str, arguments: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG001 - as who knows more
    return {"ok": True, "captured": True}


def _without_content(options: Mapping[str, Any]) -> dict[str, Any]:
    """An upload as its arguments, with the name, and the size where it is at hand, in place of what is uploaded."""
    shown = {name: value for name, value in options.items() if name not in ("content", "file", "file_uploads")}
    source = options.get("content") or options.get("file")
    if isinstance(source, str | os.PathLike) and "content" not in options:
        shown["filename"] = options.get("filename") or os.path.basename(source)  # noqa: PTH119 - as slack_sdk does
    elif isinstance(source, str | bytes):
        shown["length"] = len(source.encode() if isinstance(source, str) else source)
    if uploads := options.get("file_uploads"):
        shown["file_uploads"] = [_without_content(one) for one in uploads]
    return shown


def _arguments(options: Mapping[str, Any]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for place in ("params", "data", "json"):
        part = options.get(place)
        if isinstance(part, Mapping):
            merged.update({key: value for key, value in part.items() if value is not None})
    return merged


def _body(response: Any) -> dict[str, Any]:
    data = getattr(response, "data", response)
    return dict(data) if isinstance(data, Mapping) else {}


def _answer(response: Any) -> Mapping[str, Any]:
    """What Slack answered, as it came where that is at hand: the trace keeps it, and hardly anybody looks at it."""
    body = _body(response)
    if body.get("error") == NO_OBJECT:
        return {}
    return RedactedLater(response.body) if body and isinstance(response, PostedResponse) else body


def _error_name(error: SlackApiError) -> str:
    body = _body(error.response)
    return redact(str(body.get("detail") if body.get("error") == NO_OBJECT else body.get("error") or error))
