"""The Web API over HTTP: reads the arguments, checks the token, asks the method table, writes the answer.

What is the same for every method is here once; what a method does is in `machine.sandbox.methods`.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from machine.sandbox.arguments import Arguments
from machine.sandbox.methods import TABLE
from machine.sandbox.methods.call import Call, Method
from machine.sandbox.refusal import SlackRefusal
from machine.sandbox.workspace import Workspace

_logger = logging.getLogger(__name__)
_FORMS = {"application/x-www-form-urlencoded", "multipart/form-data"}
_BOT_SCOPES = ",".join(
    sorted({scope for method in TABLE.values() if method.caller != "app" for scope in method.scopes})
)


class WebApi:
    """Answers `POST` and `GET` on `/api/<method>`."""

    def __init__(self, workspace: Workspace, base_url: str, open_connection: Callable[[bool], str]) -> None:
        self._workspace = workspace
        self._base_url = base_url
        self._open_connection = open_connection

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one call; a refusal is an answer too, with status 200 as in Slack."""
        name = request.match_info["method"]
        method = TABLE.get(name)
        if method is None:
            _logger.warning("%s was called, which the sandbox does not have", name)
        try:
            arguments, body_token = await _read_arguments(request)
            method = _known(method)
            self._check_token(method, _bearer_token(request) or body_token)
            answer = method.run(Call(self._workspace, Arguments(arguments), self._base_url, self._open_connection))
        except SlackRefusal as refusal:
            return _respond(refusal_as_answer(refusal), method)
        return _respond({"ok": True, **answer}, method)

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
    answer: dict[str, Any] = {"ok": False, "error": refusal.error}
    if refusal.messages:
        plain = [message.removeprefix("[ERROR] ") for message in refusal.messages]
        answer |= {"errors": plain, "response_metadata": {"messages": list(refusal.messages)}}
    return answer


def _known(method: Method | None) -> Method:
    if method is None:
        raise SlackRefusal("unknown_method")
    return method


async def _read_arguments(request: web.Request) -> tuple[Mapping[str, Any], str]:
    """The arguments, and the token if one came among them."""
    arguments: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        arguments |= _json_object(await request.text())
    elif request.content_type in _FORMS:
        arguments |= {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    token = arguments.pop("token", "")
    return arguments, token if isinstance(token, str) else ""


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


def _respond(answer: Mapping[str, Any], method: Method | None) -> web.Response:
    headers = {"X-OAuth-Scopes": _BOT_SCOPES}
    if method is not None:
        headers["X-Accepted-OAuth-Scopes"] = ",".join(method.scopes)
    return web.json_response(answer, headers=headers)
