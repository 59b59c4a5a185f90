"""Values in a few words, for people who look at what a bot did: short, without secrets, and never in the way.

A plugin's objects can be of any size, and their `repr` can do anything. So what is shown is put together piece by piece
until there is enough: showing a value takes as long for a gigabyte as for a kilobyte. An exception in a `repr` is told
instead of raised.
"""

from __future__ import annotations

import gc
import sys
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from itertools import islice
from types import (
    AsyncGeneratorType,
    BuiltinFunctionType,
    CodeType,
    CoroutineType,
    FrameType,
    FunctionType,
    GeneratorType,
    MappingProxyType,
    ModuleType,
    TracebackType,
)
from typing import Any

from machine.redaction import REDACTED, is_secret_name, redact_start

MAX_CHARACTERS = 400
_SEARCHED = 4 * MAX_CHARACTERS
"""Characters that are put together: redacting makes a text shorter."""
_MAX_MEMBERS = 12
_MAX_LEVEL = 4
_MAX_OBJECTS = 500
_MAX_BYTES = 50_000
"""What an object may hold for its own `repr` to be asked, which nobody can stop once it has begun."""
_MAX_BITS = 4_000
_MAPPINGS: set[object] = {each.__repr__ for each in (dict, OrderedDict, defaultdict, Counter, MappingProxyType)}
_BRACKETS: dict[object, tuple[str, str]] = {
    list.__repr__: ("[", "]"),
    tuple.__repr__: ("(", ")"),
    set.__repr__: ("{", "}"),
    frozenset.__repr__: ("{", "}"),
    deque.__repr__: ("[", "]"),
}
# Their `repr` shows nothing of what they hold.
_CLOSED = (
    type, ModuleType, FunctionType, BuiltinFunctionType, CodeType, FrameType, TracebackType, GeneratorType,
    CoroutineType, AsyncGeneratorType,
)  # fmt: skip


def safe_repr(value: Any, name: str = "") -> str:
    """The `repr` of a value, at most 400 characters of it, redacted.

    Args:
        value: Anything, also objects whose `repr` raises.
        name: What the value is called, where it has a name; one like `password` hides the value altogether.
    """
    if name and _may_be_secret(value) and is_secret_name(name):
        return REDACTED
    return short_text(value, MAX_CHARACTERS)


def short_text(value: Any, limit: int) -> str:
    """The `repr` of a value, at most `limit` characters of it, redacted."""
    text = _Text(max(_SEARCHED, 4 * limit))
    try:
        text.write(value, _MAX_LEVEL)
    except _FullError:
        pass
    except Exception as error:  # noqa: BLE001 - a mistake in a plugin's class must not add to its troubles
        return f"<{type(value).__name__}: its repr raised {type(error).__name__}>"
    return redact_start("".join(text.pieces), limit)


def is_small(value: Any, factor: int = 1) -> bool:
    """Whether so little hangs on a value that its own `repr` or `str` can be asked for without holding anybody up."""
    try:
        return _weighs_little(value, factor)
    except Exception:  # noqa: BLE001 - what classes of a plugin do when they are looked at
        return False


def _weighs_little(value: Any, factor: int) -> bool:
    waiting, count, size = [value], 0, 0
    while waiting:
        one = waiting.pop()
        count += 1  # each time again, as a `repr` shows what is held twice twice
        size += sys.getsizeof(one, 0)
        if size > factor * _MAX_BYTES or count + len(waiting) > factor * _MAX_OBJECTS:
            return False
        waiting += [] if isinstance(one, _CLOSED) else gc.get_referents(one)
    return True


def _may_be_secret(value: Any) -> bool:
    return not (value is None or isinstance(value, bool) or (isinstance(value, str | bytes) and not value))


class _FullError(Exception):
    """There is enough text."""


