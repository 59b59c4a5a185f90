"""When a call to Slack is tried again: rate limits always, broken connections only where twice does no harm."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.http_retry.async_handler import AsyncRetryHandler
from slack_sdk.http_retry.request import HttpRequest
from slack_sdk.http_retry.response import HttpResponse
from slack_sdk.http_retry.state import RetryState

RATE_LIMIT_RETRIES = 5
CONNECTION_RETRIES = 2

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
        """Sleep for `Retry-After` seconds and a little more, so that many callers do not come back at once."""
        state.next_attempt_requested = True
        state.increment_current_attempt()
        if self._tell is not None:
            self._tell(urlsplit(request.url).path.rpartition("/")[2], _retry_after_s(response))
        await asyncio.sleep(_retry_after_s(response) * (1 + random.random() / 10))  # noqa: S311 - jitter, not a secret


class ConnectionRetry(AsyncRetryHandler):
    """Calls again after a broken connection or a 5xx answer, for methods that only read.

    A message may have been posted although no answer came back, so posting is never repeated by us.
    """

    def __init__(self) -> None:
        super().__init__(max_retry_count=CONNECTION_RETRIES)

    async def _can_retry_async(
        self,
        *,
        state: RetryState,  # noqa: ARG002 - slack_sdk's signature
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> bool:
        if not only_reads(urlsplit(request.url).path.rpartition("/")[2]):
            return False
        if response is not None:
            return response.status_code >= 500
        return isinstance(error, aiohttp.ClientConnectionError)


def _retry_after_s(response: HttpResponse | None) -> float:
    headers: Any = response.headers if response is not None else {}
    for name, value in headers.items():
        if name.lower() == "retry-after":
            text = value[0] if isinstance(value, list) else value
            try:
                return max(float(text), 0.0)
            except ValueError:
                break
    return 1.0
