"""Mistakes in a `workspace.toml`, told with line, key, and what is expected there.

tomllib does not tell where a value stood, so the line is searched for in the text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from machine.redaction import is_secret_name, redact

_SHAPES = {
    "tuple_type": "expected a list: {} = [...]",
    "model_type": "expected a table, begun with [{}]",
    "dict_type": "expected a table, begun with [{}]",
}
_LISTS_OF_TABLES = {"people", "channels", "messages", "usergroups", "calls", "deliveries"}


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong at one place: names of keys, and positions in lists counted from 0."""

    place: tuple[int | str, ...]
    problem: str


def found_by_pydantic(error: ValidationError) -> list[Mistake]:
    """The mistakes pydantic found, in words for the person who wrote the file."""
    return [Mistake(tuple(item["loc"]), _expectation(item)) for item in _causes(error)]


def report(path: Path, text: str, mistakes: Sequence[Mistake]) -> str:
    """One line for each mistake, as compilers write them."""
    return "\n".join(
        f"{path}:{_line_of(text, mistake.place)}: {_key(mistake.place)}: {mistake.problem}" for mistake in mistakes
    )


def _causes(error: ValidationError) -> list[Any]:
    """What pydantic found, without the lists that are too short only because their items are wrong."""
    found = error.errors()
    places = [item["loc"] for item in found]
    return [
        item
        for item in found
        if item["type"] != "too_short" or not any(place[:-1] and place[0] == item["loc"][0] for place in places)
    ]


def _expectation(error: Any) -> str:
    """What pydantic found, as something a person can act on."""
    if error["type"] == "extra_forbidden":
        return "is not known here; see docs/sandbox.md for the keys there are"
    if error["type"] == "missing":
        return "is missing"
    if error["type"] in _SHAPES:
        key = error["loc"][-1]
        is_of_tables = error["type"] == "tuple_type" and key in _LISTS_OF_TABLES
        return f"expected tables, each begun with [[{key}]]" if is_of_tables else _SHAPES[error["type"]].format(key)
    problem = str(error["msg"]).removeprefix("Value error, ")
    given = error.get("input")
    is_shown = not isinstance(given, dict | list) and not is_secret_name(str(error["loc"][-1]))
    return redact(f"{problem[0].lower()}{problem[1:]}" + (f", but it is {given!r}" if is_shown else ""))


def _key(place: tuple[int | str, ...]) -> str:
    """The key as one would write it: `people[2].tz`, counted from 1."""
    key = ""
    for part in place:
        key += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if key else part
    return key


def _line_of(text: str, place: tuple[int | str, ...]) -> int:
    """The line of a key, else of the table it belongs in, else 1: tomllib does not tell."""
    table = str(place[0]) if place else ""
    rest = list(place[1:])
    if len(rest) > 1 and isinstance(rest[1], int) and f"[[{table}.{rest[0]}]]" in text:
        table = f"{table}.{rest.pop(0)}"
    index = rest[0] if rest and isinstance(rest[0], int) else 0
    names = [part for part in rest if isinstance(part, str)]
    key = names[0] if names else ""
    seen, header_line, is_inside = -1, 0, False
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*\[\[?\s*([\w.-]+)\s*\]\]?", line)
        if header:
            is_inside = header[1] == table and (seen := seen + 1) == index
            header_line = number if is_inside else header_line
        elif (is_inside or (not header_line and not key)) and re.match(
            rf"\s*[\"']?{re.escape(key or table)}[\"']?\s*=", line
        ):
            return number
    return header_line or 1
