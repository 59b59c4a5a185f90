"""team.info, bots.info, emoji.list and the user groups: the workspace itself."""

from __future__ import annotations

from machine.sandbox.api.methods.call import Answer, Call, Method
from machine.sandbox.refusal import SlackRefusal


def _team_info(call: Call) -> Answer:
    team = call.workspace.team
    if call.arguments.text("team", team.id) != team.id:
        raise SlackRefusal("team_not_found")
    return {
        "team": {
            "id": team.id,
            "name": team.name,
            "url": team.url,
            "domain": team.domain,
            "email_domain": "",
            "icon": {"image_default": True},
            "avatar_base_url": "",
            "is_verified": False,
        }
    }


def _bots_info(call: Call) -> Answer:
    bot, app = call.workspace.bot, call.workspace.app
    if call.arguments.text("bot", bot.bot_id or "") != bot.bot_id:
        raise SlackRefusal("bot_not_found")
    profile = call.workspace.serializer.bot_profile()
    return {"bot": profile | {"id": bot.bot_id, "user_id": bot.id, "app_id": app.id}}


def _list_emoji(call: Call) -> Answer:
    return {"emoji": dict(call.workspace.extras.emoji), "cache_ts": str(call.workspace.timeline.now)}


def _list_usergroups(call: Call) -> Answer:
    is_wanted = {"users": call.arguments.flag("include_users"), "user_count": call.arguments.flag("include_count")}
    groups = [
        {name: value for name, value in group.items() if is_wanted.get(name, True)}
        for group in call.workspace.extras.usergroups
    ]
    return {"usergroups": groups}


def _list_usergroup_members(call: Call) -> Answer:
    wanted = call.arguments.required("usergroup")
    for group in call.workspace.extras.usergroups:
        if group["id"] == wanted:
            return {"users": list(group["users"])}
    raise SlackRefusal("no_such_subteam")


METHODS = (
    Method("team.info", _team_info),
    Method("bots.info", _bots_info),
    Method("emoji.list", _list_emoji),
    Method("usergroups.list", _list_usergroups),
    Method("usergroups.users.list", _list_usergroup_members),
)
