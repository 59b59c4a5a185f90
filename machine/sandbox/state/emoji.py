"""Names of emoji: which ones Slack would take for a reaction."""

from __future__ import annotations

import re
import unicodedata

from machine.slack.emoji import names_for_pictures

_NAME = re.compile(r"(?P<name>[^:\s]{1,100})(?:::skin-tone-[2-6](?:-[2-6])?)?")
_SIGNS = "_+'-"
_UNKNOWN_PREFIX = "no_such_"


def is_emoji(name: str) -> bool:
    """Whether a reaction may have this name.

    Any well-formed name passes, because a workspace adds its own emoji; names beginning with `no_such_` do not, so that
    a bot's handling of `invalid_name` can be tried out. The character itself is no name.
    """
    found = _NAME.fullmatch(name)
    if found is None or name != name.lower() or name.startswith(_UNKNOWN_PREFIX):
        return False
    is_spelled = all(sign in _SIGNS or unicodedata.category(sign)[0] in "LMN" for sign in found["name"])
    return is_spelled and names_for_pictures(name) == name


def plain_name(name: str) -> str:
    """The name of what a person picks: of an emoji character, or without the colons people type around it."""
    name = names_for_pictures(name)
    return name.strip(":") if name.startswith(":") and name.endswith(":") else name
