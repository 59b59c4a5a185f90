"""The conversations family: https://docs.slack.dev/reference/methods?family=conversations."""

from __future__ import annotations

import time
from typing import Any

from machine.slack.dry_run.call import Answers, DryRunCall, Json, new_id

_FLAGS = (
    *("is_channel", "is_group", "is_im", "is_mpim", "is_private", "is_archived", "is_general", "is_member"),
    *("is_shared", "is_org_shared", "is_ext_shared", "is_pending_ext_shared"),
)


def _created(call: DryRunCall) -> Json:
    is_private = call.flag("is_private")
    now = int(time.time())
    return {
        "channel": {
            **_unknown(call, new_id("C")),
            "name": call.text("name"),
            "name_normalized": call.text("name"),
            "created": now,
            "updated": now * 1000,
            "creator": call.identity.user_id,
            "is_channel": not is_private,
            "is_group": is_private,
            "is_private": is_private,
        }
    }


def _unknown(call: DryRunCall, channel_id: str) -> Json:
    """A channel of which nothing is known."""
    unset = {"value": "", "creator": "", "last_set": 0}
    shape: Json = {
        "id": channel_id,
        "name": "",
        "name_normalized": "",
        "created": 0,
        "updated": 0,
        "creator": "",
        "unlinked": 0,
        "context_team_id": call.identity.team_id,
        "shared_team_ids": [call.identity.team_id],
        "pending_shared": [],
        "previous_names": [],
        "topic": unset,
        "purpose": unset,
    }
    return shape | {name: name in ("is_channel", "is_member") for name in _FLAGS}


def _known(call: DryRunCall, **changed: Any) -> Json:
    """The channel as far as it is known, with what the call would have changed."""
    channel_id = call.channel_id
    return {"channel": _unknown(call, channel_id) | call.directory.channels.raw(channel_id) | changed}


def _renamed(call: DryRunCall) -> Json:
    return _known(call, name=call.text("name"), name_normalized=call.text("name"))


def _described(call: DryRunCall, what: str) -> Json:
    set_by = {"creator": call.identity.user_id, "last_set": int(time.time())}
    return _known(call, **{what: {"value": call.text(what), **set_by}})


def _with_topic(call: DryRunCall) -> Json:
    return _described(call, "topic")


def _with_purpose(call: DryRunCall) -> Json:
    return _described(call, "purpose") | {"purpose": call.text("purpose")}


ANSWERS: Answers = {
    "conversations.create": _created,
    "conversations.join": _known,
    "conversations.invite": _known,
    "conversations.rename": _renamed,
    "conversations.setTopic": _with_topic,
    "conversations.setPurpose": _with_purpose,
}
