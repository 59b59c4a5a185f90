"""The control interface: people of the workspace act by HTTP request, for bots in any language and for tests of them.

The Web API has no clicks, commands or modals; whoever holds the control token does here what a person does in Slack's
client. `docs/sandbox.md` lists the requests.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from aiohttp import web

from machine.errors import MachineError
from machine.sandbox.api.web_api import read_arguments
from machine.sandbox.arguments import Arguments
from machine.sandbox.delivery.interactions import Interaction
from machine.sandbox.refusal import SlackRefusal
from machine.sandbox.state.objects import Conversation, Message, Person, Surface, View
from machine.sandbox.workspace import Workspace

Json: TypeAlias = dict[str, Any]

_DEFAULT_LIMIT = 100


@dataclass(frozen=True, slots=True)
class _Request:
    """What somebody asks for."""

    workspace: Workspace
    arguments: Arguments

    @property
    def person(self) -> Person:
        """Who acts."""
        return self.workspace.find_person(self.arguments.required("as"))

    @property
    def channel(self) -> Conversation:
        """Where, which the person must be able to see; `@bob` is the DM with him."""
        name = self.arguments.required("channel")
        if name.startswith("@"):
            return self.workspace.open_dm(self.person, name)
        conversation = self.workspace.find_channel(name)
        return self.workspace.channels.known(conversation.id, self.person.id)

    @property
    def message(self) -> Message:
        """The message at `ts`, or the newest one in the channel that the person sees."""
        shown = self.shown(self.channel)
        ts = self.arguments.maybe_text("ts")
        found = [message for message in shown if ts in {None, message.ts}]
        if not found:
            raise SlackRefusal("message_not_found")
        return found[-1]

    @property
    def surface(self) -> Surface:
        """A view by its id, the `home` tab, a message, or the modal on top."""
        person, views = self.person, self.workspace.views
        name = self.arguments.maybe_text("view")
        if name is None and "channel" in self.arguments:
            return self.message
        view = views.shown_to(person.id) if name is None else views.home_of(person.id)
        if name not in {None, "home"}:
            view = views.find(name)
        if view is None or view.user != person.id:
            remedy = "Name a `channel` and the `ts` of a message, or a `view`."
            raise SlackRefusal("not_found", [f"{person.name} has no {name or 'modal'} open. {remedy}"])
        return view

    @property
    def view(self) -> View | None:
        """The view that is named; `None` for the modal on top."""
        surface = self.surface if "view" in self.arguments else None
        return surface if isinstance(surface, View) else None

    def shown(self, conversation: Conversation) -> list[Message]:
        """The messages of a conversation, or of one of its threads, as far as the person sees them."""
        if "ts" in self.arguments:
            messages = self.workspace.messages.newest_first(conversation.id)
            history = [*messages][::-1]
        else:
            history = self.workspace.history(conversation, self.arguments.maybe_text("thread_ts"))
        person = self.person.id
        return [message for message in history if message.ephemeral_to in {None, person}]


def _say(request: _Request) -> Json:
    text, thread_ts = request.arguments.required("text"), request.arguments.maybe_text("thread_ts")
    message = request.workspace.post(request.person, request.channel, text, thread_ts)
    return {"message": _message(request, message)}


def _command(request: _Request) -> Interaction:
    command, thread_ts = request.arguments.required("command"), request.arguments.maybe_text("thread_ts")
    return request.workspace.run_command(request.person, request.channel, command, thread_ts)


def _click(request: _Request) -> Interaction:
    action_id, value = request.arguments.required("action_id"), request.arguments.maybe_text("value")
    return request.workspace.click(request.person, request.surface, action_id, value)


def _choose(request: _Request) -> Interaction:
    action_id, choices = request.arguments.required("action_id"), request.arguments.ids("choices", required=False)
    return request.workspace.choose(request.person, request.surface, action_id, *choices)


def _pick(request: _Request) -> Interaction:
    action_id, value = request.arguments.required("action_id"), request.arguments.maybe_text("value")
    return request.workspace.pick(request.person, request.surface, action_id, value)


def _options(request: _Request) -> Interaction:
    action_id, query = request.arguments.required("action_id"), request.arguments.text("query")
    return request.workspace.ask_options(request.person, request.surface, action_id, query)


def _submit(request: _Request) -> Interaction:
    return request.workspace.submit_view(request.person, request.arguments.object("values"), request.view)


def _close(request: _Request) -> Interaction | None:
    return request.workspace.close_view(request.person, request.view)


def _shortcut(request: _Request) -> Interaction:
    callback_id = request.arguments.required("callback_id")
    if "channel" in request.arguments:
        return request.workspace.run_message_shortcut(request.person, request.message, callback_id)
    return request.workspace.run_shortcut(request.person, callback_id)


def _home(request: _Request) -> Json:
    request.workspace.open_home(request.person, request.arguments.text("tab", "home"))
    return {}


def _people(request: _Request) -> Json:
    return {"people": [request.workspace.serializer.person(person) for person in request.workspace.people.values()]}


def _channels(request: _Request) -> Json:
    workspace, reader = request.workspace, request.person
    seen = [one for one in workspace.channels.values() if workspace.channels.can_see(reader.id, one)]
    listed = [{**workspace.serializer.conversation(one), "members": list(one.members)} for one in seen]
    return {"channels": listed}


def _messages(request: _Request) -> Json:
    shown = request.shown(request.channel)
    limit = max(1, request.arguments.number("limit", _DEFAULT_LIMIT))
    return {"messages": [_message(request, message) for message in shown[-limit:]]}


def _views(request: _Request) -> Json:
    views, person = request.workspace.views, request.person
    home = views.home_of(person.id)
    modals = [_view(request, view) for view in views.stack_of(person.id)]
    return {"modals": modals, "home": _view(request, home) if home else None}


def _message(request: _Request, message: Message) -> Json:
    private = {"ephemeral_to": message.ephemeral_to} if message.ephemeral_to else {}
    return {**request.workspace.serializer.message(message), "channel": message.channel, **private}


def _view(request: _Request, view: View) -> Json:
    return {**request.workspace.serializer.view(view), "errors": dict(view.errors)}


Act: TypeAlias = Callable[[_Request], Interaction | Json | None]

ACTIONS: Mapping[str, Act] = {
    "say": _say,
    "command": _command,
    "click": _click,
    "choose": _choose,
    "pick": _pick,
    "options": _options,
    "submit": _submit,
    "close": _close,
    "shortcut": _shortcut,
    "home": _home,
}
"""What people do, by the last part of the address of a POST."""

LISTS: Mapping[str, Act] = {"people": _people, "channels": _channels, "messages": _messages, "views": _views}
"""What people see, by the last part of the address of a GET."""


class Control:
    """Answers on `/control/...` to whoever has the token.

    Attributes:
        token: Made anew for each sandbox: nobody who merely reaches the port can act as a person.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.token = secrets.token_urlsafe(24)
        self._workspace = workspace

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Listen."""
        router.add_post("/control/{what}", self._handle)
        router.add_get("/control/{what}", self._handle)

    async def _handle(self, request: web.Request) -> web.Response:
        acts = ACTIONS if request.method == "POST" else LISTS  # a GET, and the HEAD that aiohttp adds to it
        try:
            given, token = await read_arguments(request)
            if not secrets.compare_digest(token.encode("utf-8", "replace"), self.token.encode()):
                return _failed(401, "invalid_auth", ["Send the control token: Authorization: Bearer TOKEN."])
            act = acts.get(request.match_info["what"])
            if act is None:
                return _failed(404, "unknown_action", [f"A {request.method} here is one of: {', '.join(acts)}."])
            result = act(_Request(self._workspace, Arguments(given)))
            if isinstance(result, Interaction):
                result = {"answer": await result.answer}
        except SlackRefusal as refusal:
            return _failed(400, refusal.error, list(refusal.messages))
        except MachineError as error:
            return _failed(400, "not_found", [str(error)])
        return web.json_response({"ok": True, **(result or {})})


def _failed(status: int, error: str, messages: list[str]) -> web.Response:
    return web.json_response({"ok": False, "error": error, "messages": messages}, status=status)
