"""The reactions family: https://docs.slack.dev/reference/methods?family=reactions."""

from __future__ import annotations

from machine.sandbox.api.methods.call import Answer, Call, Method
from machine.sandbox.api.pagination import next_cursor, page_of
from machine.sandbox.refusal import SlackRefusal
from machine.sandbox.state.objects import Message


def _add(call: Call) -> Answer:
    message = _message(call)
    call.workspace.channels.writable(message.channel, call.actor.id)
    call.workspace.messages.react(message, call.actor.id, call.arguments.required("name"))
    return {}


def _remove(call: Call) -> Answer:
    call.workspace.messages.unreact(_message(call), call.actor.id, call.arguments.required("name"))
    return {}


def _get(call: Call) -> Answer:
    return _item(call, _message(call))


def _list(call: Call) -> Answer:
    user = call.workspace.people.known(call.arguments.text("user") or call.actor.id)
    channels = call.workspace.channels
    visible = [
        message
        for message in call.workspace.messages.reacted_by(user.id)
        if channels.can_see(call.actor.id, channels[message.channel])
    ]
    page, cursor = page_of(visible, call.arguments)
    return {"items": [_item(call, message) for message in page], **next_cursor(cursor)}


def _item(call: Call, message: Message) -> Answer:
    return {"type": "message", "channel": message.channel, "message": call.workspace.serializer.message(message)}


def _message(call: Call) -> Message:
    if "timestamp" not in call.arguments:
        raise SlackRefusal("no_item_specified")
    return call.workspace.messages.known(call.channel().id, call.arguments.required("timestamp"))


METHODS = (
    Method("reactions.add", _add),
    Method("reactions.remove", _remove),
    Method("reactions.get", _get),
    Method("reactions.list", _list),
)
