"""The chat family: https://docs.slack.dev/reference/methods?family=chat."""

from __future__ import annotations

from machine.sandbox.api.methods.call import Answer, Call, Method
from machine.sandbox.api.pagination import next_cursor, page_of
from machine.sandbox.refusal import SlackRefusal
from machine.sandbox.rules.message_rules import check_draft, draft_of, is_cut
from machine.sandbox.state.objects import Conversation, Draft, Message

_MAX_UPDATED_LENGTH = 4_000


def _post_message(call: Call) -> Answer:
    conversation, draft = _target(call), draft_of(call.arguments)
    posting = call.workspace.posting
    may_write_anywhere = call.actor.is_bot and "chat:write.public" in call.workspace.app.scopes
    is_open = may_write_anywhere and conversation.kind == "channel" and not conversation.is_archived
    post = posting.post_unchecked if is_open else posting.post
    message = post(call.actor, conversation, draft)
    shape = call.workspace.serializer.message(message)
    return {"channel": message.channel, "ts": message.ts, "message": shape, **_warning(call)}


def _post_ephemeral(call: Call) -> Answer:
    conversation = _target(call)
    call.workspace.channels.writable(conversation.id, call.actor.id)
    user = call.workspace.people.known(call.arguments.required("user"))
    if user.id not in conversation.members:
        raise SlackRefusal("user_not_in_channel")
    draft = draft_of(call.arguments)
    message = call.workspace.posting.post_unchecked(call.actor, conversation, draft, ephemeral_to=user.id)
    return {"message_ts": message.ts, **_warning(call)}


def _me_message(call: Call) -> Answer:
    draft = Draft(text=draft_of(call.arguments).text, subtype="me_message")
    message = call.workspace.posting.post(call.actor, _target(call), draft)
    return {"channel": message.channel, "ts": message.ts, **_warning(call)}


def _update(call: Call) -> Answer:
    arguments = call.arguments
    text = arguments.text("text") or arguments.text("markdown_text")
    if len(text) > _MAX_UPDATED_LENGTH:
        raise SlackRefusal("msg_too_long")
    message = call.workspace.posting.edit(
        call.actor,
        _message(call),
        text=text if "text" in arguments or "markdown_text" in arguments else None,
        blocks=arguments.items("blocks", "invalid_blocks_format"),
        attachments=arguments.items("attachments", "invalid_attachments"),
        metadata=arguments.object("metadata", "invalid_metadata_format"),
    )
    shape = call.workspace.serializer.message(message)
    return {"channel": message.channel, "ts": message.ts, "text": message.text, "message": shape}


def _delete(call: Call) -> Answer:
    message = _message(call)
    call.workspace.posting.delete(call.actor, message)
    return {"channel": message.channel, "ts": message.ts}


def _schedule(call: Call) -> Answer:
    conversation = _target(call)
    call.workspace.channels.writable(conversation.id, call.actor.id)
    draft = draft_of(call.arguments)
    check_draft(draft)
    scheduled = call.workspace.schedule.add(call.actor.id, conversation.id, call.arguments.number("post_at"), draft)
    message = call.workspace.serializer.message(call.workspace.posting.written(call.actor, conversation, draft, ""))
    shape = {name: value for name, value in message.items() if name not in {"ts", "client_msg_id"}}
    return {
        "channel": scheduled.channel,
        "scheduled_message_id": scheduled.id,
        "post_at": scheduled.post_at,
        "message": {**shape, "type": "delayed_message"},
        **_warning(call),
    }


def _list_scheduled(call: Call) -> Answer:
    channel = call.channel().id if "channel" in call.arguments else None
    oldest, latest = call.arguments.number("oldest", 0), call.arguments.number("latest", 1 << 40)
    matching = [
        scheduled
        for scheduled in call.workspace.schedule.pending()
        if scheduled.user == call.actor.id
        and channel in {None, scheduled.channel}
        and oldest <= scheduled.post_at <= latest
    ]
    page, cursor = page_of(matching, call.arguments)
    listed = [
        {
            "id": scheduled.id,
            "channel_id": scheduled.channel,
            "post_at": scheduled.post_at,
            "date_created": scheduled.created,
            "text": scheduled.draft.text,
        }
        for scheduled in page
    ]
    return {"scheduled_messages": listed, **next_cursor(cursor)}


def _delete_scheduled(call: Call) -> Answer:
    scheduled_id = call.arguments.required("scheduled_message_id")
    call.workspace.schedule.remove(call.actor.id, call.channel().id, scheduled_id)
    return {}


def _get_permalink(call: Call) -> Answer:
    conversation = call.channel()
    message = call.workspace.messages.known(conversation.id, call.arguments.required("message_ts"))
    link = f"{call.workspace.team.url}archives/{conversation.id}/p{message.ts.replace('.', '')}"
    if message.is_reply:
        link += f"?thread_ts={message.thread_ts}&cid={conversation.id}"
    return {"channel": conversation.id, "permalink": link}


def _target(call: Call) -> Conversation:
    """Where to post: by id, by name, or by the id of a person for the DM with them."""
    channel = call.arguments.required("channel")
    channels = call.workspace.channels
    if channel in call.workspace.people:
        return channels.open([channel, call.actor.id])
    conversation = channels.get(channel) or channels.named(channel.removeprefix("#"))
    return channels.known(conversation.id if conversation else channel, call.actor.id)


def _warning(call: Call) -> Answer:
    """How Slack tells that it cut the text."""
    if not is_cut(call.arguments):
        return {}
    warning = "message_truncated"
    return {"warning": warning, "response_metadata": {"warnings": [warning]}}


def _message(call: Call) -> Message:
    return call.workspace.messages.known(call.channel().id, call.arguments.required("ts"))


METHODS = (
    Method("chat.postMessage", _post_message),
    Method("chat.postEphemeral", _post_ephemeral),
    Method("chat.meMessage", _me_message),
    Method("chat.update", _update),
    Method("chat.delete", _delete),
    Method("chat.scheduleMessage", _schedule),
    Method("chat.scheduledMessages.list", _list_scheduled),
    Method("chat.deleteScheduledMessage", _delete_scheduled),
    Method("chat.getPermalink", _get_permalink),
)
