"""Names of emoji: which ones Slack would take for a reaction."""

from __future__ import annotations

import re

_NAME = re.compile(r"[a-z0-9_+'\-\u00c0-\U0010ffff]{1,100}(?:::skin-tone-[2-6])?")
_UNKNOWN_PREFIX = "no_such_"


def is_emoji(name: str) -> bool:
    """Whether a reaction may have this name.

    Any well-formed name passes, because a workspace adds its own emoji; names beginning with `no_such_` do not, so that
    a bot's handling of `invalid_name` can be tried out.
    """
    return bool(_NAME.fullmatch(name)) and not name.startswith(_UNKNOWN_PREFIX)


def plain_name(name: str) -> str:
    """The name without the colons people type around it."""
    return name.strip(":") if name.startswith(":") and name.endswith(":") else name