class _Text:
    """Grows piece by piece, up to a limit."""

    def __init__(self, limit: int) -> None:
        self.pieces: list[str] = []
        self._room = limit

    def write(self, value: Any, level: int) -> None:
        shown_as: object = type(value).__repr__
        if isinstance(value, str) and shown_as is str.__repr__:
            self._add(repr(redact_start(value, self._room) if len(value) > self._room else value))
        elif isinstance(value, bytes | bytearray) and shown_as in (bytes.__repr__, bytearray.__repr__):
            self._add(repr(value[: self._room]) + ("…" if len(value) > self._room else ""))
        elif isinstance(value, int) and shown_as is int.__repr__ and value.bit_length() > _MAX_BITS:
            self._add(f"<int of {value.bit_length()} bits>")
        elif shown_as in _MAPPINGS:
            self._write_mapping(value, level)
        elif shown_as in _BRACKETS:
            self._write_members(value, level, *_BRACKETS[shown_as])
        elif is_dataclass(value) and hasattr(shown_as, "__wrapped__"):  # the one that `dataclass` makes
            self._write_fields(
                value, ((one.name, getattr(value, one.name, None)) for one in fields(value) if one.repr), level
            )
        elif shown_as is object.__repr__ or is_small(value) or _is_ours(value):
            self._add(repr(value))
        elif isinstance(value, BaseException):
            self._add(type(value).__name__)
            self._write_members(value.args, level, "(", ")")
        else:
            held = getattr(value, "__dict__", None)
            public = {name: held[name] for name in islice(held, _MAX_MEMBERS) if name[:1] != "_"} if held else {}
            self._write_fields(value, public.items(), level)

    def _add(self, piece: str) -> None:
        self.pieces.append(piece)
        self._room -= len(piece)
        if self._room <= 0:
            raise _FullError

    def _write_mapping(self, value: Any, level: int) -> None:
        self._open(value, dict)
        if value and level <= 0:
            self._add("{...}")
        else:
            self._add("{")
            for number, (key, item) in enumerate(islice(value.items(), _MAX_MEMBERS)):
                self._add(", " if number else "")
                self.write(key, level - 1)
                self._add(": ")
                self._write_named(key, item, level - 1)
            self._add(", ...}" if len(value) > _MAX_MEMBERS else "}")
        self._close(value, dict)

    def _write_members(self, value: Any, level: int, opening: str, closing: str) -> None:
        if names := getattr(value, "_fields", None):
            self._write_fields(value, zip(names, value, strict=False), level)
            return
        self._open(value, list, tuple, set)
        if value and level <= 0:
            self._add(f"{opening}...{closing}")
        elif isinstance(value, set | frozenset) and not value:
            self._add("" if type(value) is not set else "set()")
        else:
            self._add(opening)
            for number, item in enumerate(_first(value)):
                self._add(", " if number else "")
                self.write(item, level - 1)
            alone = "," if isinstance(value, tuple) and len(value) == 1 else ""
            self._add(f", ...{closing}" if len(value) > _MAX_MEMBERS else f"{alone}{closing}")
        self._close(value, list, tuple, set)

    def _write_fields(self, value: Any, named: Iterable[tuple[str, Any]], level: int) -> None:
        self._add(f"{type(value).__qualname__}(")
        if level <= 0:
            self._add("...)")
            return
        for number, (name, item) in enumerate(islice(named, _MAX_MEMBERS + 1)):
            self._add(f"{', ' if number else ''}")
            if number == _MAX_MEMBERS:
                self._add("...")
                break
            self._add(f"{name}=")
            self._write_named(name, item, level - 1)
        self._add(")")

    def _write_named(self, name: Any, item: Any, level: int) -> None:
        if isinstance(name, str) and _may_be_secret(item) and is_secret_name(name):
            self._add(repr(REDACTED))
        else:
            self.write(item, level)

    def _open(self, value: Any, *plain: type) -> None:
        if type(value) not in plain:
            self._add(f"{type(value).__name__}(")

    def _close(self, value: Any, *plain: type) -> None:
        if type(value) not in plain:
            self._add(")")


def _first(value: Any) -> Iterator[Any]:
    """The first members; those of a small set in order, as it has none of its own."""
    if isinstance(value, set | frozenset) and len(value) <= _MAX_MEMBERS:
        try:
            return iter(sorted(value))
        except TypeError:
            pass
    return islice(value, _MAX_MEMBERS)


def _is_ours(value: Any) -> bool:
    """Whether it is an object that handlers are given, whose `repr` is short, though the whole bot hangs on it."""
    is_data = isinstance(value, Mapping) or hasattr(value, "model_fields")
    return type(value).__module__.startswith("machine.") and not is_data
