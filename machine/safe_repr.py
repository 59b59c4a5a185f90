"""Values in a few words, for people who look at what a bot did: short, without secrets, and never in the way.

A plugin's objects can be of any size, and their `repr` can do anything; what is shown of them is bounded, and an
exception in it is told instead of raised.
"""

from __future__ import annotations

import re
import reprlib
from collections.abc import Mapping
from itertools import islice
from typing import Any

from machine.redaction import REDACTED, is_secret_name, redact

MAX_CHARACTERS = 400
_MAX_MEMBERS = 12
_ASSIGNED = re.compile(r"""(?P<name>\w+)(?P<between>['"]?\s*[=:]\s*)(?P<value>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")""")


class _SafeRepr(reprlib.Repr):
    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = 4
        self.maxstring = self.maxother = self.maxlong = MAX_CHARACTERS
        self.maxdict = self.maxlist = self.maxtuple = self.maxset = self.maxfrozenset = self.maxdeque = _MAX_MEMBERS

    def repr_dict(self, value: Mapping[Any, Any], level: int) -> str:
        """Like any dict, with secret fields hidden whatever they look like."""
        if not value:
            return "{}"
        if level <= 0:
            return "{...}"
        pieces = []
        for key, item in islice(value.items(), _MAX_MEMBERS):
            is_secret = isinstance(key, str) and item and is_secret_name(key)
            shown = repr(REDACTED) if is_secret else self.repr1(item, level - 1)
            pieces.append(f"{self.repr1(key, level - 1)}: {shown}")
        if len(value) > _MAX_MEMBERS:
            pieces.append("...")
        return "{" + ", ".join(pieces) + "}"


def safe_repr(value: Any, name: str = "") -> str:
    """The `repr` of a value, at most 400 characters of it, redacted.

    Args:
        value: Anything, also objects whose `repr` raises.
        name: What the value is called, where it has a name; one like `password` hides the value altogether.
    """
    if name and value and is_secret_name(name):
        return REDACTED
    try:
        text = _SafeRepr().repr(value)
    except Exception as error:  # noqa: BLE001 - a mistake in a plugin's class must not add to its troubles
        return f"<{type(value).__name__}: its repr raised {type(error).__name__}>"
    text = _ASSIGNED.sub(_hide, redact(text))
    return text if len(text) <= MAX_CHARACTERS else f"{text[:MAX_CHARACTERS]}…"


def _hide(found: re.Match[str]) -> str:
    if not is_secret_name(found["name"]):
        return found[0]
    return f"{found['name']}{found['between']}'{REDACTED}'"
