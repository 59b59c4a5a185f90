"""api.test, auth.test and apps.connections.open: who calls, and how to get events."""

from __future__ import annotations

from machine.sandbox.api.methods.call import Answer, Call, Method
from machine.sandbox.refusal import SlackRefusal


def _test_api(call: Call) -> Answer:
    if error := call.arguments.maybe_text("error"):
        raise SlackRefusal(error)
    foo = call.arguments.maybe_text("foo")
    return {"args": {"foo": foo}} if foo else {}


def _test_auth(call: Call) -> Answer:
    team, actor = call.workspace.team, call.actor
    return {
        "url": team.url,
        "team": team.name,
        "user": actor.name,
        "team_id": team.id,
        "user_id": actor.id,
        **({"bot_id": actor.bot_id} if actor.is_bot else {}),
        "is_enterprise_install": False,
    }


def _open_connection(call: Call) -> Answer:
    return {"url": call.open_connection(call.arguments.flag("debug_reconnects"))}


METHODS = (
    Method("api.test", _test_api, caller="anybody"),
    Method("auth.test", _test_auth, caller="either"),
    Method("apps.connections.open", _open_connection, caller="app"),
)
