"""HTTP: requests to the app's own address, signed, and repeated as over Socket Mode.

See https://docs.slack.dev/apis/events-api/using-http-request-urls.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import aiohttp
from slack_sdk.signature import SignatureVerifier

from machine.sandbox.condition import Condition
from machine.sandbox.delivery.app_requests import Request
from machine.sandbox.delivery.faults import DeliveryFate, Faults
from machine.sandbox.delivery.socket_mode import ACK_TIMEOUT, RETRY_DELAYS
from machine.sandbox.traffic_log import Witness, nobody

_JSON = "application/json"
_FORM = "application/x-www-form-urlencoded"
_logger = logging.getLogger(__name__)


class HttpDelivery:
    """Posts the requests of a workspace to one address.

    Args:
        url: Where the app takes them.
        signing_secret: What they are signed with.
        faults: What goes wrong on request: duplicates, lost acknowledgements, broken deliveries.
        time_scale: Factor for every wait.
        witness: Is told of deliveries and answers.
    """

    def __init__(
        self, url: str, signing_secret: str, faults: Faults, time_scale: float = 1.0, witness: Witness = nobody
    ) -> None:
        self._url = url
        self._verifier = SignatureVerifier(signing_secret)
        self._faults = faults
        self._time_scale = time_scale
        self._witness = witness
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=ACK_TIMEOUT.total_seconds() * time_scale)
        )
        self._under_way: set[asyncio.Task[None]] = set()
        self._changed = Condition()

    @property
    def unacknowledged_count(self) -> int:
        """How many requests wait: for their answer, or for the next attempt."""
        return len(self._under_way)

    def carry(self, request: Request) -> None:
        """Take a request for the app."""
        fate = self._faults.fate_of_delivery(request.kind, request.event_type)
        self._start(request, fate)
        if fate.is_duplicated:
            self._start(request, DeliveryFate())

    async def wait_until_idle(self) -> None:
        """Return once every request is acknowledged, or given up."""
        await self._changed.wait_for(lambda: not self._under_way)

    async def stop(self) -> None:
        """Forget what is under way."""
        tasks = list(self._under_way)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._session.close()

    def _start(self, request: Request, fate: DeliveryFate) -> None:
        task = asyncio.create_task(self._deliver(request, fate))
        self._under_way.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self._changed.notify()

    async def _deliver(self, request: Request, fate: DeliveryFate) -> None:
        waits = [0.0, *(delay.total_seconds() for delay in RETRY_DELAYS)] if request.is_event else [0.0]
        try:
            for attempt, wait_s in enumerate(waits):
                await asyncio.sleep(wait_s * self._time_scale)
                if await self._attempt(request, attempt, fate if attempt == 0 else DeliveryFate()):
                    return
            if request.is_event:
                _logger.warning("An event was given up: the app acknowledged none of %d deliveries", len(waits))
        finally:
            request.fail("operation_timeout")  # changes nothing where there is an answer

    async def _attempt(self, request: Request, attempt: int, fate: DeliveryFate) -> bool:
        """Whether the app has acknowledged it."""
        if fate.breaks_socket:
            return False
        body, content_type = _body(request)
        timestamp = str(int(time.time()))
        headers = {
            "Content-Type": content_type,
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": self._verifier.generate_signature(timestamp=timestamp, body=body) or "",
        }
        if attempt:
            headers |= {"X-Slack-Retry-Num": str(attempt), "X-Slack-Retry-Reason": "http_timeout"}
        self._witness("delivery", {"kind": request.kind, "payload": request.payload, "attempt": attempt})
        try:
            async with self._session.post(self._url, data=body.encode(), headers=headers) as response:
                text = await response.text()
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False
        self._witness("ack", {"status": response.status, "answer": text})
        if fate.loses_ack or not 200 <= response.status < 300:
            return False
        request.acknowledge(None if request.is_event else _answer(text))
        return True


def _body(request: Request) -> tuple[str, str]:
    if request.is_event:
        return json.dumps(request.payload), _JSON
    if request.kind == "slash_commands":
        return urlencode(request.payload), _FORM
    return urlencode({"payload": json.dumps(request.payload)}), _FORM


def _answer(text: str) -> Mapping[str, Any] | None:
    try:
        answer = json.loads(text)
    except ValueError:
        return {"text": text} if text else None  # a command may be answered with plain text
    return answer if isinstance(answer, Mapping) else None
