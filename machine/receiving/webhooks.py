"""Runs the handlers of plugins' own HTTP routes, as any handler is run, and turns what they return into answers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from aiohttp import web
from multidict import CIMultiDict, MultiDict

from machine.dispatch.dispatcher import Dispatcher
from machine.dispatch.registry import Handler
from machine.logger import get_logger
from machine.plugins.triggers import Webhook
from machine.plugins.webhook import NotJsonError, WebhookRequest, WebhookResponse
from machine.receiving.thread import BotLoop


class Webhooks:
    """The routes of the live plugins; one that is reloaded is served anew at once.

    Asked on the thread that serves HTTP; the handlers run on the bot's loop.

    Args:
        dispatcher: Who listens, and who runs handlers.
        bot_loop: Where handlers run.
    """

    def __init__(self, dispatcher: Dispatcher, bot_loop: BotLoop) -> None:
        self._dispatcher = dispatcher
        self._bot_loop = bot_loop

    def has_route(self, path: str) -> bool:
        """Whether a plugin serves this path."""
        return bool(self._routes(path))

    async def answer(self, request: web.Request, body: bytes) -> web.Response:
        """Run the handler of a route and answer with what it returns.

        405 where the path takes other methods, 400 where the handler wanted JSON and got none, 500 where it failed.
        """
        routes = self._routes(request.path)
        handler = next((handler for handler, route in routes if request.method in route.methods), None)
        if handler is None:
            allowed = sorted({method for _, route in routes for method in route.methods})
            return web.Response(status=405, text="method not allowed\n", headers={"Allow": ", ".join(allowed)})
        received = WebhookRequest(
            method=request.method,
            path=request.path,
            headers=CIMultiDict(request.headers),
            query=MultiDict(request.query),
            body=body,
            remote=request.remote,
        )
        return await self._bot_loop.run(self._run(handler, received))

    def _routes(self, path: str) -> list[tuple[Handler, Webhook]]:
        return [
            (handler, handler.trigger)
            for handler in self._dispatcher.registry.waiting_for(Webhook)
            if isinstance(handler.trigger, Webhook) and handler.trigger.path == path
        ]

    async def _run(self, handler: Handler, request: WebhookRequest) -> web.Response:
        arguments: dict[str, Any] = {}
        if handler.wants_logger:
            arguments["logger"] = get_logger(handler.name)
        answers: list[web.Response] = []

        async def run() -> None:
            try:
                answers.append(_response(await handler.function(request, **arguments)))
            except NotJsonError:
                answers.append(web.Response(status=400, text="not JSON\n"))

        # Not awaited itself, which would raise here when the bot stops and cancels it.
        await asyncio.wait({self._dispatcher.supervisor.start(handler, run)})
        return answers[0] if answers else web.Response(status=500, text="failed\n")


def _response(value: object) -> web.Response:
    match value:
        case None:
            return web.Response(status=204)
        case WebhookResponse(status=status, body=body, headers=headers):
            content = {"text": body} if isinstance(body, str) else {"body": body}
            return web.Response(status=status, headers=dict(headers), **content)
        case str():
            return web.Response(text=value)
        case Mapping() | list():
            return web.json_response(value)
    raise TypeError(
        f"a webhook answers with a text, a dict, a list, a WebhookResponse or None, not {type(value).__name__}"
    )
