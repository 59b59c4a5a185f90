"""api.test, auth.test and apps.connections.open: who calls, and how to get events."""

from __future__ import annotations

from machine.sandbox.methods.call import Answer, Call, Method
from machine.sandbox.refusal import SlackRefusal


def _test_api(call: Call) -> Answer:
    if error := call.arguments.maybe_text("error"):
        raise SlackRefusal(error)
    foo = call.arguments.maybe_text("foo")
    return {"args": {"foo": foo}} if foo else {}


def _test_auth(call: Call) -> Answer:
    workspace = call.workspace
    return {
        "url": workspace.team.url,
        "team": workspace.team.name,
        "user": workspace.bot.name,
        "team_id": workspace.team.id,
        "user_id": workspace.bot.id,
        "bot_id": workspace.bot.bot_id,
        "is_enterprise_install": False,
    }


def _open_connection(call: Call) -> Answer:
    return {"url": call.open_connection(call.arguments.flag("debug_reconnects"))}


METHODS = (
    Method("api.test", _test_api, caller="anybody", tier=4),
    Method("auth.test", _test_auth, caller="either", tier=None),
    Method("apps.connections.open", _open_connection, ("connections:write",), caller="app", tier=1),
)
