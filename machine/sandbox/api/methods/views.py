"""The views family: https://docs.slack.dev/reference/methods?family=views."""

from __future__ import annotations

from machine.sandbox.api.methods.call import Answer, Call, Method
from machine.sandbox.refusal import SlackRefusal
from machine.sandbox.rules.block_rules import check_view
from machine.sandbox.state.objects import View


def _open(call: Call) -> Answer:
    view = call.arguments.required_object("view")
    check_view(view, "modal")
    user = call.workspace.triggers.redeem(call.arguments.required("trigger_id"))
    return _shape(call, call.workspace.views.open(user, view))


def _push(call: Call) -> Answer:
    view = call.arguments.required_object("view")
    check_view(view, "modal")
    user = call.workspace.triggers.redeem(call.arguments.required("trigger_id"))
    return _shape(call, call.workspace.views.push(user, view))


def _update(call: Call) -> Answer:
    view = call.arguments.required_object("view")
    view_id, external_id = call.arguments.maybe_text("view_id"), call.arguments.maybe_text("external_id")
    if not view_id and not external_id:
        raise SlackRefusal("invalid_arguments", ["[ERROR] missing required field: view_id or external_id"])
    current = call.workspace.views.find(view_id, external_id)
    check_view(view, current.type)
    return _shape(call, call.workspace.views.update(current, view, call.arguments.maybe_text("hash")))


def _publish(call: Call) -> Answer:
    view = call.arguments.required_object("view")
    check_view(view, "home")
    user = call.workspace.people.known(call.arguments.required("user_id"))
    return _shape(call, call.workspace.views.publish(user.id, view, call.arguments.maybe_text("hash")))


def _shape(call: Call, view: View) -> Answer:
    return {"view": call.workspace.serializer.view(view)}


METHODS = (
    Method("views.open", _open),
    Method("views.push", _push),
    Method("views.update", _update),
    Method("views.publish", _publish),
)
