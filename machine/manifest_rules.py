"""Slack's rules for app manifests: https://docs.slack.dev/reference/app-manifest."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

MAX_APP_NAME = 35
MAX_COMMANDS = 50
MAX_SHORTCUTS = 10
MAX_SHORTCUT_NAME = 24
MAX_SHORTCUT_DESCRIPTION = 150
MAX_COMMAND_DESCRIPTION = 2000
MAX_USAGE_HINT = 1000

_MAX_EVENTS = 100
_MAX_SCOPES = 255
_MAX_BOT_NAME = 80
_MAX_COMMAND = 32
_MAX_CALLBACK_ID = 255
COMMAND = re.compile(r"/[a-z0-9_\-.]+")
_BOT_NAME = re.compile(r"[A-Za-z0-9_.-]+")


def mistakes_in(manifest: Mapping[str, Any]) -> list[str]:
    """What Slack would refuse, each with the place in the manifest; empty where all is well."""
    return [*_in_names(manifest), *_in_commands(manifest), *_in_shortcuts(manifest), *_in_counts(manifest)]


def _in_names(manifest: Mapping[str, Any]) -> Iterator[str]:
    name = str(_at(manifest, "display_information", "name") or "")
    yield from _length("display_information.name", name, MAX_APP_NAME)
    bot = _at(manifest, "features", "bot_user", "display_name")
    if bot is not None:
        yield from _length("features.bot_user.display_name", str(bot), _MAX_BOT_NAME)
        if bot and not _BOT_NAME.fullmatch(str(bot)):
            yield f"features.bot_user.display_name {bot!r} may have letters, digits, -, _ and . only."


def _in_commands(manifest: Mapping[str, Any]) -> Iterator[str]:
    for number, command in enumerate(_items(manifest, "features", "slash_commands")):
        place, name = f"features.slash_commands[{number}]", str(command.get("command") or "")
        if not COMMAND.fullmatch(name):
            yield f"{place}.command {name!r} must be a slash and small letters, digits, -, _ and . only."
        yield from _length(f"{place}.command", name, _MAX_COMMAND)
        yield from _length(f"{place}.description", str(command.get("description") or ""), MAX_COMMAND_DESCRIPTION)
        if hint := command.get("usage_hint"):
            yield from _length(f"{place}.usage_hint", str(hint), MAX_USAGE_HINT)


def _in_shortcuts(manifest: Mapping[str, Any]) -> Iterator[str]:
    limits = {
        "name": MAX_SHORTCUT_NAME,
        "callback_id": _MAX_CALLBACK_ID,
        "description": MAX_SHORTCUT_DESCRIPTION,
    }
    for number, shortcut in enumerate(_items(manifest, "features", "shortcuts")):
        place = f"features.shortcuts[{number}]"
        for key, limit in limits.items():
            yield from _length(f"{place}.{key}", str(shortcut.get(key) or ""), limit)
        if shortcut.get("type") not in ("global", "message"):
            yield f"{place}.type is {shortcut.get('type')!r}; Slack knows global and message."


def _in_counts(manifest: Mapping[str, Any]) -> Iterator[str]:
    limits = {
        ("features", "slash_commands"): MAX_COMMANDS,
        ("features", "shortcuts"): MAX_SHORTCUTS,
        ("settings", "event_subscriptions", "bot_events"): _MAX_EVENTS,
        ("oauth_config", "scopes", "bot"): _MAX_SCOPES,
    }
    for path, limit in limits.items():
        count = len(_at(manifest, *path) or ())
        if count > limit:
            yield f"{'.'.join(path)} has {count} entries; Slack takes {limit}."


def _length(place: str, text: str, limit: int) -> Iterator[str]:
    if not text:
        yield f"{place} is missing."
    elif len(text) > limit:
        yield f"{place} has {len(text)} characters; Slack takes {limit}."


def _items(manifest: Mapping[str, Any], *path: str) -> Sequence[Mapping[str, Any]]:
    return [item for item in _at(manifest, *path) or () if isinstance(item, Mapping)]


def _at(manifest: Mapping[str, Any], *path: str) -> Any:
    found: Any = manifest
    for key in path:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found
