"""The pins family: https://docs.slack.dev/reference/methods?family=pins."""

from __future__ import annotations

from machine.sandbox.api.methods.call import Answer, Call, Method
from machine.sandbox.refusal import SlackRefusal
from machine.sandbox.state.objects import Message


def _add(call: Call) -> Answer:
    call.workspace.messages.pin(_message(call), call.actor.id)
    return {}


def _remove(call: Call) -> Answer:
    call.workspace.messages.unpin(_message(call), call.actor.id)
    return {}


def _list(call: Call) -> Answer:
    conversation = call.joined_channel()
    items = [
        {
            "type": "message",
            "channel": conversation.id,
            "created": pinned_at,
            "created_by": user,
            "message": call.workspace.serializer.message(message) | {"pinned_to": [conversation.id]},
        }
        for message, user, pinned_at in call.workspace.messages.pins(conversation.id)
    ]
    return {"items": items}


def _message(call: Call) -> Message:
    conversation = call.joined_channel()
    if "timestamp" not in call.arguments:
        raise SlackRefusal("no_item_specified")
    return call.workspace.messages.known(conversation.id, call.arguments.required("timestamp"))


METHODS = (
    Method("pins.add", _add),
    Method("pins.remove", _remove),
    Method("pins.list", _list),
)
