"""The Web API over HTTP: reads the arguments, checks the token, asks the method table, writes the answer.

What is the same for every method is here once; what a method does is in `machine.sandbox.methods`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from machine.sandbox.arguments import Arguments
from machine.sandbox.faults import CallFate, Plan
from machine.sandbox.methods import TABLE
from machine.sandbox.methods.call import Call, Method
from machine.sandbox.methods.permissions import check_scopes
from machine.sandbox.recording import Witness, nobody
from machine.sandbox.refusal import SlackRefusal
from machine.sandbox.scopes import APP_TOKEN_SCOPES
from machine.sandbox.workspace import Workspace

_logger = logging.getLogger(__name__)
_FORMS = {"application/x-www-form-urlencoded", "multipart/form-data"}


class WebApi:
    """Answers `POST` and `GET` on `/api/<method>`."""

    def __init__(
        self, workspace: Workspace, base_url: str, open_connection: Callable[[bool], str], witness: Witness = nobody
    ) -> None:
        self._workspace = workspace
        self._base_url = base_url
        self._open_connection = open_connection
        self._witness = witness
        self._is_stopping = asyncio.Event()

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one call; a refusal is an answer too, with status 200 as in Slack."""
        name = request.match_info["method"]
        method = TABLE.get(name)
        if method is None:
            _logger.warning("%s was called, which the sandbox does not have", name)
        try:
            given, token = await _read_arguments(request)
        except SlackRefusal as refusal:
            return web.json_response(refusal_as_answer(refusal), headers=self._scope_headers(method, ""))
        call = Call(self._workspace, Arguments(given), self._base_url, self._open_connection)
        fate = self._workspace.faults.fate_of_call(name, method.tier if method else 3, str(given.get("channel", "")))
        headers = self._scope_headers(method, token)
        answer = {} if fate.is_stillborn else self._answer(method, call, token)
        self._witness("call", _told(name, given, answer, fate))
        if fate.delay_s:
            await self._hold_back(fate.delay_s)
        _add_warnings(answer, request)
        if fate.failure is not None:
            return _fail(request, fate.failure, headers)
        return web.json_response(answer, headers=headers)

    def stop(self) -> None:
        """Hold no answer back any longer."""
        self._is_stopping.set()

    async def _hold_back(self, delay_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(delay_s):
                await self._is_stopping.wait()

    def _answer(self, method: Method | None, call: Call, token: str) -> dict[str, Any]:
        if method is None:
            return refusal_as_answer(SlackRefusal("unknown_method"))
        try:
            self._check_token(method, token)
            if method.caller == "bot":
                check_scopes(method, call, self._workspace.app.scopes)
            return {"ok": True, **method.run(call)}
        except SlackRefusal as refusal:
            return refusal_as_answer(refusal)

    def _scope_headers(self, method: Method | None, token: str) -> dict[str, str]:
        """What the token is good for, and what the method wants; Slack tells the first only to whom it knows."""
        app = self._workspace.app
        provided = {app.bot_token: app.scopes, app.app_token: APP_TOKEN_SCOPES}.get(token)
        headers = {"X-OAuth-Scopes": ",".join(provided)} if provided is not None else {}
        if method is not None:
            headers["X-Accepted-OAuth-Scopes"] = ",".join(method.scopes)
        return headers

    def _check_token(self, method: Method, token: str) -> None:
        if method.caller == "anybody":
            return
        if not token:
            raise SlackRefusal("not_authed")
        app = self._workspace.app
        if token not in {app.bot_token, app.app_token}:
            raise SlackRefusal("invalid_auth")
        is_app_token = token == app.app_token
        if method.caller != "either" and is_app_token != (method.caller == "app"):
            raise SlackRefusal("not_allowed_token_type")


def refusal_as_answer(refusal: SlackRefusal) -> dict[str, Any]:
    """How Slack writes a refusal."""
    answer: dict[str, Any] = {"ok": False, "error": refusal.error, **refusal.details}
    if refusal.messages:
        plain = [message.removeprefix("[ERROR] ") for message in refusal.messages]
        answer |= {"errors": plain, "response_metadata": {"messages": list(refusal.messages)}}
    return answer


async def _read_arguments(request: web.Request) -> tuple[Mapping[str, Any], str]:
    """The arguments, and the token if one came among them."""
    arguments: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        arguments |= _json_object(await request.text())
    elif request.content_type in _FORMS:
        arguments |= {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    token = arguments.pop("token", "")
    return arguments, _bearer_token(request) or (token if isinstance(token, str) else "")


def _json_object(text: str) -> dict[str, Any]:
    try:
        given = json.loads(text) if text.strip() else {}
    except ValueError as error:
        raise SlackRefusal("invalid_json") from error
    if not isinstance(given, dict):
        raise SlackRefusal("json_not_object")
    return given


def _bearer_token(request: web.Request) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _add_warnings(answer: dict[str, Any], request: web.Request) -> None:
    """Warn of a `Content-Type` that should tell the charset, or should not."""
    warning = ""
    if request.method == "POST" and "Content-Type" in request.headers:
        if request.content_type in _FORMS:
            warning = "superfluous_charset" if request.charset else ""
        elif not request.charset:
            warning = "missing_charset"
    if warning:
        metadata = answer.setdefault("response_metadata", {})
        metadata["warnings"] = [*metadata.get("warnings", ()), warning]
        answer["warning"] = ",".join(metadata["warnings"])


def _told(method: str, given: Mapping[str, Any], answer: Mapping[str, Any], fate: CallFate) -> dict[str, Any]:
    """What a recording says of a call."""
    fault: dict[str, Any] = {"delay_s": fate.delay_s} if fate.delay_s else {}
    if fate.failure is not None:
        fault |= {"effect": fate.failure.effect, "error": fate.failure.error, "status": fate.failure.status}
    return {"method": method, "arguments": given, "answer": answer} | ({"fault": fault} if fault else {})


def _fail(request: web.Request, plan: Plan, headers: Mapping[str, str]) -> web.Response:
    """Answer as the plan says, or not at all."""
    if plan.effect == "drop":
        if request.transport is not None:
            request.transport.abort()
        return web.Response()  # goes nowhere, but aiohttp wants one
    waiting = {} if plan.retry_after is None else {"Retry-After": str(plan.retry_after)}
    if plan.status >= 500:
        return web.Response(status=plan.status, text="Something went wrong on Slack's side", headers=waiting)
    answer = {"ok": False, "error": plan.error}
    return web.json_response(answer, status=plan.status, headers={**headers, **waiting})
