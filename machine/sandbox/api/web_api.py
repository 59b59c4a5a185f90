"""The Web API over HTTP: reads the arguments, checks the token, asks the method table, writes the answer.

What is the same for every method is here once; what a method does is in `machine.sandbox.api.methods`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from machine.sandbox.api.methods import TABLE
from machine.sandbox.api.methods.call import Call, Method
from machine.sandbox.api.methods.permissions import check_scopes
from machine.sandbox.api.tokens import Holder, bearer_token, holder_of
from machine.sandbox.arguments import Arguments
from machine.sandbox.delivery.faults import CallFate, Plan
from machine.sandbox.refusal import SlackRefusal
from machine.sandbox.traffic_log import Witness, nobody
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
            given, token = await read_arguments(request)
        except SlackRefusal as refusal:
            return web.json_response(refusal_as_answer(refusal), headers=_scope_headers(method, None))
        holder = self._holder(token)
        fate = self._fate(name, method, given, holder)
        answer = {} if fate.is_stillborn else self._answer(method, given, holder)
        self._witness("call", _told(name, given, answer, fate, holder))
        if fate.delay_s:
            await self._hold_back(fate.delay_s)
        _add_warnings(answer, request)
        headers = _scope_headers(method, holder)
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

    def _holder(self, token: str) -> Holder | SlackRefusal:
        """Whose token it is, or why it is nobody's, which matters only to methods that want a token."""
        try:
            return holder_of(self._workspace, token)
        except SlackRefusal as refusal:
            return refusal

    def _fate(
        self, name: str, method: Method | None, given: Mapping[str, Any], holder: Holder | SlackRefusal
    ) -> CallFate:
        if isinstance(holder, Holder) and holder.kind == "user":
            return CallFate()  # faults and limits are there to try out the app, not those who play people
        return self._workspace.faults.fate_of_call(
            name, method.facts.tier if method else 3, str(given.get("channel", ""))
        )

    def _answer(self, method: Method | None, given: Mapping[str, Any], holder: Holder | SlackRefusal) -> dict[str, Any]:
        if method is None:
            return refusal_as_answer(SlackRefusal("unknown_method"))
        try:
            _check_token(method, holder)
            actor = holder.person if isinstance(holder, Holder) else self._workspace.bot
            call = Call(self._workspace, actor, Arguments(given), self._base_url, self._open_connection)
            if isinstance(holder, Holder) and holder.kind == "bot" and method.caller == "member":
                check_scopes(method, call, holder.scopes)
            return {"ok": True, **method.run(call)}
        except SlackRefusal as refusal:
            return refusal_as_answer(refusal)


def _check_token(method: Method, holder: Holder | SlackRefusal) -> None:
    if method.caller == "anybody":
        return
    if isinstance(holder, SlackRefusal):
        raise holder
    if method.caller != "either" and (holder.kind == "app") != (method.caller == "app"):
        raise SlackRefusal("not_allowed_token_type")


def _scope_headers(method: Method | None, holder: Holder | SlackRefusal | None) -> dict[str, str]:
    """What the token is good for, and what the method wants; Slack tells the first only to whom it knows."""
    headers = {"x-oauth-scopes": ",".join(holder.scopes)} if isinstance(holder, Holder) else {}
    if method is not None:
        headers["x-accepted-oauth-scopes"] = ",".join(method.facts.scopes)
    return headers


def refusal_as_answer(refusal: SlackRefusal) -> dict[str, Any]:
    """How Slack writes a refusal."""
    answer: dict[str, Any] = {"ok": False, "error": refusal.error, **refusal.details}
    if refusal.messages:
        plain = [message.removeprefix("[ERROR] ") for message in refusal.messages]
        answer |= {"errors": plain, "response_metadata": {"messages": list(refusal.messages)}}
    return answer


async def read_arguments(request: web.Request) -> tuple[Mapping[str, Any], str]:
    """The arguments, and the token if one came among them."""
    arguments: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        arguments |= _json_object(await request.text())
    elif request.content_type in _FORMS:
        arguments |= {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    token = arguments.pop("token", "")
    return arguments, bearer_token(request.headers) or (token if isinstance(token, str) else "")


def _json_object(text: str) -> dict[str, Any]:
    try:
        given = json.loads(text) if text.strip() else {}
    except ValueError as error:
        raise SlackRefusal("invalid_json") from error
    if not isinstance(given, dict):
        raise SlackRefusal("json_not_object")
    return given


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


def _told(
    method: str,
    given: Mapping[str, Any],
    answer: Mapping[str, Any],
    fate: CallFate,
    holder: Holder | SlackRefusal,
) -> dict[str, Any]:
    """What a recording says of a call; also whose it was, if a person's."""
    fault: dict[str, Any] = {"delay_s": fate.delay_s} if fate.delay_s else {}
    if fate.failure is not None:
        fault |= {"effect": fate.failure.effect, "error": fate.failure.error, "status": fate.failure.status}
    person = {"user": holder.person.id} if isinstance(holder, Holder) and holder.kind == "user" else {}
    return {"method": method, **person, "arguments": given, "answer": answer} | ({"fault": fault} if fault else {})


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
