"""When a call to Slack is tried again: rate limits always, broken connections only where twice does no harm.

The policy is in docs/slack.md.
"""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.http_retry.async_handler import AsyncRetryHandler
from slack_sdk.http_retry.request import HttpRequest
from slack_sdk.http_retry.response import HttpResponse
from slack_sdk.http_retry.state import RetryState

RATE_LIMIT_RETRIES = 5
CONNECTION_RETRIES = 2
UNAVAILABLE = "service_unavailable"

_READING_VERBS = (
    "list",
    "info",
    "history",
    "replies",
    "members",
    "get",
    "test",
    "open",
    "lookupByEmail",
    "conversations",
)


def only_reads(method: str) -> bool:
    """Whether a Web API method changes nothing, so that calling it twice does no harm.

    `conversations.open` and `apps.connections.open` count: they return what is there already.
    """
    if method.startswith(("views.", "dialog.", "files.upload", "files.getUpload", "files.complete")):
        return False
    verb = method.rpartition(".")[2]
    return verb in _READING_VERBS or verb.startswith(("get", "list"))


class RateLimitRetry(AsyncRetryHandler):
    """Waits as long as Slack says and calls again; https://docs.slack.dev/apis/web-api/rate-limits.

    Only the caller waits. slack_sdk's own handler reads just the first digit of `Retry-After`.

    Args:
        tell: Told the method and the seconds before each wait.
    """

    def __init__(self, tell: Callable[[str, float], None] | None = None) -> None:
        super().__init__(max_retry_count=RATE_LIMIT_RETRIES)
        self._tell = tell

    async def _can_retry_async(
        self,
        *,
        state: RetryState,  # noqa: ARG002 - slack_sdk's signature
        request: HttpRequest,  # noqa: ARG002
        response: HttpResponse | None = None,
        error: Exception | None = None,  # noqa: ARG002
    ) -> bool:
        return response is not None and response.status_code == 429

    async def prepare_for_next_attempt_async(
        self,
        *,
        state: RetryState,
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,  # noqa: ARG002 - slack_sdk's signature
    ) -> None:
        """Sleep for `Retry-After` seconds and a little more."""
        state.next_attempt_requested = True
        state.increment_current_attempt()
        if self._tell is not None:
            self._tell(_method(request), _retry_after_s(response))
        await _sleep(_retry_after_s(response))


class ConnectionRetry(AsyncRetryHandler):
    """Calls again after a broken connection or a 5xx answer, where twice does no harm.

    That is so for methods that only read, and for calls that Slack cannot have taken. Others may have been taken
    although no answer came back: a message would be posted twice.

    Args:
        retries_uncertain: Call again also where Slack may have taken the call (`RETRY_UNCERTAIN`).
    """

    def __init__(self, *, retries_uncertain: bool = False) -> None:
        super().__init__(max_retry_count=CONNECTION_RETRIES)
        self._retries_uncertain = retries_uncertain

    async def _can_retry_async(
        self,
        *,
        state: RetryState,  # noqa: ARG002 - slack_sdk's signature
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> bool:
        if is_certificate_error(error):
            return False
        if response is not None:
            if is_unavailable(response.status_code, response.headers, response.body):
                return True
            is_broken = response.status_code >= 500
        else:
            if was_never_sent(error):
                return True
            is_broken = isinstance(error, aiohttp.ClientConnectionError)  # timeouts of aiohttp are such, too
        method = _method(request)  # the end of a response URL, which may be anything, has no dot
        return is_broken and (self._retries_uncertain or ("." in method and only_reads(method)))

    async def prepare_for_next_attempt_async(
        self,
        *,
        state: RetryState,
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> None:
        """Wait as long as Slack says, or a little, longer each time."""
        if response is None or _retry_after(response.headers) is None:
            await super().prepare_for_next_attempt_async(state=state, request=request, response=response, error=error)
            return
        state.next_attempt_requested = True
        state.increment_current_attempt()
        await _sleep(_retry_after_s(response))


def is_unavailable(status: int, headers: Mapping[str, Any], body: object) -> bool:
    """Whether Slack says that it has not taken a call, and that it may come again."""
    told = body.get("error") if isinstance(body, Mapping) else None
    return told == UNAVAILABLE or (status == 503 and _retry_after(headers) is not None)


def was_never_sent(error: Exception | None) -> bool:
    """Whether a call failed before a byte of it was sent: no connection came about."""
    return isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError)


def is_certificate_error(error: Exception | None) -> bool:
    """Whether the other side's certificate is the trouble, which trying again does not mend."""
    return isinstance(error, aiohttp.ClientConnectorCertificateError | ssl.SSLCertVerificationError)


def network_remedy(error: Exception) -> str:
    """What to do where Slack cannot be reached."""
    if is_certificate_error(error):
        return (
            "This machine does not trust the certificate. If a proxy of your company's inspects the connection, set "
            "SSL_CERT_FILE to a file with its certificate and the usual ones, in PEM."
        )
    return "Check the network, HTTP_PROXY and SLACK_API_URL; without a network, `machine dev` runs in the sandbox."


def _method(request: HttpRequest) -> str:
    return urlsplit(request.url).path.rpartition("/")[2]


async def _sleep(seconds: float) -> None:
    """Wait a little longer than that, so that many callers do not come back at once."""
    await asyncio.sleep(seconds * (1 + random.random() / 10))  # noqa: S311 - jitter, not a secret


def _retry_after_s(response: HttpResponse | None) -> float:
    text = None if response is None else _retry_after(response.headers)
    try:
        return 1.0 if text is None else max(float(text), 0.0)
    except ValueError:
        return 1.0


def _retry_after(headers: Mapping[str, Any]) -> str | None:
    for name, value in headers.items():
        if name.lower() == "retry-after":
            return str(value[0] if isinstance(value, list) else value)
    return None
