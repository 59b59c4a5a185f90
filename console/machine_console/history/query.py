"""What a person types into a filter, taken apart: words, `field:value` pairs, and what is not wanted.

Any text is a filter. A term that means nothing yet (`slow:>` while it is being typed) is set aside with a word about
why, and the rest applies.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import ParamSpec

P = ParamSpec("P")

_TOKEN = re.compile(r'(?P<not>-?)(?:(?P<field>[A-Za-z_]+):)?(?:"(?P<quoted>[^"]*)"?|(?P<plain>\S*))')
_LIMIT = re.compile(r"(?P<sign>[<>]?)=?(?P<number>\d{1,9}(?:\.\d{0,6})?)(?P<unit>ms|s|min|m|)", re.IGNORECASE)
_UNITS_MS = {"": 1.0, "ms": 1.0, "s": 1_000.0, "m": 60_000.0, "min": 60_000.0}
MAX_FILTER = 1_000
"""Characters of a filter that are looked at."""


@dataclass(frozen=True, slots=True)
class Term:
    """One condition.

    Attributes:
        field: What it is about; empty for free text.
        value: What it asks for, in lower case.
        is_negated: Whether it asks for the opposite.
    """

    field: str
    value: str
    is_negated: bool = False


@dataclass(frozen=True, slots=True)
class Limit:
    """A bound on a duration: `>100ms`, `<2s`; without a sign, at least that long."""

    bound: timedelta
    is_upper: bool = False

    def holds(self, duration: timedelta | None) -> bool:
        """Whether a duration satisfies it; one that is not known does not."""
        if duration is None:
            return False
        return duration < self.bound if self.is_upper else duration >= self.bound


def split_terms(text: str) -> Iterator[Term]:
    """The terms of a filter, in order: words, `"several words"`, `field:value`, and each with `-` before it."""
    rest = text[:MAX_FILTER]
    position = 0
    while position < len(rest):
        if rest[position].isspace():
            position += 1
            continue
        found = _TOKEN.match(rest, position)
        if found is None or found.end() == position:  # cannot be: any character is a word
            return
        position = found.end()
        quoted = found["quoted"]
        value = found["plain"] if quoted is None else quoted
        if not value and not found["field"]:
            if found["not"]:
                yield Term("", "-")
            continue
        yield Term((found["field"] or "").lower(), (value or "").lower(), bool(found["not"]))


def parse_limit(value: str) -> Limit | None:
    """A bound as people write it: `>100ms`, `<2s`, `1.5s`, `100` (milliseconds); `None` for anything else."""
    found = _LIMIT.fullmatch(value.strip())
    if found is None:
        return None
    bound = timedelta(milliseconds=float(found["number"]) * _UNITS_MS[found["unit"].lower()])
    return Limit(bound, is_upper=found["sign"] == "<")


def parse_terms(
    text: str, test_of: Callable[[Term], Callable[P, bool] | str]
) -> tuple[tuple[Callable[P, bool], ...], tuple[str, ...]]:
    """The tests that a filter asks for, and what was set aside of it.

    Args:
        text: The filter.
        test_of: The test that a term means, whether it is negated or not, or why it means none.
    """
    tests: list[Callable[P, bool]] = []
    problems: list[str] = []
    for term in split_terms(text):
        test = test_of(term)
        if isinstance(test, str):
            problems.append(test)
        else:
            tests.append(_opposite(test) if term.is_negated else test)
    return tuple(tests), tuple(problems)


def _opposite(test: Callable[P, bool]) -> Callable[P, bool]:
    def opposite(*args: P.args, **kwargs: P.kwargs) -> bool:
        return not test(*args, **kwargs)

    return opposite
