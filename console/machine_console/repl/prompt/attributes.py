"""Looks into live objects without running any of their code, for completion.

`getattr` runs properties, and a property of a plugin may do anything. Here attributes are read only where that is a
plain look-up, and the names an object has are taken from its class and its own dictionary.
"""

from __future__ import annotations

import contextlib
import inspect
import types
from collections.abc import Mapping
from typing import Any

_SLOTS = (types.MemberDescriptorType, types.GetSetDescriptorType)


class _Unknown:
    """Stands for what cannot be known without running code."""


UNKNOWN = _Unknown()
MAX_SIGNATURE = 60
"""Characters of a signature shown in the completion menu."""


def resolve(path: str, namespace: Mapping[str, object]) -> object:
    """The object behind a dotted name, or `UNKNOWN`."""
    first, *rest = path.split(".")
    value: object = namespace.get(first, UNKNOWN)
    for name in rest:
        value = attribute(value, name)
    return value


def attribute(value: object, name: str) -> object:
    """An attribute of `value`, or `UNKNOWN` where reading it would run code."""
    if value is UNKNOWN:
        return UNKNOWN
    try:
        found: Any = inspect.getattr_static(value, name)
    except AttributeError:
        return UNKNOWN
    if isinstance(found, _SLOTS):
        return _slot(found, value)
    if isinstance(found, staticmethod | classmethod):
        return found.__func__
    if isinstance(found, property) or (hasattr(type(found), "__get__") and not inspect.isroutine(found)):
        return UNKNOWN
    return found


def _slot(descriptor: Any, value: object) -> object:
    try:
        return descriptor.__get__(value, type(value))
    except (AttributeError, TypeError):
        return UNKNOWN


def names_of(value: object) -> set[str]:
    """The names of the attributes of `value`."""
    if value is UNKNOWN:
        return set()
    if isinstance(value, types.ModuleType):
        return set(vars(value))
    names: set[str] = set()
    for kind in (value, *value.__mro__) if isinstance(value, type) else type(value).__mro__:
        names.update(vars(kind))
    with contextlib.suppress(AttributeError, TypeError):
        names.update(object.__getattribute__(value, "__dict__"))
    return names


def describe_value(value: object) -> str:
    """A few words for the completion menu: a signature for what can be called, else the type."""
    if value is UNKNOWN:
        return ""
    if inspect.isroutine(value):
        return _signature(value)
    if isinstance(value, type):
        return "class"
    if isinstance(value, types.ModuleType):
        return "module"
    return type(value).__name__


def _signature(function: Any) -> str:
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return "function"
    bare = [parameter.replace(annotation=inspect.Parameter.empty) for parameter in signature.parameters.values()]
    text = str(signature.replace(parameters=bare, return_annotation=inspect.Signature.empty))
    return text if len(text) <= MAX_SIGNATURE else f"{text[: MAX_SIGNATURE - 1]}…"


def parameters_of(function: object) -> list[str]:
    """The names of a function's parameters, in order."""
    if not inspect.isroutine(function):
        return []
    try:
        return list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return []
