"""The views family: https://docs.slack.dev/reference/methods?family=views."""

from __future__ import annotations

import time
from collections.abc import Mapping

from machine.slack.block_kit.elements import objects_in, with_ids
from machine.slack.dry_run.call import Answers, DryRunCall, Json, new_id


def _opened(call: DryRunCall) -> Json:
    view_id = new_id("V")
    return {"view": _view(call, view_id)}


def _updated(call: DryRunCall) -> Json:
    return {"view": _view(call, call.text("view_id") or new_id("V"))}


def _view(call: DryRunCall, view_id: str) -> Json:
    content = call.json("view")
    content = content if isinstance(content, Mapping) else {}
    who = call.identity
    shape: Json = {
        "id": view_id,
        "team_id": who.team_id,
        "type": content.get("type") or "modal",
        "blocks": list(with_ids(objects_in(content.get("blocks")), new_id)),
        "private_metadata": content.get("private_metadata") or "",
        "callback_id": content.get("callback_id") or "",
        "state": {"values": {}},
        "hash": f"{int(time.time())}.{new_id()}",
        "title": content.get("title"),
        "clear_on_close": bool(content.get("clear_on_close")),
        "notify_on_close": bool(content.get("notify_on_close")),
        "close": content.get("close"),
        "submit": content.get("submit"),
        "previous_view_id": None,
        "root_view_id": view_id,
        "app_id": who.bot_info.get("app_id"),
        "external_id": content.get("external_id") or "",
        "app_installed_team_id": who.team_id,
        "bot_id": who.bot_id,
    }
    return shape | ({"submit_disabled": bool(content.get("submit_disabled"))} if shape["type"] == "modal" else {})


ANSWERS: Answers = {
    "views.open": _opened,
    "views.push": _opened,
    "views.update": _updated,
    "views.publish": _opened,
}
