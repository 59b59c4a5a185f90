"""People use what an app shows: commands, buttons, selects, modals, shortcuts.

Each is sent to the app as `interaction_payloads` writes it, and what the app acknowledges with is honoured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from machine.sandbox.delivery.app_requests import Outbox, Reply, Request
from machine.sandbox.delivery.interaction_payloads import InteractionPayloads
from machine.sandbox.delivery.response_urls import ResponseUrls
from machine.sandbox.refusal import SlackRefusal
from machine.sandbox.rules.block_rules import check_view
from machine.sandbox.rules.element_values import ElementValues, find_element, find_input, remember
from machine.sandbox.rules.entered_values import MISSING, limit_broken, refusal_of
from machine.sandbox.state.clock import Timeline
from machine.sandbox.state.conversations import Conversations
from machine.sandbox.state.messages import Messages
from machine.sandbox.state.objects import Conversation, JsonObject, Message, Person, Surface, Values, View
from machine.sandbox.state.team import App
from machine.sandbox.state.views import Views
from machine.slack.block_kit.elements import Element, elements_of, initial_values
from machine.slack.facts.block_kit import BUTTONS, STATELESS


@dataclass(frozen=True, slots=True)
class Interaction:
    """Something a person did that the app is asked about.

    Attributes:
        payload: What the app receives.
        answer: Await it for what the app acknowledged with, `None` for a bare acknowledgement. Awaiting raises
            `SlackRefusal`: `dispatch_failed` when no app is connected, `operation_timeout` when it did not acknowledge
            within 3 seconds, or what Slack found wrong with the answer.
    """

    payload: Mapping[str, Any]
    answer: Reply


class Interactions:
    """Sends what people do, honours the answers, and remembers what was chosen in messages."""

    def __init__(
        self,
        app: App,
        channels: Conversations,
        messages: Messages,
        views: Views,
        timeline: Timeline,
        outbox: Outbox,
        response_urls: ResponseUrls,
        values: ElementValues,
        payloads: InteractionPayloads,
    ) -> None:
        self._app = app
        self._channels = channels
        self._messages = messages
        self._views = views
        self._timeline = timeline
        self._outbox = outbox
        self._response_urls = response_urls
        self._element_values = values
        self._payloads = payloads
        self._chosen: dict[tuple[str, str, str], Values] = {}

    def run_command(
        self, person: Person, conversation: Conversation, command: str, thread_ts: str | None
    ) -> Interaction:
        """See `Workspace.run_command`."""
        name, _, text = command.strip().partition(" ")
        known = self._app.commands
        if not name.startswith("/") or len(name) < 2 or (known and name not in known):
            there_are = f"The app has: {', '.join(known)}" if known else "Commands begin with a slash"
            raise SlackRefusal("invalid_command", [f"{name!r} is not a command of the app. {there_are}"])
        self._channels.writable(conversation.id, person.id)
        payload = self._payloads.command(person, conversation, name, text.strip(), thread_ts)

        def honour(answer: Mapping[str, Any]) -> None:
            if answer.get("text") or answer.get("blocks") or answer.get("attachments"):
                self._response_urls.respond(person.id, conversation.id, answer, thread_ts)

        return self._send(Request("slash_commands", payload, honour=honour))

    def click(self, person: Person, surface: Surface, action_id: str, value: str | None) -> Interaction:
        """See `Workspace.click`."""
        surface = self._current(surface)
        element = self._button(surface, action_id, value)
        action = {key: element.element[key] for key in ("text", "value", "style", "url") if key in element.element}
        return self._act(person, surface, element, action)

    def choose(
        self, person: Person, surface: Surface, action_id: str, choices: Sequence[str | JsonObject]
    ) -> Interaction:
        """See `Workspace.choose`."""
        surface = self._current(surface)
        element = find_input(_blocks_of(surface), action_id)
        return self._enter(person, surface, element, self._element_values.chosen(element, surface, choices))

    def pick(self, person: Person, surface: Surface, action_id: str, value: Any) -> Interaction:
        """See `Workspace.pick`."""
        surface = self._current(surface)
        element = find_input(_blocks_of(surface), action_id)
        return self._enter(person, surface, element, self._element_values.entered(element, value))

    def ask_options(self, person: Person, surface: Surface, action_id: str, query: str) -> Interaction:
        """See `Workspace.ask_options`."""
        surface = self._current(surface)
        element = find_element(_blocks_of(surface), action_id)
        if "external" not in element.type:
            raise SlackRefusal(
                "invalid_action", [f"{element.action_id} is a {element.type}: it has its options already"]
            )
        payload = self._payloads.suggestion(person, surface, element, query)
        request = Request(
            "interactive", payload, honour=lambda answer: self._element_values.offer(surface, element, answer)
        )
        return self._send(request)

    def values_of(self, person: Person, surface: Surface) -> Values:
        """See `Workspace.values_of`."""
        current = self._current(surface)
        return current.values if isinstance(current, View) else self._values(person, current)

    def fill(self, person: Person, values: Mapping[str, Any], view: View | None) -> View:
        """See `Workspace.fill`."""
        view = self._open_view(person, view)
        for name, given in values.items():
            element = find_input(view.blocks, name)
            value = self._element_values.value(element, view, given)
            if element.block.get("type") != "input":
                _check_limits(element, value)
            view = self._views.enter(view, element.block_id, element.action_id, element.state(value))
        return view

    def submit_view(self, person: Person, values: Mapping[str, Any], view: View | None) -> Interaction:
        """See `Workspace.submit_view`."""
        view = self.fill(person, values, view)
        if wrong := _wrong_inputs(view):
            self._views.refuse(view, wrong)
            raise _not_submitted(wrong)
        payload = self._payloads.submission(person, view)
        return self._send(Request("interactive", payload, honour=lambda answer: self._honour_submission(view, answer)))

    def close_view(self, person: Person, view: View | None) -> Interaction | None:
        """See `Workspace.close_view`."""
        view = self._open_view(person, view)
        closed = [view]
        if view.content.get("clear_on_close"):
            closed = self._views.clear(person.id)
        else:
            self._views.close(view)
        interactions = [
            self._send(Request("interactive", self._payloads.closure(person, shut, is_cleared=len(closed) > 1)))
            for shut in closed
            if shut.content.get("notify_on_close")
        ]
        return interactions[0] if interactions else None

    def run_shortcut(self, person: Person, callback_id: str) -> Interaction:
        """See `Workspace.run_shortcut`."""
        return self._send(Request("interactive", self._payloads.shortcut(person, callback_id)))

    def run_message_shortcut(self, person: Person, message: Message, callback_id: str) -> Interaction:
        """See `Workspace.run_message_shortcut`."""
        conversation = self._channels.joined(message.channel, person.id)
        current = self._messages.known(message.channel, message.ts)
        payload = self._payloads.message_shortcut(person, conversation, current, callback_id)
        return self._send(Request("interactive", payload))

    def _send(self, request: Request) -> Interaction:
        self._outbox.send(request)
        return Interaction(request.payload, request.reply)

    def _enter(self, person: Person, surface: Surface, element: Element, value: Any) -> Interaction:
        """Change the state of an element and tell the app, unless it only hears of it on submission."""
        waits = isinstance(surface, View) and element.waits_for_submission
        if not waits:
            _check_limits(element, value)
        state = element.state(value)
        if isinstance(surface, View):
            surface = self._views.enter(surface, element.block_id, element.action_id, state)
        elif element.type not in STATELESS:
            values = self._values(person, surface)
            values.setdefault(element.block_id, {})[element.action_id] = state
            remember(self._chosen, (person.id, surface.channel, surface.ts), values)
        if waits:
            return _unsent(state)
        return self._act(person, surface, element, {element.value_field: value})

    def _act(self, person: Person, surface: Surface, element: Element, chosen: Mapping[str, Any]) -> Interaction:
        action = {
            "type": element.type,
            "action_id": element.action_id,
            "block_id": element.block_id,
            **chosen,
            "action_ts": self._timeline.next_ts(),
        }
        values = self._values(person, surface) if isinstance(surface, Message) else None
        payload = self._payloads.actions(person, surface, action, values)
        return self._send(Request("interactive", payload))

    def _honour_submission(self, view: View, answer: Mapping[str, Any]) -> None:
        """Do what the app answered to a submission: https://docs.slack.dev/surfaces/modals."""
        views = self._views
        match answer.get("response_action"):
            case None:
                views.close(view)
            case "errors":
                current = views.find(view.id)
                views.refuse(current, _checked_errors(current, answer.get("errors")))
            case "clear":
                views.clear(view.user)
            case "update":
                check_view(answer.get("view"), "modal")
                views.update(views.find(view.id), answer["view"])
            case "push":
                check_view(answer.get("view"), "modal")
                views.push(view.user, answer["view"])
            case unknown:
                raise SlackRefusal("invalid_arguments", [f"[ERROR] unknown response_action {unknown!r}"])

    def _button(self, surface: Surface, action_id: str, value: str | None) -> Element:
        for element in elements_of(_blocks_of(surface)):
            is_wanted = element.action_id == action_id and (value is None or element.element.get("value") == value)
            if element.type in BUTTONS and is_wanted:
                return element
        element = find_element(_blocks_of(surface), action_id)
        if element.type not in BUTTONS or value is not None:
            raise SlackRefusal("invalid_action", [f"There is no button {action_id!r} with the value {value!r}"])
        return element

    def _values(self, person: Person, message: Message) -> Values:
        chosen = self._chosen.get((person.id, message.channel, message.ts), {})
        return {
            block_id: {name: chosen.get(block_id, {}).get(name, value) for name, value in actions.items()}
            for block_id, actions in initial_values(_blocks_of(message)).items()
        }

    def _current(self, surface: Surface) -> Surface:
        if isinstance(surface, View):
            return self._views.find(surface.id)
        message = self._messages.get(surface.channel, surface.ts)
        if message is None:
            raise SlackRefusal("message_not_found")
        return message

    def _open_view(self, person: Person, view: View | None) -> View:
        if view is None:
            view = self._views.shown_to(person.id)
        if view is None:
            raise SlackRefusal("not_found", [f"{person.name} has no modal open"])
        return self._views.find(view.id)


