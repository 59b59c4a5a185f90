"""The changing half of the conversations family: who is in a channel, what it is called, whether it is archived."""

from __future__ import annotations

from machine.sandbox.api.methods.call import Answer, Call, Method
from machine.sandbox.api.methods.conversations import shape_of


def _create(call: Call) -> Answer:
    name = call.arguments.text("name")
    conversation = call.workspace.channels.create(name, call.actor.id, is_private=call.arguments.flag("is_private"))
    return shape_of(call, conversation)


def _join(call: Call) -> Answer:
    conversation = call.channel()
    if call.workspace.channels.join(conversation, call.actor.id):
        return shape_of(call, conversation)
    return shape_of(call, conversation) | {
        "warning": "already_in_channel",
        "response_metadata": {"warnings": ["already_in_channel"]},
    }


def _leave(call: Call) -> Answer:
    has_left = call.workspace.channels.leave(call.channel(), call.actor.id)
    return {} if has_left else {"not_in_channel": True}


def _invite(call: Call) -> Answer:
    conversation = call.joined_channel()
    call.workspace.channels.invite(conversation, call.arguments.ids("users"), call.actor.id)
    return shape_of(call, conversation)


def _kick(call: Call) -> Answer:
    call.workspace.channels.kick(call.joined_channel(), call.arguments.required("user"), call.actor.id)
    return {}


def _archive(call: Call) -> Answer:
    call.workspace.channels.archive(call.joined_channel(), call.actor.id)
    return {}


def _unarchive(call: Call) -> Answer:
    call.workspace.channels.unarchive(call.channel(), call.actor.id)
    return {}


def _rename(call: Call) -> Answer:
    conversation = call.joined_channel()
    call.workspace.channels.rename(conversation, call.arguments.text("name"), call.actor.id)
    return shape_of(call, conversation)


def _set_topic(call: Call) -> Answer:
    conversation = call.workspace.channels.writable(call.channel().id, call.actor.id)
    call.workspace.channels.set_topic(conversation, call.arguments.text("topic"), call.actor.id)
    return shape_of(call, conversation)


def _set_purpose(call: Call) -> Answer:
    conversation = call.workspace.channels.writable(call.channel().id, call.actor.id)
    call.workspace.channels.set_purpose(conversation, call.arguments.text("purpose"), call.actor.id)
    return shape_of(call, conversation) | {"purpose": conversation.purpose}


METHODS = (
    Method("conversations.create", _create),
    Method("conversations.join", _join),
    Method("conversations.leave", _leave),
    Method("conversations.invite", _invite),
    Method("conversations.kick", _kick),
    Method("conversations.archive", _archive),
    Method("conversations.unarchive", _unarchive),
    Method("conversations.rename", _rename),
    Method("conversations.setTopic", _set_topic),
    Method("conversations.setPurpose", _set_purpose),
)
