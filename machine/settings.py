"""Settings: defaults, then `local_settings.py`, then the environment; checked once, before anything starts.

Names are case-insensitive. Settings that the framework does not know pass through to plugins untouched.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import json
import logging
import os
import re
import sys
import traceback
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from enum import StrEnum
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError, field_validator

from machine.address import Address
from machine.errors import Mistake, SettingsError
from machine.near_names import near_names
from machine.redaction import REDACTED, is_secret_name, redact, redact_value, remember_secrets
from machine.tracebacks import one_line

ENVIRONMENT_PREFIX = "SM_"
DEFAULT_SETTINGS_FILE = "local_settings.py"
SLACK_API_URL = "https://slack.com/api/"

MIN_STORAGE_SECRET = 16
"""Characters; a shorter one could be found by trying."""

_SETTINGS_MODULE = "SETTINGS_MODULE"

_SHOWN_CHARACTERS = 200  # of a wrong value: enough to recognise it
_REDACTED_TOKEN = re.compile(rf"[a-z]{{4}}(?:\.[a-z]{{4}})?-{REDACTED}")
_EXPECTED = {  # what pydantic says in its own terms
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "string_type": "a text",
    "tuple_type": "a list",
    "enum": "one of rerun, report, off",
    "zoneinfo_str": "the name of a time zone, such as Europe/Amsterdam or UTC",
}


class InboxPolicy(StrEnum):
    """What becomes of events that a killed process did not finish.

    Attributes:
        RERUN: Their handlers run again, from the beginning.
        REPORT: The log says which they are.
        OFF: Nothing; events are not noted.
    """

    RERUN = "rerun"
    REPORT = "report"
    OFF = "off"


_OF_OTHER_PARTS = (  # read where they are needed
    *("REDIS_URL", "REDIS_KEY_PREFIX", "REDIS_MAX_CONNECTIONS", "REPL_MODE", "REPL_SOCKET"),
    *("DYNAMODB_CREATE_TABLE", "DYNAMODB_ENDPOINT_URL", "DYNAMODB_KEY_PREFIX", "DYNAMODB_TABLE_NAME"),
)
_RENAMED = {"SQLITE_FILE": "SQLITE_PATH", "SLACK_API_TOKEN": "SLACK_BOT_TOKEN", "TIMEZONE": "TZ", "TIME_ZONE": "TZ"}

# Connections and storage are opened with these, once.
_NEED_A_START = (
    "slack_app_token",
    "slack_bot_token",
    "slack_api_url",
    "http_proxy",
    "retry_uncertain",
    "plugin_dir",
    "storage_backend",
    "sqlite_path",
    "storage_secret",
    "tz",
    "socket_mode_connections",
    "slack_signing_secret",
    "http",
    "health",
    "inbox",
)


def _as_list(value: object) -> object:
    """Accept `["a", "b"]`, `"a,b"` and, from the environment, a JSON list."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if text.startswith("["):
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ValueError("a list: JSON, or items separated by commas") from error
    return [item for item in (part.strip() for part in text.split(",")) if item]


_List = Annotated[tuple[str, ...], BeforeValidator(_as_list)]


class Settings(BaseModel):
    """Every setting of a bot, checked.

    The attributes are the settings the framework knows, in lower case; `all` is what plugins see. The guide explains
    each: docs/settings.md.
    """

    model_config = ConfigDict(frozen=True, extra="allow", hide_input_in_errors=True)

    slack_app_token: SecretStr | None = None
    slack_bot_token: SecretStr | None = None
    slack_signing_secret: SecretStr | None = None
    slack_api_url: str = SLACK_API_URL
    plugins: _List = (
        "machine.plugins.builtin.general.PingPongPlugin",
        "machine.plugins.builtin.general.HelloPlugin",
        "machine.plugins.builtin.help.HelpPlugin",
    )
    plugin_dir: str = "plugins"
    aliases: _List = ()
    storage_backend: str = "machine.storage.backends.sqlite.SQLiteStorage"
    sqlite_path: str = ".machine/storage.db"
    storage_secret: SecretStr | None = None
    http_proxy: str | None = None
    tz: ZoneInfo = ZoneInfo("UTC")
    loglevel: int = logging.INFO
    log_handled_messages: bool = True
    root_user: str | None = None
    listen_to_bots: bool = False
    socket_mode_connections: Annotated[int, Field(ge=1, le=10)] | None = None
    http: str | None = None
    health: str | None = None
    inbox: InboxPolicy = InboxPolicy.REPORT
    retry_uncertain: bool = False
    drain_timeout: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 10.0

    @classmethod
    def load(
        cls,
        directory: Path | None = None,
        environment: Mapping[str, str] = os.environ,
    ) -> Self:
        """Read the settings file and the environment.

        Args:
            directory: Where `local_settings.py` is looked for; the current folder by default.
            environment: `SM_SETTINGS_MODULE` names another settings module; `SM_<NAME>` overrides any setting.

        Raises:
            SettingsError: With every mistake found in the values, or saying why the settings file cannot be read.
        """
        directory = directory or Path.cwd()
        given = CaseInsensitiveDict(
            {
                name[len(ENVIRONMENT_PREFIX) :]: value
                for name, value in environment.items()
                if name.upper().startswith(ENVIRONMENT_PREFIX)
            }
        )
        module = given.pop(_SETTINGS_MODULE, None)
        return cls.check({**_read_settings_file(directory, module), **given})

    @classmethod
    def check(cls, values: Mapping[str, Any]) -> Self:
        """Check `values` (names in any case) and fill in the defaults.

        Raises:
            SettingsError: With one mistake per wrong value; secret values are redacted.
        """
        known = {name.upper(): name for name in cls.model_fields}
        fields = {known.get(name.upper(), name.upper()): value for name, value in values.items()}
        try:
            settings = cls.model_validate(fields)
            remember_secrets(settings.all)
            return settings
        except ValidationError as error:
            mistakes = [
                _mistake(str(item["loc"][0]), fields.get(str(item["loc"][0])), _EXPECTED.get(item["type"], item["msg"]))
                for item in error.errors()
            ]
            raise SettingsError(
                list(dict.fromkeys(mistakes))
            ) from None  # of a list, one item may be as wrong as another

    def changed_to(self, wanted: Self) -> tuple[Self, list[str]]:
        """What a running bot can take over of other settings.

        Returns:
            `wanted` with those settings left as they are that take effect at a start only, and the names of those of
            them that differ.
        """
        later = [name.upper() for name in _NEED_A_START if getattr(wanted, name) != getattr(self, name)]
        return wanted.model_copy(update={name: getattr(self, name) for name in _NEED_A_START}), later

    def misspelt(self) -> list[Mistake]:
        """Settings that the framework does not know, with names near to one that it does; a plugin may know them."""
        known = [*(name.upper() for name in type(self).model_fields), *_OF_OTHER_PARTS]
        found = []
        for name in self.model_extra or {}:
            if name in _OF_OTHER_PARTS:
                continue
            near = [_RENAMED[name]] if name in _RENAMED else near_names(name, known, cutoff=0.8)
            if near:
                remedy = f"Did you mean {' or '.join(near)}? If it is a plugin's own, all is well."
                found.append(Mistake(name, "is not a setting of the framework", remedy))
        return found

    @property
    def needs_app_token(self) -> bool:
        """Whether Slack is listened to over Socket Mode, and does not send to the bot's own server."""
        return self.http is None or self.slack_signing_secret is None

    def require_tokens(self, *, listens: bool) -> None:
        """Make sure that the tokens are there.

        Args:
            listens: Whether events are to be received as well.

        Raises:
            SettingsError: Naming those that are missing.
        """
        app_token = {"SLACK_APP_TOKEN": self.slack_app_token} if listens and self.needs_app_token else {}
        missing = [
            Mistake(name, "is not set", f"Export SM_{name} or put it into local_settings.py, or try `machine dev`.")
            for name, token in (app_token | {"SLACK_BOT_TOKEN": self.slack_bot_token}).items()
            if not (token and token.get_secret_value())
        ]
        if missing:
            raise SettingsError(missing)

    @property
    def all(self) -> CaseInsensitiveDict:
        """Every setting under its name, as plugins get them in `self.settings`; secrets in plain text."""
        plain: dict[str, Any] = {}
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, SecretStr):
                value = value.get_secret_value()
            elif isinstance(value, tuple):
                value = list(value)
            elif isinstance(value, ZoneInfo | InboxPolicy):
                value = str(value)
            plain[name.upper()] = value
        return CaseInsensitiveDict({**plain, **(self.model_extra or {})})

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        """What is shown where settings are printed: no secret."""
        return redact_value(dict(super().__repr_args__())).items()  # type: ignore[no-any-return]  # a copy of the dict

    @field_validator(
        "slack_app_token",
        "slack_bot_token",
        "slack_signing_secret",
        "storage_secret",
        "http_proxy",
        "root_user",
        "http",
        "health",
        mode="before",
    )
    @classmethod
    def _blank_is_unset(cls, value: object) -> object:
        return value.strip() or None if isinstance(value, str) else value

    @field_validator("inbox", mode="before")
    @classmethod
    def _ignore_case(cls, value: object) -> object:
        return value.strip().lower() if isinstance(value, str) else value

    @field_validator("slack_app_token")
    @classmethod
    def _looks_like_an_app_token(cls, token: SecretStr | None) -> SecretStr | None:
        if token is not None and not _is_token(token, "xapp-"):
            raise ValueError("an app-level token, which begins with xapp- (Basic Information > App-Level Tokens)")
        return token

    @field_validator("slack_bot_token")
    @classmethod
    def _looks_like_a_bot_token(cls, token: SecretStr | None) -> SecretStr | None:
        if token is not None and not _is_token(token, "xoxb-", "xoxe.xoxb-"):
            raise ValueError("a bot token, which begins with xoxb- (OAuth & Permissions > Bot User OAuth Token)")
        return token

    @field_validator("storage_secret")
    @classmethod
    def _is_long_enough(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and len(secret.get_secret_value()) < MIN_STORAGE_SECRET:
            raise ValueError(f"at least {MIN_STORAGE_SECRET} characters; `openssl rand -hex 32` makes some")
        return secret

    @field_validator("slack_api_url", "http_proxy")
    @classmethod
    def _is_a_url(cls, url: str | None) -> str | None:
        if url is not None and not _is_http_url(url):
            raise ValueError("a URL that begins with http:// or https://, followed by a host")
        return url

    @field_validator("slack_api_url")
    @classmethod
    def _ends_in_a_slash(cls, url: str) -> str:
        return url if url.endswith("/") else f"{url}/"

    @field_validator("http", "health")
    @classmethod
    def _is_an_address(cls, text: str | None) -> str | None:
        return None if text is None else str(Address.parse(text))

    @field_validator("tz", mode="before")
    @classmethod
    def _is_a_time_zone(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            return ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError("the name of a time zone, such as Europe/Amsterdam or UTC") from error

    @field_validator("loglevel", mode="before")
    @classmethod
    def _is_a_log_level(cls, value: object) -> object:
        levels = logging.getLevelNamesMapping()
        if isinstance(value, str):
            text = value.strip().upper()
            value = int(text) if text.isdecimal() else levels.get(text, value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValueError("one of DEBUG, INFO, WARNING, ERROR, CRITICAL")  # noqa: TRY004 - pydantic collects these
        return value


class CaseInsensitiveDict(MutableMapping[str, Any]):
    """Settings by name, in any case of letters; printing it shows no secret."""

    def __init__(self, values: Mapping[str, Any] | Iterable[tuple[str, Any]] | None = None, /, **named: Any) -> None:
        self._values: dict[str, Any] = {}
        self.update(values or {}, **named)

    def __getitem__(self, name: str) -> Any:
        return self._values[name.upper()]

    def __setitem__(self, name: str, value: Any) -> None:
        self._values[name.upper()] = value

    def __delitem__(self, name: str) -> None:
        del self._values[name.upper()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.upper() in self._values

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Mapping):
            return NotImplemented
        return self._values == {str(name).upper(): value for name, value in other.items()}

    __hash__ = None  # type: ignore[assignment]  # it can be changed

    def copy(self) -> CaseInsensitiveDict:
        """Another one with the same values."""
        return CaseInsensitiveDict(self._values)

    def lower_items(self) -> Iterator[tuple[str, Any]]:
        """Names in small letters, with their values."""
        return ((name.lower(), value) for name, value in self._values.items())

    def __repr__(self) -> str:
        shown = {name: _shown(name, value) for name, value in self._values.items()}
        return f"CaseInsensitiveDict({shown})"


def _is_token(token: SecretStr, *prefixes: str) -> bool:
    text = token.get_secret_value()
    # Anything else cannot be sent in a header.
    return text.startswith(prefixes) and text.isascii() and text.isprintable() and " " not in text


def _is_http_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False


def _shown(name: str, value: Any) -> str:
    if is_secret_name(name) and value:
        # Only what kind of token it is: what stands around one may belong to the secret.
        shown = redact(str(value))
        return shown if _REDACTED_TOKEN.fullmatch(shown) else REDACTED
    shown = redact(repr(redact_value(value)))
    return shown if len(shown) <= _SHOWN_CHARACTERS else f"{shown[:_SHOWN_CHARACTERS]}…"


def _mistake(field: str, value: Any, message: str) -> Mistake:
    expected = message.removeprefix("Value error, ").removeprefix("Input should be ")
    return Mistake(field.upper(), f"is {_shown(field, value)}", f"Expected: {expected}.")


def _read_settings_file(directory: Path, module: str | None) -> CaseInsensitiveDict:
    if str(directory) not in sys.path:
        sys.path.insert(0, str(directory))  # settings may be spread over several files
    path = directory / DEFAULT_SETTINGS_FILE
    if module:
        return _public_names(_import_settings(module, directory))
    return _public_names(_run_settings(path)) if path.exists() else CaseInsensitiveDict()


def _public_names(module: ModuleType) -> CaseInsensitiveDict:
    return CaseInsensitiveDict(
        {
            name: value
            for name, value in vars(module).items()
            if not name.startswith("_") and not isinstance(value, ModuleType)
        }
    )


def settings_file(directory: Path, environment: Mapping[str, str] = os.environ) -> Path:
    """The file that `Settings.load()` reads, whether or not it is there."""
    wanted = f"{ENVIRONMENT_PREFIX}{_SETTINGS_MODULE}"
    module = next((value for name, value in environment.items() if name.upper() == wanted), None)
    if module:
        with contextlib.suppress(ImportError, ValueError):
            spec = importlib.util.find_spec(module)
            if spec is not None and spec.origin is not None:
                return Path(spec.origin)
    return directory / DEFAULT_SETTINGS_FILE


def _import_settings(name: str, directory: Path) -> ModuleType:
    importlib.invalidate_caches()  # it may have been written just now
    try:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None or not isinstance(spec.loader, SourceFileLoader):
            return importlib.import_module(name)
        module = importlib.util.module_from_spec(spec)
        _execute(Path(spec.origin), module)
        sys.modules[name] = module
        return module
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            raise SettingsError(
                [Mistake("SM_SETTINGS_MODULE", f"names {name}, which is not there", f"Looked in {directory}.")]
            ) from None
        raise _unreadable(name, error) from None
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever the module raises is the author's to see
        raise _unreadable(name, error) from None


def _run_settings(path: Path) -> ModuleType:
    # By path and afresh: a `local_settings` elsewhere on sys.path, or one read earlier, must not stand in for it.
    spec = importlib.util.spec_from_file_location("local_settings", path)
    if spec is None or spec.loader is None:  # pragma: no cover - a .py path always has a loader
        raise _unreadable(str(path), OSError("not a Python file"))
    module = importlib.util.module_from_spec(spec)
    try:
        _execute(path, module)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - see above
        raise _unreadable(str(path), error) from None
    return module


def _execute(path: Path, module: ModuleType) -> None:
    """Run a settings file from its source: a `.pyc` may be as old as the last second."""
    exec(compile(path.read_bytes(), path, "exec"), module.__dict__)  # noqa: S102 - the settings file is a program


def _unreadable(source: str, error: BaseException) -> SettingsError:
    frames = traceback.extract_tb(error.__traceback__)
    if isinstance(error, SyntaxError) and error.lineno:
        where = f", line {error.lineno}"
    else:
        own = [frame for frame in frames if frame.filename == source]
        where = f", line {own[-1].lineno}" if own else ""
    problem = f"cannot be read: {redact(one_line(error))}"
    return SettingsError([Mistake(f"{source}{where}", problem, "Correct the file and start again.")])
