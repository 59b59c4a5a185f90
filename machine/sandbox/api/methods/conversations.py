"""The reading half of the conversations family: https://docs.slack.dev/reference/methods?family=conversations."""

from __future__ import annotations

from collections.abc import Iterable

from machine.sandbox.api.methods.call import Answer, Call, Method
from machine.sandbox.api.pagination import next_cursor, page_of
from machine.sandbox.refusal import SlackRefusal
from machine.sandbox.state.objects import Conversation, Message

_KINDS = {"public_channel": "channel", "private_channel": "private", "mpim": "mpim", "im": "im"}
_LAST_TS = "9999999999.999999"


def list_for(call: Call, member: str | None) -> Answer:
    """The conversations that the bot can see, of one member only if that is given."""
    kinds = _kinds(call)
    is_without_archived = call.arguments.flag("exclude_archived")
    channels = call.workspace.channels
    visible = [
        conversation
        for conversation in channels.values()
        if conversation.kind in kinds
        and channels.can_see(call.actor.id, conversation)
        and not (is_without_archived and conversation.is_archived)
        and (member is None or member in conversation.members)
    ]
    page, cursor = page_of(visible, call.arguments)
    shapes = [call.workspace.serializer.conversation(conversation) for conversation in page]
    return {"channels": shapes, **next_cursor(cursor)}


def _list(call: Call) -> Answer:
    answer = list_for(call, None)
    for shape in answer["channels"]:
        if not shape["is_im"]:
            shape["num_members"] = len(call.workspace.channels[shape["id"]].members)
    return answer


def _info(call: Call) -> Answer:
    conversation = call.channel()
    shape = call.workspace.serializer.conversation(conversation)
    if call.actor.id in conversation.members:
        shape["last_read"] = conversation.last_read.get(call.actor.id, "0000000000.000000")
    if call.arguments.flag("include_num_members") and not conversation.is_dm:
        shape["num_members"] = len(conversation.members)
    return {"channel": shape}


def _open(call: Call) -> Answer:
    if "channel" in call.arguments:
        conversation = call.channel()
        if conversation.is_channel:
            raise SlackRefusal("method_not_supported_for_channel_type")
        users = list(conversation.members)
    else:
        users = call.arguments.ids("users")
    was_there = {channel.id for channel in call.workspace.channels.values() if channel.is_open}
    conversation = call.workspace.channels.open([*users, call.actor.id])
    is_full = call.arguments.flag("return_im")
    shape = call.workspace.serializer.conversation(conversation) if is_full else {"id": conversation.id}
    answer: Answer = {"channel": shape}
    if conversation.id in was_there:
        answer |= {"no_op": True, "already_open": True}
    return answer


def _close(call: Call) -> Answer:
    was_open = call.workspace.channels.close(call.joined_channel(), call.actor.id)
    return {} if was_open else {"no_op": True, "already_closed": True}


def _history(call: Call) -> Answer:
    conversation = call.joined_channel()
    messages = call.workspace.messages.newest_first(conversation.id)
    wanted = list(_between(call, (message for message in messages if message.is_in_channel)))
    page, cursor = page_of(wanted, call.arguments)
    answer: Answer = {
        "messages": [call.workspace.serializer.message(message) for message in page],
        "has_more": bool(cursor),
        "pin_count": len(call.workspace.messages.pins(conversation.id)),
    }
    return answer | (next_cursor(cursor) if cursor else {})


def _replies(call: Call) -> Answer:
    conversation = call.joined_channel()
    parent, *replies = call.workspace.messages.thread(conversation.id, call.arguments.required("ts"))
    page, cursor = page_of([parent, *_between(call, replies)], call.arguments, default_limit=1000)
    answer: Answer = {
        "messages": [call.workspace.serializer.message(message) for message in page],
        "has_more": bool(cursor),
    }
    return answer | (next_cursor(cursor) if cursor else {})


def _members(call: Call) -> Answer:
    page, cursor = page_of(list(call.channel().members), call.arguments)
    return {"members": page, **next_cursor(cursor)}


def _mark(call: Call) -> Answer:
    conversation = call.joined_channel()
    conversation.last_read[call.actor.id] = call.arguments.required("ts")
    return {}


def _between(call: Call, messages: Iterable[Message]) -> Iterable[Message]:
    """The messages that everybody sees, from `oldest` to `latest`."""
    oldest = call.arguments.text("oldest", "0")
    latest = call.arguments.text("latest") or _LAST_TS
    is_inclusive = call.arguments.flag("inclusive")
    low, high = _moment(oldest, "invalid_ts_oldest"), _moment(latest, "invalid_ts_latest")
    for message in messages:
        at = _moment(message.ts, "")
        is_within = low <= at <= high if is_inclusive else low < at < high
        if is_within and message.ephemeral_to is None:
            yield message


def _moment(ts: str, error: str) -> tuple[int, int]:
    """A timestamp in a form that compares exactly, which a float would not."""
    seconds, _, microseconds = ts.partition(".")
    if not (seconds.isdigit() and (microseconds.isdigit() or not microseconds)):
        raise SlackRefusal(error)
    return int(seconds), int(microseconds.ljust(6, "0")[:6] or 0)


def _kinds(call: Call) -> set[str]:
    names = call.arguments.ids("types", required=False) or ["public_channel"]
    if not _KINDS.keys() >= set(names):
        raise SlackRefusal("invalid_types")
    return {_KINDS[name] for name in names}


def shape_of(call: Call, conversation: Conversation) -> Answer:
    """The answer of the methods that give back the conversation they changed."""
    return {"channel": call.workspace.serializer.conversation(conversation)}


METHODS = (
    Method("conversations.list", _list),
    Method("conversations.info", _info),
    Method("conversations.open", _open),
    Method("conversations.close", _close),
    Method("conversations.history", _history),
    Method("conversations.replies", _replies),
    Method("conversations.members", _members),
    Method("conversations.mark", _mark),
)
