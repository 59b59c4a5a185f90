"""The bookmarks family: https://docs.slack.dev/reference/methods?family=bookmarks."""

from __future__ import annotations

from machine.sandbox.api.methods.call import Answer, Call, Method
from machine.sandbox.state.objects import Conversation

_EDITABLE = ("title", "link", "emoji")


def _add(call: Call) -> Answer:
    arguments = call.arguments
    bookmark = call.workspace.bookmarks.add(
        _channel(call).id,
        call.actor.id,
        title=arguments.required("title"),
        kind=arguments.required("type"),
        link=arguments.maybe_text("link"),
        emoji=arguments.maybe_text("emoji"),
    )
    return {"bookmark": bookmark}


def _edit(call: Call) -> Answer:
    fields = {name: call.arguments.text(name) for name in _EDITABLE if name in call.arguments}
    bookmark_id = call.arguments.required("bookmark_id")
    return {"bookmark": call.workspace.bookmarks.edit(_channel(call).id, bookmark_id, call.actor.id, **fields)}


def _remove(call: Call) -> Answer:
    call.workspace.bookmarks.remove(_channel(call).id, call.arguments.required("bookmark_id"))
    return {}


def _list(call: Call) -> Answer:
    return {"bookmarks": call.workspace.bookmarks.of(_channel(call).id)}


def _channel(call: Call) -> Conversation:
    return call.joined_channel("channel_id")


METHODS = (
    Method("bookmarks.add", _add),
    Method("bookmarks.edit", _edit),
    Method("bookmarks.remove", _remove),
    Method("bookmarks.list", _list),
)
