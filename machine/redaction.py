"""Secrets never print: one place that knows what a secret looks like.

Everything that is shown to a person (logs, traces, tracebacks, REPL results) passes through `redact`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import quote

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

_MIN_SECRET = 8  # characters: what is shorter, or of few different ones, stands in too many texts that are not secret
_MIN_DIFFERENT = 4
_MAX_SECRETS = 1_000
_NAME_END = 40  # characters of a name that are looked at: more than any that `_SECRET_KEYS` knows
_known: frozenset[str] = frozenset()  # replaced whole: logs are written on several threads
_known_pattern: re.Pattern[str] | None = None


def redact(text: str) -> str:
    """Replace tokens, response URLs, authorization headers and passwords in URLs, keeping what tells them apart.

    `xoxb-1-2-abc` becomes `xoxb-…redacted`; a text without secrets comes back unchanged. Values that
    `remember_secrets` was told of are replaced wherever they stand.
    """
    # Nearly no text holds a secret, and looking for a part of one takes a seventh of the time of a pattern.
    if "xox" in text or "xapp-" in text or "xwfp-" in text:
        text = _TOKEN.sub(lambda match: f"{match['kind']}-{REDACTED}", text)
    if _known_pattern is not None and _holds_known(text):
        text = _known_pattern.sub(REDACTED, text)
    if "://" in text:
        text = _URL_PASSWORD.sub(lambda match: f"{match['user']}{REDACTED}@", text)
        text = _RESPONSE_URL.sub(lambda match: f"{match['host']}{match['path']}{REDACTED}", text)
    if "bearer" in text.lower():
        text = _AUTHORIZATION.sub(lambda match: f"{match['scheme']}{REDACTED}", text)
    return text


def _holds_known(text: str) -> bool:
    for secret in _known:  # noqa: SIM110 - a generator takes longer than all of the comparisons
        if secret in text:
            return True
    return False


def remember_secrets(settings: Mapping[str, Any]) -> None:
    """Have `redact` replace the secrets among these settings from now on, for as long as the process runs.

    An API key looks like any other word, so its value has to be known. Secrets are the values whose name says so
    (`is_secret_name`), also in mappings, and passwords in URLs.
    """
    global _known, _known_pattern  # one set for the process: logs and tracebacks know no bot they belong to
    known = _known.union(form for secret in _secrets_in(settings) for form in _forms(secret))
    if known == _known or len(known) > _MAX_SECRETS:
        return
    longest_first = sorted(known, key=len, reverse=True)  # one may begin with another
    _known, _known_pattern = known, re.compile("|".join(map(re.escape, longest_first)))


def _secrets_in(values: Mapping[Any, Any]) -> Iterator[str]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _secrets_in(value)
        elif isinstance(value, str):
            found = value if is_secret_name(str(name)) else _password(value)
            if len(found) >= _MIN_SECRET and len(set(found)) >= _MIN_DIFFERENT:
                yield found


def _password(url: str) -> str:
    match = _URL_PASSWORD.search(url)
    return url[match.end("user") : match.end() - 1] if match else ""


def _forms(secret: str) -> Iterator[str]:
    """A secret as it stands in a text, in a repr, in JSON and in a URL."""
    yield secret
    yield repr(secret)[1:-1]
    yield json.dumps(secret)[1:-1]
    yield quote(secret, safe="")


def is_secret_name(name: str) -> bool:
    """Whether a setting or payload field of this name holds a secret."""
    return _ends_as_secret(name[-_NAME_END:])


@lru_cache(maxsize=1_024)  # the fields of payloads and log lines have few names
def _ends_as_secret(end: str) -> bool:
    return _SECRET_KEYS.search(end) is not None


def redact_value(value: Any) -> Any:
    """Redact every string in a JSON-like value, keys too, and whole fields whose name says that they hold a secret.

    The value given is left as it is; containers are copied.
    """
    if isinstance(value, str):
        return redact(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, (dict, Mapping)):  # a dict is found to be one much sooner than a Mapping
        return {_redact_name(name): redact_field(name, item) for name, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [redact_value(item) for item in value]
    return value


class RedactedLater(Mapping[str, Any]):
    """A JSON object, redacted as `redact_value` does when somebody looks into it for the first time.

    Most of what is kept for looking back is never looked at, and writing it as JSON takes a quarter of the time.

    Args:
        text: The object, as JSON.
    """

    __slots__ = ("_text", "_value")

    def __init__(self, text: str | bytes) -> None:
        self._text = text
        self._value: dict[str, Any] | None = None

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> Mapping[str, Any]:
        """The mapping as it is now; redacted at once if it cannot be written as JSON."""
        try:
            return cls(json.dumps(value))
        except (TypeError, ValueError, RecursionError):
            redacted: Mapping[str, Any] = redact_value(value)
            return redacted

    def _redacted(self) -> dict[str, Any]:
        if self._value is None:
            self._value = redact_value(json.loads(self._text))
            self._text = ""
        return self._value

    def __getitem__(self, name: str) -> Any:
        return self._redacted()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._redacted())

    def __len__(self) -> int:
        return len(self._redacted())

    def __repr__(self) -> str:
        return repr(self._redacted())


def redact_field(name: object, value: Any) -> Any:
    """Redact the value of a field: wholly, if its name says that it holds a secret, else as `redact_value` does."""
    if value and isinstance(name, str) and is_secret_name(name):
        return REDACTED
    return redact(value) if isinstance(value, str) else redact_value(value)


def _redact_name(name: object) -> object:
    return redact(name) if isinstance(name, str) else name
