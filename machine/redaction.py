"""Secrets never print: one place that knows what a secret looks like.

Everything that is shown to a person (logs, traces, tracebacks, REPL results) passes through `redact`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

# Without a word boundary before it: in a repr or in JSON a token may follow an escape, as in "\\nxoxb-...".
_TOKEN = re.compile(r"(?P<kind>xox[a-z](?:\.xox[a-z])?|xapp|xwfp)-[\w-]+")
_RESPONSE_URL = re.compile(
    r"(?P<host>https?://[^\s/\"'<>]+)"
    r"(?P<path>/(?:commands|actions|services|workflows|triggers|app|files-upload)/)[^\s\"'<>)\\]+"
)
_URL_PASSWORD = re.compile(r"(?P<user>\w://[^\s/:@]*:)[^\s/@]+@")
_AUTHORIZATION = re.compile(r"(?i)(?P<scheme>bearer\s+)[^\s\"',}]+")
_SECRET_KEYS = re.compile(
    r"(?i)(?:^|_)(?:token|secret|password|passwd|cookie|authorization|(?:api|access|private|signing|encryption)_?key|response_url|webhook_url)$"
)

REDACTED = "…redacted"


def redact(text: str) -> str:
    """Replace tokens, response URLs, authorization headers and passwords in URLs, keeping what tells them apart.

    `xoxb-1-2-abc` becomes `xoxb-…redacted`; a text without secrets comes back unchanged.
    """
    text = _TOKEN.sub(lambda match: f"{match['kind']}-{REDACTED}", text)
    text = _URL_PASSWORD.sub(lambda match: f"{match['user']}{REDACTED}@", text)
    text = _RESPONSE_URL.sub(lambda match: f"{match['host']}{match['path']}{REDACTED}", text)
    return _AUTHORIZATION.sub(lambda match: f"{match['scheme']}{REDACTED}", text)


def is_secret_name(name: str) -> bool:
    """Whether a setting or payload field of this name holds a secret."""
    return _SECRET_KEYS.search(name) is not None


def redact_value(value: Any) -> Any:
    """Redact every string in a JSON-like value, keys too, and whole fields whose name says that they hold a secret.

    The value given is left as it is; containers are copied.
    """
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {redact(key) if isinstance(key, str) else key: _redact_item(key, item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [redact_value(item) for item in value]
    return value


def _redact_item(key: object, item: Any) -> Any:
    return REDACTED if isinstance(key, str) and item and is_secret_name(key) else redact_value(item)
