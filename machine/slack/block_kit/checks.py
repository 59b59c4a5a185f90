"""Small checks on JSON that can be put together, each telling what is wrong and where by JSON pointer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Check: TypeAlias = Callable[[Any, str], Iterator[str]]
"""Takes a value and the JSON pointer to it, gives one message per mistake."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What an object must and may have; fields not named here pass, as Slack adds new ones.

    Attributes:
        needs: The required fields.
        fields: How each known field is checked.
        needs_one_of: At least one of these must be there.
    """

    needs: tuple[str, ...] = ()
    fields: Mapping[str, Check] = field(default_factory=dict)
    needs_one_of: tuple[str, ...] = ()

    def __call__(self, value: Any, pointer: str) -> Iterator[str]:
        """Everything that is wrong with the object."""
        if not isinstance(value, Mapping):
            yield f"must be an object [json-pointer:{pointer}]"
            return
        for name in self.needs:
            if value.get(name) is None:
                yield f"missing required field: {name} [json-pointer:{pointer}]"
        if self.needs_one_of and not any(value.get(name) for name in self.needs_one_of):
            yield f"must have one of: {', '.join(self.needs_one_of)} [json-pointer:{pointer}]"
        for name, check in self.fields.items():
            if value.get(name) is not None:
                yield from check(value[name], f"{pointer}/{name}")


def one_of(shapes: Mapping[str, Check], what: str) -> Check:
    """Objects that tell by their `type` which of the shapes they have."""

    def check(value: Any, pointer: str) -> Iterator[str]:
        if not isinstance(value, Mapping):
            yield f"must be an object [json-pointer:{pointer}]"
        elif value.get("type") is None:
            yield f"missing required field: type [json-pointer:{pointer}]"
        elif str(value["type"]) not in shapes:
            yield f"unsupported type for a {what}: {value['type']} [json-pointer:{pointer}/type]"
        else:
            yield from shapes[str(value["type"])](value, pointer)

    return check


def text(most: int, least: int = 1) -> Check:
    """A string of a length between the two."""

    def check(value: Any, pointer: str) -> Iterator[str]:
        if not isinstance(value, str):
            yield f"must be a string [json-pointer:{pointer}]"
        elif len(value) > most:
            yield f"must be less than {most + 1} characters [json-pointer:{pointer}]"
        elif len(value) < least:
            yield f"must be more than {least - 1} characters [json-pointer:{pointer}]"

    return check


def text_object(most: int, kinds: tuple[str, ...] = ("plain_text", "mrkdwn")) -> Check:
    """A text object of one of these kinds, with a text no longer than `most`."""
    length = text(most)

    def check(value: Any, pointer: str) -> Iterator[str]:
        if not isinstance(value, Mapping) or value.get("type") not in kinds or "text" not in value:
            yield f"must be a text object of type {' or '.join(kinds)} [json-pointer:{pointer}]"
        else:
            yield from length(value["text"], f"{pointer}/text")

    return check


def plain_text(most: int) -> Check:
    """A `plain_text` object."""
    return text_object(most, ("plain_text",))


def list_of(check_item: Check, most: int, least: int = 1) -> Check:
    """A list of a length between the two, whose items pass the check."""

    def check(value: Any, pointer: str) -> Iterator[str]:
        if not isinstance(value, Sequence) or isinstance(value, str):
            yield f"must be an array [json-pointer:{pointer}]"
            return
        if len(value) > most:
            yield f"no more than {most} items allowed [json-pointer:{pointer}]"
        if len(value) < least:
            yield f"must provide at least {least} items [json-pointer:{pointer}]"
        for index, item in enumerate(value):
            yield from check_item(item, f"{pointer}/{index}")

    return check


def distinct_actions(items: Check) -> Check:
    """Elements of one block, whose action ids must differ."""

    def check(value: Any, pointer: str) -> Iterator[str]:
        yield from items(value, pointer)
        if isinstance(value, Sequence) and not isinstance(value, str):
            yield from repeated(value, "action_id", pointer)

    return check


def whole_number(least: int, most: int) -> Check:
    """A whole number between the two."""

    def check(value: Any, pointer: str) -> Iterator[str]:
        if not isinstance(value, int) or isinstance(value, bool):
            yield f"must be an integer [json-pointer:{pointer}]"
        elif not least <= value <= most:
            yield f"must be between {least} and {most} [json-pointer:{pointer}]"

    return check


def written_as(pattern: str, what: str) -> Check:
    """A string that reads like this."""
    compiled = re.compile(pattern)

    def check(value: Any, pointer: str) -> Iterator[str]:
        if not isinstance(value, str) or not compiled.fullmatch(value):
            yield f"must be {what} [json-pointer:{pointer}]"

    return check


def all_of(*checks: Check) -> Check:
    """A value that passes every one of them."""

    def check(value: Any, pointer: str) -> Iterator[str]:
        for one in checks:
            yield from one(value, pointer)

    return check


def choice_of(*allowed: str) -> Check:
    """One of these values."""

    def check(value: Any, pointer: str) -> Iterator[str]:
        if value not in allowed:
            yield f"must be one of: {', '.join(allowed)} [json-pointer:{pointer}]"

    return check


def repeated(items: Sequence[Any], name: str, pointer: str) -> Iterator[str]:
    """Items whose `name` another one before them has."""
    seen: set[str] = set()
    for index, item in enumerate(items):
        value = item.get(name) if isinstance(item, Mapping) else None
        if isinstance(value, str) and value in seen:
            yield f"`{name}` {value!r} already exists [json-pointer:{pointer}/{index}/{name}]"
        elif isinstance(value, str):
            seen.add(value)
