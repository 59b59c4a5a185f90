"""The users family: https://docs.slack.dev/reference/methods?family=users."""

from __future__ import annotations

from machine.sandbox.api.methods.call import Answer, Call, Method
from machine.sandbox.api.methods.conversations import list_for
from machine.sandbox.api.pagination import next_cursor, page_of
from machine.sandbox.refusal import SlackRefusal
from machine.sandbox.state.objects import Person

_PRESENCES = {"auto": "active", "away": "away"}
_EVERYBODY = 1_000


def _list(call: Call) -> Answer:
    page, cursor = page_of(list(call.workspace.people.values()), call.arguments, default_limit=_EVERYBODY)
    members = [call.workspace.serializer.person(person) for person in page]
    return {"members": members, "cache_ts": int(call.workspace.timeline.now), **next_cursor(cursor)}


def _info(call: Call) -> Answer:
    return {"user": call.workspace.serializer.person(_person(call))}


def _lookup_by_email(call: Call) -> Answer:
    person = call.workspace.people.with_email(call.arguments.required("email"))
    if person is None or person.is_deleted:
        raise SlackRefusal("users_not_found")
    return {"user": call.workspace.serializer.person(person)}


def _conversations(call: Call) -> Answer:
    return list_for(call, call.workspace.people.known(call.arguments.text("user") or call.actor.id).id)


def _get_presence(call: Call) -> Answer:
    person = call.workspace.people.known(call.arguments.text("user") or call.actor.id)
    is_online = person.presence == "active"
    answer: Answer = {"presence": person.presence}
    if person.id == call.actor.id:
        answer |= {"online": is_online, "auto_away": False, "manual_away": not is_online, "connection_count": 1}
    return answer


def _set_presence(call: Call) -> Answer:
    presence = _PRESENCES.get(call.arguments.text("presence"))
    if presence is None:
        raise SlackRefusal("invalid_presence")
    call.workspace.people.change(call.actor.id, presence=presence)
    return {}


def _get_profile(call: Call) -> Answer:
    person = call.workspace.people.known(call.arguments.text("user") or call.actor.id)
    return {"profile": call.workspace.serializer.profile(person)}


def _person(call: Call) -> Person:
    return call.workspace.people.known(call.arguments.required("user"))


METHODS = (
    Method("users.list", _list),
    Method("users.info", _info),
    Method("users.lookupByEmail", _lookup_by_email),
    Method("users.conversations", _conversations),
    Method("users.getPresence", _get_presence),
    Method("users.setPresence", _set_presence),
    Method("users.profile.get", _get_profile),
)
