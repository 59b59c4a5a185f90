"""Secrets never print: one place that knows what a secret looks like.

Everything that is shown to a person (logs, traces, tracebacks, REPL results) passes through `redact`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
_URL_USER = re.compile(r"(?P<scheme>https?://)[^\s/:@\"'<>]{16,}@")  # Sentry's DSN, a token of GitHub
_AUTHORIZATION = re.compile(r"(?i)(?P<scheme>bearer\s+)[^\s\"',}]+")
_HEADER = re.compile(
    r"""(?ix) (?<![\w-]) (?P<name>(?:proxy-)?authorization|(?:set-)?cookie|(?:x-)?api-key|x-[\w-]{1,40})
    (?P<between>\\*["']?\s{0,8}[:,=]\s{0,8}(?:b?\\*["'])?)
    (?P<scheme>(?:basic|bearer|token|negotiate|apikey|digest|hmac|aws4-hmac-sha256)\s+)?
    (?:[\w-]+="[^"]*"|[^\s"',;\\]+)(?:[;,]\s?(?:[\w-]+="[^"]*"|[\w-]+=[^\s"',;\\]+))*"""
)
# What is given a value, in Python, in JSON, in the environment or in a URL; each word is looked at once.
_GIVEN = re.compile(r"""(?<![\w-])(?P<name>[\w-]+)(?:\\*["']?\s*[=:]\s*b?(?P<open>\\*["'])|=(?=[^\s"']))""")
_HINT = re.compile("token|secret|pass|pwd|pw|key|cred|cookie|auth|jwt|dsn|otp|bearer|hook|url|conn|session|sig|code")
"""Part of every name of a secret: looking for one takes a twentieth of the time of looking at every name."""
_VALUES = {  # by what it begins with
    "'": re.compile(r"(?:[^'\\]|\\.)*", re.DOTALL),
    '"': re.compile(r'(?:[^"\\]|\\.)*', re.DOTALL),
    "\\": re.compile(r"[^\"'\\]*"),
    "": re.compile(r"(?!(?:None|True|False|null|true|false)\b)[^\s\"'&;,<>()\[\]{}\\=]+|"),
}
# The words a name ends in, in lower case and joined by `_`.
_SECRET_WORDS = frozenset({
    "token", "tokens", "secret", "secrets", "password", "passwords", "passwd", "passwds", "passphrase",
    "passphrases", "passcode", "pass", "pwd", "pw", "credential", "credentials", "cred", "creds", "cookie",
    "cookies", "authorization", "auth", "bearer", "jwt", "dsn", "apikey", "apikeys", "accesskey", "secretkey",
    "privatekey", "authtoken", "accesstoken", "refreshtoken", "bottoken", "otp", "totp",
})  # fmt: skip
_SECRET_ENDINGS = (
    "response_url", "webhook_url", "webhook", "connection_string", "conn_str", "session_id", "sessionid",
    "access_key_id", "key_base", "amz_signature", "slack_signature", "hub_signature", "hub_signature_256",
)  # fmt: skip
_RUN_TOGETHER = ("password", "passwd", "passphrase", "token", "secret", "apikey")  # as in PGPASSWORD
_OPEN_KEYS = frozenset({
    "public", "primary", "foreign", "sort", "cache", "storage", "partition", "issue", "project", "delivery",
    "event", "message", "routing", "idempotency", "lookup", "dict", "object", "full", "first", "last", "next",
    "previous", "group", "row", "column", "order", "index", "translation", "shared", "plugin", "user", "map",
    "any", "arrow", "up", "down", "function", "hot", "shortcut", "return", "enter", "escape", "tab", "no",
    "the", "a",
})  # fmt: skip
"""What stands before `key` in a name that holds no secret."""
_COUNTED = frozenset({
    "max", "min", "total", "used", "input", "output", "prompt", "completion", "num", "count", "cached",
    "reasoning", "remaining",
})  # fmt: skip
"""What stands before `tokens` where they are counted."""
_QUALIFIERS = frozenset({
    "value", "values", "data", "raw", "pem", "base64", "b64", "string", "str", "text", "hash", "old", "new",
    "current", "previous", "default", "prod", "production", "live", "test", "staging", "dev", "main", "backup",
    "primary", "secondary", "env", "var", "header", "plain",
})  # fmt: skip
"""What may follow on the words that make a name one of a secret."""
_QUERY_NAMES = frozenset(("key", "sig", "signature", "code"))
"""Parameters of a URL that hold a secret, though other things of these names do not."""
_BEFORE_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

REDACTED = "…redacted"
TOO_DEEP = "…nested too deeply"
_MAX_DEPTH = 100

_MIN_SECRET = 8  # characters: what is shorter, or of few different ones, stands in too many texts that are not secret
_MIN_DIFFERENT = 4
_MAX_SECRETS = 1_000
_MAX_BITS = 1_000  # of a number that is a secret
_NAME_END = 60  # characters of a name that are looked at
_LONGEST = 512
"""Characters up to which a secret that is no setting is recognised where a text is cut."""
_known: frozenset[str] = frozenset()  # replaced whole: logs are written on several threads
_known_pattern: re.Pattern[str] | None = None
_longest_known = 0


def redact(text: str) -> str:
    """Replace tokens, response URLs, headers and passwords in URLs, and what has the name of a secret.

    What tells secrets apart is kept: `xoxb-1-2-abc` becomes `xoxb-…redacted`; a text without secrets comes back
    unchanged. Values that `remember_secrets` was told of are replaced wherever they stand.
    """
    # Nearly no text holds a secret, and looking for a part of one takes a seventh of the time of a pattern.
    if "xox" in text or "xapp-" in text or "xwfp-" in text:
        text = _TOKEN.sub(lambda match: f"{match['kind']}-{REDACTED}", text)
    if _known_pattern is not None and _holds_known(text):
        text = _known_pattern.sub(REDACTED, text)
    if "://" in text:
        text = _URL_PASSWORD.sub(lambda match: f"{match['user']}{REDACTED}@", text)
        text = _URL_USER.sub(lambda match: f"{match['scheme']}{REDACTED}@", text)
        text = _RESPONSE_URL.sub(lambda match: f"{match['host']}{match['path']}{REDACTED}", text)
    if ":" in text or "," in text or "=" in text:
        text = _without_named(text)
    return text


def redact_start(text: str, limit: int) -> str:
    """The first `limit` characters, redacted, at a cost that does not depend on how long `text` is.

    A text is cut before it is searched, and what may be the beginning of a secret at the cut is left out.
    """
    overlap = max(_LONGEST, _longest_known)
    if len(text) <= limit + overlap:
        return _cut(redact(text), limit)
    return _cut(redact(text[: limit + overlap])[:-overlap] + "…", limit)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[:limit]}…"


def _without_named(text: str) -> str:
    lower = text.lower()
    if "bearer" in lower:
        text = _AUTHORIZATION.sub(lambda match: f"{match['scheme']}{REDACTED}", text)
    if "authorization" in lower or "cookie" in lower or "api-key" in lower or "x-" in lower:
        text = _HEADER.sub(_hide_header, text)
    if ("=" in text or "'" in text or '"' in text) and _HINT.search(lower) is not None:
        text = _without_given(text)
    return text


def _hide_header(found: re.Match[str]) -> str:
    if not is_secret_name(found["name"]):
        return found[0]
    return f"{found['name']}{found['between']}{found['scheme'] or ''}{REDACTED}"


def _without_given(text: str) -> str:
    """Hide what secret names are given; other values are looked into, as they may quote such names in turn."""
    pieces, done = [], 0
    for found in _GIVEN.finditer(text):
        end = found.end()
        if found.start() < done or not (is_secret_name(found["name"]) or _is_secret_parameter(found)):
            continue
        value = _VALUES[(found["open"] or "")[:1]].match(text, end)
        if value is not None and value[0] and REDACTED not in value[0]:  # or what tells secrets apart is lost
            pieces += [text[done:end], REDACTED]
            done = value.end()
    return "".join([*pieces, text[done:]]) if pieces else text


def _is_secret_parameter(found: re.Match[str]) -> bool:
    return (
        found["name"] in _QUERY_NAMES
        and not found["open"]
        and found.string[found.start() - 1 : found.start()] in ("?", "&")
    )


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
    # One set for the process: logs and tracebacks know no bot they belong to.
    global _known, _known_pattern, _longest_known
    known = _known.union(form for secret in _secrets_in(settings) for form in _forms(secret))
    if known == _known or len(known) > _MAX_SECRETS:
        return
    longest_first = sorted(known, key=len, reverse=True)  # one may begin with another
    pattern = re.compile("|".join(map(re.escape, longest_first)))
    _known, _known_pattern, _longest_known = known, pattern, len(longest_first[0])


def _secrets_in(values: Mapping[Any, Any]) -> Iterator[str]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _texts_in(value.values()) if is_secret_name(str(name)) else _secrets_in(value)
        elif is_secret_name(str(name)):
            yield from _texts_in([value])
        else:
            yield from filter(_is_worth_knowing, map(_password, _texts_in([value])))


def _texts_in(values: Iterable[Any]) -> Iterator[str]:
    """The texts in a value and in what it holds, that are long enough to be recognised."""
    for value in values:
        if hasattr(value, "get_secret_value"):  # pydantic's, which takes long to import
            value = value.get_secret_value()  # noqa: PLW2901
        if isinstance(value, bytes):
            value = value.decode(errors="replace")  # noqa: PLW2901
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value) if value.bit_length() < _MAX_BITS else ""  # noqa: PLW2901
        if isinstance(value, str):
            if _is_worth_knowing(value):
                yield value
        elif isinstance(value, Mapping):
            yield from _texts_in(value.values())
        elif isinstance(value, list | tuple | set | frozenset):
            yield from _texts_in(value)


def _is_worth_knowing(text: str) -> bool:
    return len(text) >= _MIN_SECRET and len(set(text)) >= _MIN_DIFFERENT


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
    """Whether a setting, field, header or parameter of this name holds a secret: `API_TOKENS`, `X-Api-Key`."""
    return _names_secret(name[-_NAME_END:])


@lru_cache(maxsize=4_096)  # the fields of payloads and log lines have few names
def _names_secret(end: str) -> bool:
    words = [word for word in re.split(r"[^a-z0-9]+", _BEFORE_CAPITAL.sub("_", end).lower()) if word]
    while len(words) > 1 and (words[-1] in _QUALIFIERS or words[-1].lstrip("v").isdigit()):
        words.pop()
    if not words:
        return False
    last, before = words[-1].rstrip("0123456789"), words[-2] if len(words) > 1 else ""
    if last in ("key", "keys"):
        return bool(before) and before not in _OPEN_KEYS
    if last == "tokens" and before in _COUNTED:
        return False
    if last in ("pass", "pw") and not before:
        return False  # tests pass
    return last in _SECRET_WORDS or last.endswith(_RUN_TOGETHER) or "_".join(words).endswith(_SECRET_ENDINGS)


def redact_value(value: Any, depth: int = _MAX_DEPTH) -> Any:
    """Redact every string in a JSON-like value, keys too, and whole fields whose name says that they hold a secret.

    The value given is left as it is; containers are copied. What lies deeper than `depth` containers is left out.
    """
    if isinstance(value, str):
        return redact(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    if depth <= 0 and isinstance(value, Mapping | Sequence | bytes):
        return TOO_DEEP
    if isinstance(value, (dict, Mapping)):  # a dict is found to be one much sooner than a Mapping
        return {_redact_name(name): redact_field(name, item, depth - 1) for name, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [redact_value(item, depth - 1) for item in value]
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


def redact_field(name: object, value: Any, depth: int = _MAX_DEPTH) -> Any:
    """Redact the value of a field: wholly, if its name says that it holds a secret, else as `redact_value` does."""
    if value and value is not True and isinstance(name, str) and is_secret_name(name):
        return REDACTED
    return redact(value) if isinstance(value, str) else redact_value(value, depth)


def _redact_name(name: object) -> object:
    return redact(name) if isinstance(name, str) else name
