r"""Finds, among thousands of patterns, the few that a text is worth searching for.

Nearly every pattern contains a literal without which it cannot match: `^deploy (?P<service>\w+)` needs "deploy ". From
each such literal the three letters that fewest other patterns have are looked up for each three letters of the text. So
the cost depends on the text, and hardly on how many patterns there are. Dispatching a message in process to one handler
of 5,000 took 22 times as long as to the only one; it takes 1.4 times as long now (`benchmarks/dispatch.py`).

Only patterns that cannot match are left out; the others are searched for with `re`, which alone decides.

This is an optimisation that leans on private parts: it reads patterns with `re._parser`. It can be deleted, and every
pattern searched for: `test_no_pattern_that_matches_is_left_out` in `tests/machine/dispatch/test_prefilter.py` shows
that the same handlers match.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from re import _constants as sre  # type: ignore[attr-defined]  # what `re` parses patterns into has no public name
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any, TypeAlias

GRAM = 3
"""Letters that are looked up at once: of two, too many patterns share them."""
MAX_ALTERNATIVES = 50
_FOLDED = {0x130: "i", 0x131: "i", 0x17F: "s", 0x212A: "k"}
"""The only letters outside ASCII that `re.IGNORECASE` takes for some in it: dotted I, dotless i, long s, Kelvin."""

Literals: TypeAlias = frozenset[str]
"""Texts of which at least one must be there for a pattern to match."""


class Prefilter:
    """Knows which of some patterns a text may match.

    Args:
        patterns: The patterns; results are their positions.
    """

    def __init__(self, patterns: Sequence[re.Pattern[str]]) -> None:
        needs = [_need_of(pattern) for pattern in patterns]
        self._always = tuple(position for position, need in enumerate(needs) if need is None)
        known = [(position, need) for position, need in enumerate(needs) if need is not None]
        self._exact = _Index((position, need.literals) for position, need in known if not need.ignores_case)
        self._folded = _Index((position, need.literals) for position, need in known if need.ignores_case)

    def candidates(self, text: str) -> list[int]:
        """The positions of the patterns that `text` may match, in order; no pattern that matches is missing."""
        found = set(self._always)
        found.update(self._exact.find(text))
        if self._folded:
            found.update(self._folded.find(_fold(text)))
        return sorted(found)


@dataclass(frozen=True, slots=True)
class _Need:
    """What must be in a text for a pattern to match."""

    literals: Literals
    ignores_case: bool


@lru_cache(maxsize=16_384)  # after a reload, nearly all patterns are the same: 0.4 s less for 5,000
def _need_of(pattern: re.Pattern[str]) -> _Need | None:
    """`None` where nothing is known to be needed."""
    literals = _literals(parser.parse(pattern.pattern, pattern.flags & ~re.DEBUG))
    if literals is None:
        return None
    if not pattern.flags & re.IGNORECASE:
        return _Need(literals, ignores_case=False)
    if not all(literal.isascii() for literal in literals):
        return None  # what equals what is a long story there
    return _Need(frozenset(literal.lower() for literal in literals), ignores_case=True)


class _Index:
    """Finds which literals a text contains."""

    def __init__(self, needs: Iterable[tuple[int, Literals]]) -> None:
        needs = list(needs)
        shared = Counter(gram for _, literals in needs for literal in literals for gram in set(_grams(literal)))
        index: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
        for position, literals in needs:
            for literal in literals:
                rarest = min(_grams(literal), key=lambda gram: shared[gram])
                index[rarest].append((literal, position))
        # Literals shorter than a gram are grams of their own length.
        self._by_length = {
            length: {gram: tuple(found) for gram, found in index.items() if len(gram) == length}
            for length in sorted({len(gram) for gram in index})
        }

    def __bool__(self) -> bool:
        return bool(self._by_length)

    def find(self, text: str) -> Iterator[int]:
        """The positions of the literals that are in `text`, some maybe twice."""
        for length, index in self._by_length.items():
            for gram in index.keys() & {text[start : start + length] for start in range(len(text) - length + 1)}:
                for literal, position in index[gram]:
                    if literal in text:
                        yield position


def _grams(literal: str) -> list[str]:
    length = min(GRAM, len(literal))
    return [literal[start : start + length] for start in range(len(literal) - length + 1)]


def _fold(text: str) -> str:
    return text.lower() if text.isascii() else text.translate(_FOLDED).lower()


def _literals(parsed: Any) -> Literals | None:
    """The best that is known of a sequence: one literal, or one of several, the longer the better."""
    best: Literals | None = None
    run = ""
    for operation, argument in parsed:
        if operation is sre.LITERAL:
            run += chr(argument)
        elif operation is sre.AT:
            continue  # takes no room, so what stands on both sides of it is still one literal
        else:
            best, run = _better(_better(best, _run(run)), _within(operation, argument)), ""
    return _better(best, _run(run))


def _run(run: str) -> Literals | None:
    return frozenset((run,)) if run else None


def _within(operation: Any, argument: Any) -> Literals | None:
    """What is needed by an operation that is not a letter."""
    if operation is sre.SUBPATTERN:
        _, added, removed, inner = argument
        return None if added or removed else _literals(inner)  # other rules of case hold in there
    if operation in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
        least, _, inner = argument
        return _literals(inner) if least > 0 else None
    if operation is sre.ATOMIC_GROUP:
        return _literals(argument)
    if operation is sre.BRANCH:
        return _one_of(argument[1])
    return None


def _one_of(branches: Sequence[Any]) -> Literals | None:
    needed: set[str] = set()
    for branch in branches:
        literals = _literals(branch)
        if literals is None:
            return None
        needed |= literals
    return frozenset(needed) if len(needed) <= MAX_ALTERNATIVES else None


def _better(one: Literals | None, other: Literals | None) -> Literals | None:
    if one is None or other is None:
        return other if one is None else one
    return max(one, other, key=lambda literals: (min(map(len, literals)), -len(literals)))
