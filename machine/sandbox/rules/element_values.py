"""From what a person names to what Slack writes: options, ids of people and channels, dates.

Options of an external select are those that the app offered last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

from machine.sandbox.refusal import SlackRefusal
from machine.sandbox.rules.block_rules import check_options
from machine.sandbox.state.conversations import Conversations
from machine.sandbox.state.files import Files
from machine.sandbox.state.objects import JsonObject, Surface, View
from machine.sandbox.state.people import People
from machine.sandbox.state.serializers import Serializer
from machine.slack.block_kit.elements import Element, elements_of
from machine.slack.facts.block_kit import LIST_FIELDS, TYPED_FIELDS
from machine.slack.text_encoding import TypedNames, encode_typed, rich_text

_MAX_REMEMBERED = 1_000


class ElementValues:
    """Knows the people, channels, files and options one can choose."""

    def __init__(
        self, people: People, channels: Conversations, files: Files, serializer: Serializer, names: TypedNames
    ) -> None:
        self._people = people
        self._channels = channels
        self._files = files
        self._serializer = serializer
        self._names = names
        self._offered: dict[tuple[str, str], list[JsonObject]] = {}

    def offer(self, surface: Surface, element: Element, answer: Mapping[str, Any]) -> None:
        """Remember the options an app answered for an external select.

        Raises:
            SlackRefusal: `invalid_arguments` if they are none.
        """
        check_options(answer)
        groups = answer.get("option_groups") or ()
        options = [*(answer.get("options") or ()), *(option for group in groups for option in group["options"])]
        remember(self._offered, (_id_of(surface), element.action_id), options)

    def value(self, element: Element, surface: Surface, given: Any) -> Any:
        """The value of any element, for what a person entered or chose; `None` clears it."""
        if element.value_field in TYPED_FIELDS:
            return self.entered(element, given)
        listed = [] if given is None else given if isinstance(given, list | tuple) else [given]
        return self.chosen(element, surface, listed)

    def entered(self, element: Element, given: Any) -> Any:
        """The value of an element that one types or picks a moment in; see `as_slack_writes`."""
        return as_slack_writes(element, given, self._names)

    def chosen(self, element: Element, surface: Surface, given: Sequence[str | JsonObject]) -> Any:
        """The value of an element that one chooses in.

        Raises:
            SlackRefusal: `invalid_action` for what cannot be chosen there, naming what can.
        """
        chosen = [self._choice(element, surface, choice) for choice in given]
        if element.value_field in LIST_FIELDS:
            return chosen
        if len(chosen) > 1:
            raise SlackRefusal("invalid_action", [f"{element.action_id} takes one choice, not {len(chosen)}"])
        return chosen[0] if chosen else None

    def _choice(self, element: Element, surface: Surface, choice: str | JsonObject) -> Any:
        """What Slack writes for a choice: the option, or the id of a person or conversation."""
        if "file" in element.type:
            file_id = choice.get("id") if isinstance(choice, Mapping) else choice
            return self._serializer.file(self._files.known(str(file_id)))
        if element.value_field.startswith("selected_option"):
            return self._option(element, surface, choice)
        if not isinstance(choice, str):
            raise SlackRefusal("invalid_action", [f"{element.action_id} takes names or ids"])
        if "user" in element.type:
            return self._people.find(choice).id
        return self._channels.find(choice).id

    def _option(self, element: Element, surface: Surface, choice: str | JsonObject) -> JsonObject:
        if isinstance(choice, Mapping):
            return choice
        options = element.options or self._offered.get((_id_of(surface), element.action_id), [])
        for option in options:
            if choice in (option.get("value"), option["text"]["text"]):
                return option
        there_are = ", ".join(str(option.get("value")) for option in options) or "none"
        raise SlackRefusal("invalid_action", [f"{element.action_id} has no option {choice!r}; there are: {there_are}"])


def find_element(blocks: Iterable[JsonObject], name: str) -> Element:
    """The element with this action id, or the only one in the block of that id.

    Raises:
        SlackRefusal: `invalid_action`, naming the elements there are.
    """
    elements = list(elements_of(blocks))
    for element in elements:
        if element.action_id == name:
            return element
    in_block = [element for element in elements if element.block_id == name]
    if len(in_block) == 1:
        return in_block[0]
    there_are = ", ".join(element.action_id for element in elements) or "none"
    raise SlackRefusal("invalid_action", [f"There is no element {name!r} to use; there are: {there_are}"])


def find_input(blocks: Iterable[JsonObject], name: str) -> Element:
    """As `find_element`, for an element that holds a value, as buttons do not (`invalid_action`)."""
    element = find_element(blocks, name)
    if not element.value_field:
        raise SlackRefusal("invalid_action", [f"A {element.type} ({element.action_id}) holds no value"])
    return element


def as_slack_writes(element: Element, value: Any, names: TypedNames) -> Any:
    """A date, time, moment or text as the state of the element holds it.

    Raises:
        SlackRefusal: `invalid_action` for what is no date, time or moment where the element takes one.
    """
    if isinstance(value, datetime):
        value = int(value.timestamp())
    elif isinstance(value, date):
        value = value.isoformat()
    elif isinstance(value, time):
        value = value.strftime("%H:%M")
    match element.value_field:
        case _ if value is None:
            return None
        case "value":
            return str(value)
        case "rich_text_value" if isinstance(value, str):
            return {key: part for key, part in rich_text(encode_typed(value, names), "").items() if key != "block_id"}
        case "selected_date" | "selected_time" | "selected_date_time":
            return _moment(element, value)
    return value


def _moment(element: Element, value: Any) -> Any:
    """What a picker holds; Slack's client offers nothing else."""
    expected, read = _MOMENTS[element.value_field]
    try:
        return read(value)
    except (TypeError, ValueError, OverflowError) as error:
        problem = f"{element.action_id} takes {expected}, not {value!r}"
        raise SlackRefusal("invalid_action", [problem]) from error


def _seconds(value: Any) -> int:
    seconds = int(value)
    if len(str(seconds)) != _DIGITS_OF_A_MOMENT:
        raise ValueError(value)
    return seconds


_DIGITS_OF_A_MOMENT = 10  # Slack takes no others
_MOMENTS: Mapping[str, tuple[str, Callable[[Any], str | int]]] = {
    "selected_date": ("a date such as 2024-05-01", lambda value: date.fromisoformat(value).isoformat()),
    "selected_time": ("a time such as 13:30", lambda value: time.fromisoformat(value).strftime("%H:%M")),
    "selected_date_time": ("a moment in seconds since 1970, such as 1714562400", _seconds),
}


def remember(memory: dict[Any, Any], key: Any, value: Any) -> None:
    """Keep a value, and forget the oldest one when there are too many."""
    memory[key] = value
    if len(memory) > _MAX_REMEMBERED:
        del memory[next(iter(memory))]


def _id_of(surface: Surface) -> str:
    return surface.id if isinstance(surface, View) else f"{surface.channel}/{surface.ts}"
