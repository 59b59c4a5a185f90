"""Calls of the Web API that carry JSON, made without slack_sdk's way around them.

All methods that write are called so, `chat.postMessage` first of all. At each call slack_sdk puts log lines together
that nobody wants, asks the environment whether to warn of old methods, and makes objects for retries that never happen.

This is an optimisation that leans on private parts: it repeats what slack_sdk does inside `api_call`. A bot that
answers each message takes 12 % less processor time, 0.35 ms instead of 0.40 ms (`benchmarks/throughput.py`). It can be
deleted together with `SlackWebClient._is_plain_post`: `test_a_call_is_what_slack_sdk_makes_of_it` in
`tests/machine/slack/test_json_calls.py` shows that both ways send and answer the same.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import aiohttp
from slack_sdk.http_retry.request import HttpRequest
from slack_sdk.http_retry.response import HttpResponse
from slack_sdk.http_retry.state import RetryState
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from slack_sdk.web.deprecation import show_deprecation_warning_if_any

from machine.slack.answers import check, refuse
from machine.slack.retries import UNAVAILABLE

_SHOWN_BODY = 200


class PostedResponse(AsyncSlackResponse):
    """An answer with its body as it came, which nobody can have changed since.

    Attributes:
        body: The JSON that Slack sent.
    """

    body: bytes


@cache
def warn_if_deprecated(method: str) -> None:
    """Warn, once, of a method that Slack has given up."""
    show_deprecation_warning_if_any(method)


async def post(client: AsyncWebClient, method: str, body: Mapping[str, Any]) -> PostedResponse:
    """Call a method with JSON, as `client.api_call(method, json=body)` would: its token, headers, proxy and retries.

    Args:
        client: Has an open session.
        method: The method's name.
        body: Its arguments.

    Raises:
        SlackApiError: When Slack refuses, or answers with something that is not JSON.
    """
    warn_if_deprecated(method)
    session = client.session
    assert session is not None
    url = f"{client.base_url}{method}"
    headers = {
        "Content-Type": "application/json;charset=utf-8",
        "Authorization": f"Bearer {client.token}",
        **client.headers,
    }
    data_sent = json.dumps(body).encode()
    state = RetryState()
    while True:
        state.next_attempt_requested = False
        try:
            async with session.post(url, data=data_sent, headers=headers, proxy=client.proxy) as response:
                received = await response.read()
                data = _data(response, received)
        except Exception as error:  # of any kind, as slack_sdk asks about all; raised unless a handler wants it again
            if not await _is_tried_again(client, state, url, headers, error=error):
                raise
            continue
        is_final = response.status == 200 and not (isinstance(data, Mapping) and data.get("error") == UNAVAILABLE)
        if is_final or not await _is_tried_again(client, state, url, headers, response=response, body=data):
            answer = PostedResponse(
                client=client,
                http_verb="POST",
                api_url=url,
                req_args={"headers": headers, "json": body},
                data=data,
                headers=response.headers,  # type: ignore[arg-type]  # what slack_sdk gives as well
                status_code=response.status,
            )
            answer.body = received
            answer.validate()  # type: ignore[no-untyped-call]  # raises where Slack refuses
            return answer


async def _is_tried_again(
    client: AsyncWebClient,
    state: RetryState,
    url: str,
    headers: Mapping[str, str],
    *,
    response: aiohttp.ClientResponse | None = None,
    body: Any = None,
    error: Exception | None = None,
) -> bool:
    """Ask the client's handlers; the one that wants it has waited by then."""
    request = HttpRequest(method="POST", url=url, headers=dict(headers))
    answer = None
    if response is not None:
        answer = HttpResponse(status_code=response.status, headers=response.headers, body=body)  # type: ignore[arg-type]  # as above
    for handler in client.retry_handlers:
        if await handler.can_retry_async(state=state, request=request, response=answer, error=error):
            await handler.prepare_for_next_attempt_async(state=state, request=request, response=answer, error=error)
            break
    return state.next_attempt_requested


def _data(response: aiohttp.ClientResponse, received: bytes) -> Any:
    try:
        data = json.loads(received)
    except (ValueError, RecursionError):
        if response.status != 200:
            return {}  # the status says enough
        shown = " ".join(received[:_SHOWN_BODY].decode(errors="replace").split())
        refuse(f"not JSON: {shown or 'nothing'}", response.status)
    check(data, response.status, response.content_type)
    return data
