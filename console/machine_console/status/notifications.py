"""Records a person should be told about, in words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from machine.trace import (
    ConnectionChanged,
    InvocationFailed,
    JobFired,
    PluginFailed,
    PluginLoaded,
    PluginsReloaded,
    PluginUnloaded,
    RateLimited,
    Record,
    StorageAccessed,
)
from machine_console.text.formatting import milliseconds, short_handler

NEWSWORTHY: tuple[type[Record], ...] = (
    InvocationFailed,
    PluginFailed,
    PluginsReloaded,
    PluginLoaded,
    PluginUnloaded,
    JobFired,
    ConnectionChanged,
    RateLimited,
    StorageAccessed,
)
"""The kinds of records that can be news."""
_MAX_HANDLERS = 5
"""Handlers that the notice of a reload lists, and the characters of each: one line."""
_MAX_WIDTH = 54
_FAILED = " failed to "
_REFUSAL = re.compile(
    r"The request to the Slack API failed\..*/api/([\w.]+).*The server responded with: .*'error': '(\w+)'.*", re.DOTALL
)
"""How slack_sdk writes that Slack refused something: five lines of a notice, of which two words matter."""


@dataclass(frozen=True, slots=True)
class News:
    """Something that concerns more than the list of events.

    Attributes:
        record: What happened.
        title: The heading of a notice.
        text: What the notice says; empty where none is raised.
        about: The same for news that repeats itself.
        is_error: Something failed.
        is_about_plugins: The plugins are no longer what they were.
        is_about_storage: Stored values changed.
    """

    record: Record
    title: str = ""
    text: str = ""
    about: str = ""
    is_error: bool = False
    is_about_plugins: bool = False
    is_about_storage: bool = False


def news_of(record: Record) -> News | None:
    """What is new about a record; `None` for the many that only belong to their event."""
    news: News | None = None
    match record:
        case InvocationFailed():
            handler = short_handler(record.handler)
            error = _REFUSAL.sub(r"\1 answered \2", record.error)
            news = News(record, f"{handler} failed", error, f"{record.handler}: {error}", is_error=True)
        case PluginFailed():
            news = _failed_load(record)
        case PluginsReloaded():
            news = News(record, "", _reloaded(record), is_about_plugins=True)
        case PluginLoaded() | PluginUnloaded() | JobFired():
            news = News(record, is_about_plugins=True)
        case ConnectionChanged(state="failed"):
            news = News(record, "Connection failed", record.detail, "connection", is_error=True)
        case ConnectionChanged() | RateLimited():
            news = News(record)
        case StorageAccessed(operation="set" | "delete"):
            news = News(record, is_about_storage=True)
    return news


def is_failure_of(plugin: str, title: str) -> bool:
    """Whether a notice of this title says that a plugin, or the module it stands in, could not be loaded."""
    name, said, _ = title.partition(_FAILED)
    return bool(said) and (plugin == name or plugin.startswith(f"{name}."))


def _failed_load(record: PluginFailed) -> News:
    place = f"{Path(record.file).name}:{record.line}: " if record.file and record.line else ""
    kept = "\nThe old version is still live." if record.is_old_version_live else ""
    return News(
        record,
        f"{record.plugin}{_FAILED}{record.phase}",
        f"{place}{record.error}{kept}",
        f"{record.plugin}: {record.error}",
        is_error=True,
        is_about_plugins=True,
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
