"""What the decorators leave on a handler or plugin class, for the loader to read."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from machine.plugins.triggers import Trigger

_ATTRIBUTE = "__machine_declarations__"


class Combine(enum.Enum):
    """How several roles are meant."""

    ANY = "any"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class RequiredRoles:
    """Who may run a handler."""

    roles: tuple[str, ...]
    combine: Combine


@dataclass(slots=True)
class Declarations:
    """Everything that decorators said about one function or class."""

    triggers: list[Trigger] = field(default_factory=list)
    required_settings: list[str] = field(default_factory=list)
    required_roles: list[RequiredRoles] = field(default_factory=list)
    timeout: timedelta | None = None


def declare(target: Any) -> Declarations:
    """The declarations of `target` itself, made if there are none yet; inherited ones are not touched."""
    own: Declarations | None = vars(target).get(_ATTRIBUTE)
    if own is None:
        own = Declarations()
        setattr(target, _ATTRIBUTE, own)
    return own


def declared(function: Callable[..., Any]) -> Declarations | None:
    """What was declared on `function`; `None` if no decorator of ours was applied."""
    own: Declarations | None = getattr(function, _ATTRIBUTE, None)
    return own


def required_settings_of(cls: type) -> list[str]:
    """The settings a plugin class needs: its own, those of its bases, and those of its handlers."""
    names: list[str] = []
    for base in reversed(cls.__mro__):
        own: Declarations | None = vars(base).get(_ATTRIBUTE)
        names += own.required_settings if own else []
        for member in vars(base).values():
            on_member = getattr(member, _ATTRIBUTE, None) if callable(member) else None
            names += on_member.required_settings if isinstance(on_member, Declarations) else []
    return list(dict.fromkeys(names))
