"""What a person should be told about, in words, and how often."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from machine.trace import (
    ConnectionChanged,
    InvocationFailed,
    PluginFailed,
    PluginLoaded,
    PluginsReloaded,
    Record,
)
from machine_console.text.formatting import milliseconds, short_handler

QUIET = timedelta(seconds=10)
"""After a notice about one thing, the next about the same thing waits this long."""
_MAX_KNOWN = 1_000
_MAX_HANDLERS = 5
"""Handlers that the notice of a reload lists, and the characters of each: one line."""
_MAX_WIDTH = 54
_FAILED = " failed to "
_REFUSAL = re.compile(
    r"The request to the Slack API failed\..*/api/([\w.]+).*The server responded with: .*'error': '(\w+)'.*", re.DOTALL
)
"""How slack_sdk writes that Slack refused something: five lines of a notice, of which two words matter."""


@dataclass(frozen=True, slots=True)
class Notification:
    """Something that a person should be told.

    Attributes:
        title: The heading.
        text: What it says; empty where nothing is to be shown.
        severity: `information`, `warning` or `error`.
        about: The same for what repeats itself.
        record: What happened, where the trace told of it.
    """

    title: str
    text: str
    severity: Literal["information", "warning", "error"] = "information"
    about: str = ""
    record: Record | None = None


def notification_of(record: Record) -> Notification | None:
    """What to say about a record; `None` for the many that only belong to their event."""
    match record:
        case InvocationFailed():
            error = _REFUSAL.sub(r"\1 answered \2", record.error)
            title = f"{short_handler(record.handler)} failed"
            return Notification(title, error, "error", f"{record.handler}: {error}", record)
        case PluginFailed():
            return _failed_load(record)
        case PluginsReloaded():
            return Notification("", _reloaded(record), record=record)
        case PluginLoaded():
            return Notification("", "", record=record)  # takes back what was said of its failure
        case ConnectionChanged(state="failed"):
            return Notification("Connection failed", record.detail, "error", "connection", record)
        case _:
            return None


def is_failure_of(plugin: str, title: str) -> bool:
    """Whether a notice of this title says that a plugin, or the module it stands in, could not be loaded."""
    name, said, _ = title.partition(_FAILED)
    return bool(said) and (plugin == name or plugin.startswith(f"{name}."))


def _failed_load(record: PluginFailed) -> Notification:
    place = f"{Path(record.file).name}:{record.line}: " if record.file and record.line else ""
    kept = "\nThe old version is still live." if record.is_old_version_live else ""
    return Notification(
        f"{record.plugin}{_FAILED}{record.phase}",
        f"{place}{record.error}{kept}",
        "error",
        f"{record.plugin}: {record.error}",
        record,
    )


def _reloaded(record: PluginsReloaded) -> str:
    files = ", ".join(Path(file).name for file in record.files) or "plugins"
    changes = f"+{len(record.added)} -{len(record.removed)} ~{len(record.changed)} handlers"
    return "\n".join([f"reloaded {files} in {milliseconds(record.duration)}: {changes}", *_handlers_of(record)])


def _handlers_of(record: PluginsReloaded) -> list[str]:
    """The handlers that are other than before, each with a sign: as many as a notice has room for."""
    groups = (("+", record.added), ("-", record.removed), ("~", record.changed))
    names = [f"{sign} {_brief(identity)}" for sign, identities in groups for identity in identities]
    left_out = len(names) - _MAX_HANDLERS
    return [*names[:_MAX_HANDLERS], *([f"and {left_out} more"] if left_out > 0 else [])]


def _brief(identity: str) -> str:
    """A handler without its module: `Greeter.greet listen_to(r"^hello$")`."""
    name, _, trigger = identity.partition(" ")
    brief = f"{short_handler(name)} {trigger}"
    return brief if len(brief) <= _MAX_WIDTH else f"{brief[: _MAX_WIDTH - 1]}…"


class Repeats:
    """Lets the first of many similar notices through: a storm of errors is seen, and does not bury the screen."""

    def __init__(self) -> None:
        self._last: dict[str, datetime] = {}
        self._held: dict[str, int] = {}

    def let_through(self, about: str, at: datetime) -> int | None:
        """Whether to tell: how many similar ones were held back before, or `None` to hold this one back too."""
        last = self._last.get(about)
        if last is not None and timedelta() <= at - last < QUIET:
            self._held[about] = self._held.get(about, 0) + 1
            return None
        if len(self._last) >= _MAX_KNOWN:
            self._last.clear()
            self._held.clear()
        self._last[about] = at
        return self._held.pop(about, 0)
