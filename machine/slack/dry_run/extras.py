"""Bookmarks, user groups and canvases: https://docs.slack.dev/reference/methods."""

from __future__ import annotations

import time

from machine.slack.dry_run.call import Answers, DryRunCall, Json, new_id


def _bookmark(call: DryRunCall) -> Json:
    now = int(time.time())
    bookmark_id = call.text("bookmark_id")
    return {
        "bookmark": {
            "id": bookmark_id or new_id("Bk"),
            "channel_id": call.text("channel_id"),
            "title": call.text("title"),
            "link": call.arguments.get("link"),
            "emoji": call.arguments.get("emoji"),
            "icon_url": None,
            "type": call.text("type") or "link",
            "entity_id": None,
            "date_created": now,
            "date_updated": now if bookmark_id else 0,
            "rank": "0",
            "last_updated_by_user_id": call.identity.user_id,
            "last_updated_by_team_id": None,
            "shortcut_id": None,
            "app_id": None,
        }
    }


def _user_group(call: DryRunCall) -> Json:
    given = {name: call.arguments[name] for name in ("name", "handle", "description") if name in call.arguments}
    group_id = call.text("usergroup") or new_id("S")
    return {
        "usergroup": {
            "id": group_id,
            "team_id": call.identity.team_id,
            "is_usergroup": True,
            "users": call.names("users"),
        }
        | given
    }


def _canvas(call: DryRunCall) -> Json:  # noqa: ARG001 - as all of them
    return {"canvas_id": new_id("F")}


ANSWERS: Answers = {
    "bookmarks.add": _bookmark,
    "bookmarks.edit": _bookmark,
    "usergroups.create": _user_group,
    "usergroups.update": _user_group,
    "usergroups.users.update": _user_group,
    "canvases.create": _canvas,
    "conversations.canvases.create": _canvas,
}
