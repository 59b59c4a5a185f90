"""Interactive elements of blocks: finding them, and what their state looks like when somebody uses them.

The value of each element is a small dict such as `{"type": "datepicker", "selected_date": "2024-05-01"}`; see
https://docs.slack.dev/reference/interaction-payloads/block_actions-payload.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from machine.slack.facts.block_kit import INTERACTIVE, LIST_FIELDS, STATELESS, VALUE_FIELDS

Json: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Element:
    """One interactive element in its block."""

    block: Json
    element: Json

    @property
    def type(self) -> str:
        """Slack's name for the kind of element."""
        return str(self.element.get("type"))

    @property
    def action_id(self) -> str:
        """The app's name for it, or the one Slack made."""
        return str(self.element.get("action_id"))

    @property
    def block_id(self) -> str:
        """The block it is in."""
        return str(self.block.get("block_id"))

    @property
    def value_field(self) -> str:
        """The field of its state that holds the value; empty for an element that holds none, such as a button."""
        return VALUE_FIELDS.get(self.type, ("", None))[0]

    @property
    def options(self) -> list[Json]:
        """The options a person can choose from, those in groups included."""
        groups = self.element.get("option_groups") or ()
        return [*(self.element.get("options") or ()), *(option for group in groups for option in group["options"])]

    @property
    def waits_for_submission(self) -> bool:
        """Whether the app hears of it only when its view is submitted; in a message every input tells at once."""
        return self.block.get("type") == "input" and not self.block.get("dispatch_action")

    def state(self, value: Any) -> dict[str, Any]:
        """The state with this value in it."""
        return {"type": self.type, self.value_field: value}


def elements_of(blocks: Iterable[Json]) -> Iterator[Element]:
    """Every interactive element, in the order in which it is shown."""
    for block in blocks:
        inner = (block.get("accessory"), block.get("element"), *(block.get("elements") or ()))
        for element in inner:
            if isinstance(element, Mapping) and element.get("action_id"):
                yield Element(block, element)


def objects_in(value: Any) -> list[Json]:
    """The objects of a list; none where it is not a list."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list | tuple) else []


def with_ids(blocks: Iterable[Json], new_id: Callable[[], str]) -> tuple[dict[str, Any], ...]:
    """Copies of the blocks with the `block_id` and `action_id` that Slack adds where the app gave none."""
    return tuple(_with_block_id(block, new_id) for block in blocks)


def initial_values(blocks: Iterable[Json]) -> dict[str, dict[str, dict[str, Any]]]:
    """The state of freshly shown blocks: what the app chose in advance, else nothing."""
    values: dict[str, dict[str, dict[str, Any]]] = {}
    for element in elements_of(blocks):
        if element.type not in VALUE_FIELDS or element.type in STATELESS:
            continue
        field, initial = VALUE_FIELDS[element.type]
        value = element.element.get(initial) if initial else None
        if value is None and field in LIST_FIELDS:
            value = []
        values.setdefault(element.block_id, {})[element.action_id] = element.state(value)
    return values


def _with_block_id(block: Json, new_id: Callable[[], str]) -> dict[str, Any]:
    copy = {**block, "block_id": block.get("block_id") or new_id()}
    for key in ("accessory", "element"):
        if isinstance(copy.get(key), Mapping):
            copy[key] = _with_action_id(copy[key], new_id)
    if copy.get("type") == "actions":
        copy["elements"] = [_with_action_id(element, new_id) for element in objects_in(copy.get("elements"))]
    return copy


def _with_action_id(element: Json, new_id: Callable[[], str]) -> dict[str, Any]:
    if element.get("type") not in INTERACTIVE or element.get("action_id"):
        return dict(element)
    return {**element, "action_id": new_id()}
