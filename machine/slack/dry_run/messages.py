"""The chat family: https://docs.slack.dev/reference/methods?family=chat."""

from __future__ import annotations

import time

from machine.slack.block_kit.elements import with_ids
from machine.slack.dry_run.call import Answers, DryRunCall, Json, new_id


def _message(call: DryRunCall, ts: str) -> Json:
    """A message of the bot, as a call describes it."""
    who, info = call.identity, call.identity.bot_info
    shape: Json = {
        "user": who.user_id,
        "type": "message",
        "ts": ts,
        "bot_id": who.bot_id,
        "app_id": info.get("app_id"),
        "text": call.text("text") or call.text("markdown_text"),
        "team": who.team_id,
        "bot_profile": {
            "id": who.bot_id,
            "app_id": info.get("app_id"),
            "name": info.get("name"),
            "icons": info.get("icons") or {},
            "deleted": False,
            "updated": info.get("updated"),
            "team_id": who.team_id,
        },
    }
    if blocks := list(with_ids(call.objects("blocks"), new_id)):
        shape["blocks"] = blocks
    if attachments := call.objects("attachments"):
        shape["attachments"] = [
            {"id": number, "fallback": one.get("text") or "[no preview available]", **one}
            for number, one in enumerate(attachments, start=1)
        ]
    if metadata := call.json("metadata"):
        shape["metadata"] = metadata
    if thread_ts := call.text("thread_ts"):
        shape["thread_ts"] = thread_ts
    return shape | _appearance(call)


def _appearance(call: DryRunCall) -> Json:
    """The name and picture that a bot gives itself for one message, and what that makes of the message."""
    shape: Json = {}
    if username := call.text("username"):
        shape |= {"username": username, "subtype": "bot_message"}
    if emoji := call.text("icon_emoji"):
        shape["icons"] = {"emoji": emoji}
    elif url := call.text("icon_url"):
        shape["icons"] = {"image_48": url}
    if call.text("thread_ts") and call.flag("reply_broadcast"):
        shape["subtype"] = "thread_broadcast"
    return shape


def _now_ts() -> str:
    return f"{time.time():.6f}"


def _posted(call: DryRunCall) -> Json:
    ts = _now_ts()
    return {"channel": call.channel_id, "ts": ts, "message": _message(call, ts)}


def _posted_for_one(call: DryRunCall) -> Json:  # noqa: ARG001 - as all of them
    return {"message_ts": _now_ts()}


def _begun(call: DryRunCall) -> Json:
    return {"channel": call.channel_id, "ts": _now_ts()}


def _updated(call: DryRunCall) -> Json:
    ts = call.text("ts")
    edited = {"edited": {"user": call.identity.user_id, "ts": _now_ts()}}
    message = _message(call, ts) | edited
    return {"channel": call.channel_id, "ts": ts, "text": message["text"], "message": message}


def _same_message(call: DryRunCall) -> Json:
    return {"channel": call.channel_id, "ts": call.text("ts")}


def _scheduled(call: DryRunCall) -> Json:
    message = {name: value for name, value in _message(call, "").items() if name != "ts"}
    return {
        "channel": call.channel_id,
        "scheduled_message_id": new_id("Q"),
        "post_at": call.number("post_at"),
        "message": {**message, "type": "delayed_message"},
    }


def _permalink(call: DryRunCall) -> Json:
    number = call.text("message_ts").replace(".", "")
    return {"channel": call.channel_id, "permalink": f"https://slack.com/archives/{call.channel_id}/p{number}"}


ANSWERS: Answers = {
    "chat.postMessage": _posted,
    "chat.postEphemeral": _posted_for_one,
    "chat.meMessage": _begun,
    "chat.startStream": _begun,
    "chat.appendStream": _same_message,
    "chat.stopStream": _updated,
    "chat.update": _updated,
    "chat.delete": _same_message,
    "chat.scheduleMessage": _scheduled,
    "chat.getPermalink": _permalink,
}
