"""Requests to the bot's own HTTP server, as a test sends them."""

from __future__ import annotations

import json as json_module
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from machine.bot import Machine
from machine.plugins.triggers import Webhook
from machine.sandbox.state.people import nearest

__tracebackhide__ = True  # pytest shows the line of the test, not those in here


@dataclass(frozen=True, slots=True)
class WebhookAnswer:
    """What a plugin's webhook answered.

    Attributes:
        status: The HTTP status: 204 where the handler returned nothing, 500 where it raised.
        headers: By name, in any case of letters.
        body: As it came.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes

    @property
    def text(self) -> str:
        """The body as UTF-8."""
        return self.body.decode()

    def json(self) -> Any:
        """The body, read as JSON.

        Raises:
            ValueError: It is no JSON.
        """
        return json_module.loads(self.body)


async def send(
    machine: Machine, method: str, path: str, json: object, data: str | bytes | None, headers: Mapping[str, str] | None
) -> WebhookAnswer:
    """Send a request to the bot; see `Bot.webhook`."""
    served = {
        handler.trigger.path
        for handler in machine.registry.waiting_for(Webhook)
        if isinstance(handler.trigger, Webhook)
    }
    if urlsplit(path).path not in served:
        raise LookupError(f"No plugin serves {path!r}. {nearest(path, sorted(served), 'Webhooks')}")
    body = {"json": json} if json is not None else {"data": data}
    url = f"http://{machine.http_address}{path}"
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, url, headers=headers, allow_redirects=False, **body) as response,
    ):
        return WebhookAnswer(response.status, response.headers, await response.read())
