"""What a call that is captured answers, so that a plugin that reads it goes on as if the call had been sent."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

_numbers = itertools.count(1)


def captured_answer(method: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """An answer in the shape of Slack's, with ids of its own and `captured` set.

    Args:
        method: The Web API method that was not called; https://docs.slack.dev/reference/methods.
        arguments: What it would have been called with.
    """
    make = _ANSWERS.get(method)
    if make is None:
        make = _view if method.startswith("views.") else _place
    return {"ok": True, "captured": True, **make(arguments)}


def _place(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Of a method that is not known here: most that write say where and when."""
    return {"channel": arguments.get("channel"), "ts": arguments.get("ts") or _ts()}


def _message(arguments: Mapping[str, Any]) -> dict[str, Any]:
    place = _place(arguments)
    given = {name: arguments[name] for name in ("text", "thread_ts", "username") if name in arguments}
    given |= {name: _parsed(arguments[name]) for name in ("blocks", "attachments", "metadata") if name in arguments}
    return {**place, "message": {"type": "message", "text": "", **given, "ts": place["ts"]}}


def _update(arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {**_message(arguments), "text": arguments.get("text", "")}


def _ephemeral(_arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {"message_ts": _ts()}


def _scheduled(arguments: Mapping[str, Any]) -> dict[str, Any]:
    message = _message(arguments)["message"]
    del message["ts"]  # it has none before it is posted
    return {
        "channel": arguments.get("channel"),
        "scheduled_message_id": _id("Q"),
        "post_at": arguments.get("post_at"),
        "message": message,
    }


def _view(arguments: Mapping[str, Any]) -> dict[str, Any]:
    view = _parsed(arguments.get("view"))
    given = view if isinstance(view, Mapping) else {}
    view_id = arguments.get("view_id") or _id("V")
    unset: dict[str, Any] = {
        "callback_id": "",
        "external_id": "",
        "private_metadata": "",
        "blocks": [],
        "state": {"values": {}},
    }
    unset |= {"clear_on_close": False, "notify_on_close": False, "title": None, "submit": None, "close": None}
    made = {"id": view_id, "hash": f"{time.time():.0f}.captured", "root_view_id": view_id, "previous_view_id": None}
    return {"view": {**unset, **given, **made}}


def _conversation(arguments: Mapping[str, Any]) -> dict[str, Any]:
    channel_id = arguments.get("channel") or _id("C")
    return {"channel": {"id": channel_id, **({"name": arguments["name"]} if "name" in arguments else {})}}


def _file(arguments: Mapping[str, Any]) -> dict[str, Any]:
    uploads = arguments.get("file_uploads") or [arguments]
    names = ((one.get("title"), one.get("filename")) for one in uploads if isinstance(one, Mapping))
    files = [{"id": _id("F"), "title": title or name or "", "name": name or ""} for title, name in names]
    return {"files": files, "file": files[0] if files else {}}


def _bookmark(arguments: Mapping[str, Any]) -> dict[str, Any]:
    made = {"id": arguments.get("bookmark_id") or _id("Bk"), "date_created": int(time.time()), "rank": "0"}
    return {"bookmark": {**made, **arguments}}


_ANSWERS: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "chat.postMessage": _message,
    "chat.meMessage": _place,
    "chat.update": _update,
    "chat.delete": _place,
    "chat.postEphemeral": _ephemeral,
    "chat.scheduleMessage": _scheduled,
    "conversations.create": _conversation,
    "conversations.join": _conversation,
    "conversations.invite": _conversation,
    "conversations.rename": _conversation,
    "files.uploadV2": _file,
    "bookmarks.add": _bookmark,
    "bookmarks.edit": _bookmark,
}


def _parsed(value: Any) -> Any:
    """Blocks and views may be handed over as JSON."""
    if not isinstance(value, str) or value[:1] not in ("{", "["):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _ts() -> str:
    return f"{time.time():.6f}"


def _id(kind: str) -> str:
    return f"{kind}0CAPTURED{next(_numbers)}"