def _blocks_of(surface: Surface) -> list[JsonObject]:
    if isinstance(surface, View):
        return list(surface.blocks)
    attached = [block for attachment in surface.attachments for block in attachment.get("blocks") or ()]
    return [*surface.blocks, *attached]


def _wrong_inputs(view: View) -> dict[str, str]:
    """What Slack's client shows below inputs when somebody submits, by block id."""
    inputs = [element for element in elements_of(view.blocks) if element.block.get("type") == "input"]
    problems = {element.block_id: refusal_of(element, _entered(view, element)) for element in inputs}
    return {block_id: problem for block_id, problem in problems.items() if problem}


def _entered(view: View, element: Element) -> Any:
    return view.values.get(element.block_id, {}).get(element.action_id, {}).get(element.value_field)


def _not_submitted(wrong: Mapping[str, str]) -> SlackRefusal:
    missing = [block_id for block_id, problem in wrong.items() if problem == MISSING]
    told = [f"Nothing is entered in: {', '.join(missing)}"] if missing else []
    told += [f"{block_id}: {problem}" for block_id, problem in wrong.items() if problem != MISSING]
    return SlackRefusal("missing_input" if missing else "invalid_input", told)


def _check_limits(element: Element, value: Any) -> None:
    """Refuse what Slack's client does not let one choose or enter, where nothing is submitted later."""
    if problem := limit_broken(element, value):
        raise SlackRefusal("invalid_action", [f"{element.action_id}: {problem}"])


def _checked_errors(view: View, errors: Any) -> Mapping[str, str]:
    """The errors an app answers a submission with; Slack shows them only on input blocks."""
    inputs = {block["block_id"] for block in view.blocks if block.get("type") == "input"}
    if not isinstance(errors, Mapping) or not errors or not inputs.issuperset(errors):
        there_are = ", ".join(sorted(inputs)) or "none"
        raise SlackRefusal("invalid_arguments", [f"[ERROR] errors must name input blocks; there are: {there_are}"])
    return errors


def _unsent(state: Mapping[str, Any]) -> Interaction:
    reply = Reply()
    reply.settle(None)
    return Interaction(state, reply)
