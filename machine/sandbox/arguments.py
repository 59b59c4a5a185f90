"""The arguments of a Web API call, however they came: in a form, in the address, or as JSON.

In a form everything is text, so lists and objects are JSON in text and lists of ids are separated by commas.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from machine.sandbox.refusal import SlackRefusal

_TRUE = {"true", "1", "yes"}
_FALSE = {"false", "0", "no", ""}


class Arguments:
    """Typed access to the arguments; what does not fit raises `SlackRefusal` as Slack refuses it."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self._given = {name: value for name, value in given.items() if value is not None}

    def __contains__(self, name: object) -> bool:
        return name in self._given

    def text(self, name: str, default: str = "") -> str:
        """A text; numbers count as text."""
        value = self._given.get(name, default)
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise _wrong(name, "must be a string")
        return str(value)

    def maybe_text(self, name: str) -> str | None:
        """A text, or `None` if it is not given or empty."""
        return self.text(name) or None

    def required(self, name: str) -> str:
        """A text that must be there and not empty.

        Raises:
            SlackRefusal: `invalid_arguments`, naming the argument.
        """
        value = self.text(name)
        if not value:
            raise _missing(name)
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        """A yes or no."""
        value = self._given.get(name, default)
        if isinstance(value, bool):
            return value
        lowered = str(value).lower()
        if lowered not in _TRUE | _FALSE:
            raise _wrong(name, "must be a boolean")
        return lowered in _TRUE

    def number(self, name: str, default: int | None = None) -> int:
        """A whole number, required if there is no default."""
        value = self._given.get(name, default)
        if value is None or value == "":
            raise _missing(name)
        try:
            return int(value)
        except (TypeError, ValueError, OverflowError) as error:
            raise _wrong(name, "must be an integer") from error

    def ids(self, name: str, *, required: bool = True) -> list[str]:
        """Ids, as a list or separated by commas."""
        value = self._given.get(name)
        if isinstance(value, str):
            value = self._parsed(name) if value.startswith("[") else value.split(",")
        if not isinstance(value, list | None):
            raise _wrong(name, "must be a list of ids")
        ids = [str(item).strip() for item in value or () if str(item).strip()]
        if required and not ids:
            raise _missing(name)
        return ids

    def items(self, name: str, error: str = "invalid_arguments") -> list[Any] | None:
        """A list, or `None` if it is not given; `error` if it is anything else."""
        value = self._parsed(name, error)
        if value is None:
            return None
        if not isinstance(value, Sequence) or isinstance(value, str):
            raise SlackRefusal(error, [f"[ERROR] must be an array [json-pointer:/{name}]"])
        return list(value)

    def object(self, name: str, error: str = "invalid_arguments") -> dict[str, Any] | None:
        """An object, or `None` if it is not given; `error` if it is anything else."""
        value = self._parsed(name, error)
        if value is None:
            return None
        if not isinstance(value, Mapping):
            raise SlackRefusal(error, [f"[ERROR] must provide an object [json-pointer:/{name}]"])
        return dict(value)

    def required_object(self, name: str) -> dict[str, Any]:
        """An object that must be there."""
        value = self.object(name)
        if value is None:
            raise _missing(name)
        return value

    def _parsed(self, name: str, error: str = "invalid_arguments") -> Any:
        value = self._given.get(name)
        if not isinstance(value, str):
            return value
        if not value:
            return None
        try:
            return json.loads(value)
        except ValueError as problem:
            raise SlackRefusal(error, [f"[ERROR] is not valid JSON [json-pointer:/{name}]"]) from problem


def _missing(name: str) -> SlackRefusal:
    return SlackRefusal("invalid_arguments", [f"[ERROR] missing required field: {name} [json-pointer:/{name}]"])


def _wrong(name: str, problem: str) -> SlackRefusal:
    return SlackRefusal("invalid_arguments", [f"[ERROR] {problem} [json-pointer:/{name}]"])
