r"""Recognises patterns that may take time without end on a text that was made for them, such as `(a+)+$`.

`re` tries every way to divide a text among repetitions inside of a repetition before it gives up, and each letter more
doubles their number. While it searches, it holds the interpreter: no thread of the bot does anything, and Slack is told
of nothing. `(\w+,)*` is fine: the comma says where one round ends and the next begins.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Sequence
from re import _compiler as compiler  # type: ignore[attr-defined]  # as in `prefilter`
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

_MANY = 10
"""Rounds of a repetition from which on their number of divisions matters."""
_SAMPLES = f"{string.printable}éß中😀"
_REPEATS = (sre.MAX_REPEAT, sre.MIN_REPEAT)


def is_slow(pattern: re.Pattern[str]) -> bool:
    """Whether a text can be divided in many ways among the repetitions of a pattern."""
    try:
        parsed = parser.parse(pattern.pattern, pattern.flags & ~re.DEBUG)
        return any(_is_ambiguous(body) for body in _repeated(parsed))
    except (re.error, RecursionError, AttributeError, TypeError):  # of a later Python's private parts
        return False


def _repeated(parsed: Any) -> Iterator[Any]:
    """What is repeated, at any depth."""
    for operation, argument in parsed:
        if operation in _REPEATS and argument[1] >= _MANY:
            yield argument[2]
        for inner in _inside(operation, argument):
            yield from _repeated(inner)


def _inside(operation: Any, argument: Any) -> Sequence[Any]:
    if operation in _REPEATS:
        return (argument[2],)
    if operation is sre.SUBPATTERN:
        return (argument[3],)
    if operation is sre.BRANCH:
        return tuple(argument[1])
    return ()  # also what takes nothing back: possessive repetitions and atomic groups


def _is_ambiguous(body: Any) -> bool:
    """Whether rounds of a repetition can be told apart only by trying: one part may take what belongs to the others."""
    parts = list(_flat(body))
    for part in parts:
        shortest, longest = part.getwidth()
        if shortest == longest:
            continue
        letters = _letters(part)
        others = [other for other in parts if other is not part and other.getwidth()[0] > 0]
        if letters and all(letters & _letters(other) for other in others):
            return True
    return False


def _flat(body: Any) -> Iterator[Any]:
    """The parts of a sequence, with those of groups in it."""
    for operation, argument in body:
        if operation is sre.SUBPATTERN:
            yield from _flat(argument[3])
        elif operation not in (sre.AT, sre.ASSERT, sre.ASSERT_NOT):
            yield parser.SubPattern(body.state, [(operation, argument)])


def _letters(part: Any) -> frozenset[str]:
    """Those of the samples that a part may begin, go on or end with."""
    found: set[str] = set()
    for operation, argument in part:
        inner = _inside(operation, argument)
        if inner:
            found.update(*map(_letters, inner))
        elif operation in (sre.LITERAL, sre.NOT_LITERAL, sre.IN, sre.ANY):
            one = compiler.compile(parser.SubPattern(part.state, [(operation, argument)]), part.state.flags)
            found.update(filter(one.fullmatch, _SAMPLES))
            if operation is sre.LITERAL:
                found.add(chr(argument))
    return frozenset(found)
