"""A Slack app manifest derived from plugins: what Slack must know of an app for its handlers to be called.

The form is described at https://docs.slack.dev/reference/app-manifest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from machine.dispatch.registry import Handler
from machine.manifest_rules import MAX_SHORTCUT_DESCRIPTION, MAX_SHORTCUT_NAME
from machine.plugins.triggers import (
    CallbackTrigger,
    ElementTrigger,
    HomeOpened,
    MessageShortcut,
    Options,
    Process,
    Shortcut,
    SlashCommand,
    TextTrigger,
    Trigger,
)
from machine.slack.directory import FOLLOWED_EVENTS
from machine.slack.facts.events import EVENT_SCOPES, FOR_PEOPLE_ONLY, MESSAGE_EVENTS, UNASKED
from machine.slack.facts.methods import ALWAYS
from machine.source_scopes import scopes_of_source

# What these tell the directory, a message tells it too, or `user_change`.
_TELL_NOTHING_NEW = frozenset({"im_created", "user_profile_changed"})
_REQUEST_URLS = (
    ("event_subscriptions", "request_url"),
    ("interactivity", "request_url"),
    ("interactivity", "message_menu_options_url"),
)


@dataclass(frozen=True, slots=True)
class Derived:
    """A manifest, and what it could not say.

    Attributes:
        manifest: As Slack reads it.
        remarks: What a person should look at: handlers that Slack will not call as it is.
    """

    manifest: dict[str, Any]
    remarks: tuple[str, ...]


def derive_manifest(
    name: str, handlers: Iterable[Handler], sources: Iterable[str], request_url: str | None = None
) -> Derived:
    """The manifest of an app with these handlers.

    Args:
        name: What the app and its bot are called.
        handlers: Of all plugins.
        sources: The Python that the handlers are made of; scopes are read off the calls in it.
        request_url: Where Slack sends everything to; by default over Socket Mode.
    """
    handlers = tuple(handlers)
    sources = tuple(sources)
    events = _events(handlers)
    commands, shortcuts = list(_commands(handlers)), list(_shortcuts(handlers))
    scopes = {*ALWAYS, *(scope for event in events for scope in EVENT_SCOPES[event])}
    scopes |= {scope for source in sources for scope in scopes_of_source(source)}
    scopes |= {"commands"} if commands or shortcuts else set()
    features: dict[str, Any] = {
        "app_home": {
            "home_tab_enabled": any(isinstance(handler.trigger, HomeOpened) for handler in handlers)
            or any("publish_home_tab(" in source for source in sources),
            "messages_tab_enabled": True,
            "messages_tab_read_only_enabled": False,
        },
        "bot_user": {"display_name": name, "always_online": True},
        **({"shortcuts": shortcuts} if shortcuts else {}),
        **({"slash_commands": commands} if commands else {}),
    }
    manifest = {
        "display_information": {"name": name},
        "features": features,
        "oauth_config": {"scopes": {"bot": sorted(scopes)}},
        "settings": {
            "event_subscriptions": {"bot_events": sorted(events)},
            "interactivity": {"is_enabled": any(_is_interactive(handler.trigger) for handler in handlers)},
            "org_deploy_enabled": False,
            "socket_mode_enabled": True,
            "token_rotation_enabled": False,
        },
    }
    if request_url is not None:
        _have_sent_to(request_url, manifest, handlers)
    return Derived(manifest, tuple(_remarks(handlers)))


def _have_sent_to(url: str, manifest: dict[str, Any], handlers: Iterable[Handler]) -> None:
    settings = manifest["settings"]
    settings["socket_mode_enabled"] = False
    settings["event_subscriptions"] = {"request_url": url, **settings["event_subscriptions"]}
    if settings["interactivity"]["is_enabled"]:
        settings["interactivity"]["request_url"] = url
    if any(isinstance(handler.trigger, Options) for handler in handlers):
        settings["interactivity"]["message_menu_options_url"] = url
    for command in manifest["features"].get("slash_commands", ()):
        command["url"] = url


def _is_interactive(trigger: Trigger) -> bool:
    return isinstance(trigger, ElementTrigger | CallbackTrigger)


def _events(handlers: Iterable[Handler]) -> set[str]:
    events = set(FOLLOWED_EVENTS & EVENT_SCOPES.keys()) - _TELL_NOTHING_NEW
    for handler in handlers:
        trigger = handler.trigger
        if isinstance(trigger, TextTrigger) or (isinstance(trigger, Process) and trigger.event_type == "message"):
            events.update(MESSAGE_EVENTS)
        elif isinstance(trigger, HomeOpened):
            events.add("app_home_opened")
        elif isinstance(trigger, Process) and trigger.event_type in EVENT_SCOPES:
            events.add(trigger.event_type)
    return events


def _commands(handlers: Iterable[Handler]) -> Iterator[dict[str, str]]:
    seen: set[str] = set()
    for handler in handlers:
        if isinstance(handler.trigger, SlashCommand) and handler.trigger.command not in seen:
            seen.add(handler.trigger.command)
            yield _command(handler, handler.trigger.command)


def _command(handler: Handler, command: str) -> dict[str, str]:
    """The first line of the docstring: `/poll Question? | Answer: let people vote`, or what the command does."""
    usage, hint = _first_line(handler), ""
    if usage.partition(":")[0].split()[:1] == [command]:
        head, _, usage = usage.partition(": ")
        hint = head.removeprefix(command).strip().rstrip(":")
    entry = {"command": command, "description": usage.strip() or _in_words(handler.name.rpartition(".")[2])}
    return entry | ({"usage_hint": hint} if hint else {})


def _shortcuts(handlers: Iterable[Handler]) -> Iterator[dict[str, str]]:
    seen: set[str] = set()
    for handler in handlers:
        trigger = handler.trigger
        if not isinstance(trigger, Shortcut | MessageShortcut) or not isinstance(trigger.callback_id, str):
            continue
        if trigger.callback_id not in seen:
            seen.add(trigger.callback_id)
            kind = "global" if isinstance(trigger, Shortcut) else "message"
            yield _shortcut(handler, trigger.callback_id, kind)


def _shortcut(handler: Handler, callback_id: str, kind: str) -> dict[str, str]:
    """The first line of the docstring: `New ticket: open one`; or the callback id in words, and what it does."""
    head, colon, rest = _first_line(handler).partition(": ")
    is_named = bool(colon) and 0 < len(head) <= MAX_SHORTCUT_NAME
    name = head if is_named else _in_words(callback_id)[:MAX_SHORTCUT_NAME]
    description = (rest if is_named else _first_line(handler)) or name
    return {
        "name": name,
        "type": kind,
        "callback_id": callback_id,
        "description": description[:MAX_SHORTCUT_DESCRIPTION],
    }


def _remarks(handlers: Iterable[Handler]) -> Iterator[str]:
    for handler in handlers:
        trigger, where = handler.trigger, f"{handler.source_file}:{handler.source_line}"
        if isinstance(trigger, Process) and trigger.event_type not in {*EVENT_SCOPES, *UNASKED, "message"}:
            takes_person = trigger.event_type in FOR_PEOPLE_ONLY
            reason = "needs the token of a person" if takes_person else "is not an event that a bot can subscribe to"
            yield f"{where}: {trigger.event_type} {reason}. It is left out."
        if isinstance(trigger, Shortcut | MessageShortcut) and isinstance(trigger.callback_id, re.Pattern):
            yield f"{where}: @{trigger.describe()} names no single shortcut. Add the shortcuts it is for by hand."


def _first_line(handler: Handler) -> str:
    return handler.doc.strip().partition("\n")[0].strip()


def _in_words(name: str) -> str:
    return re.sub(r"[\W_]+", " ", name).strip().capitalize() or name


def differences(wanted: Mapping[str, Any], given: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """What the manifest `given` lacks of the one `wanted`, and what it has besides; wording does not matter.

    Returns:
        Both as sorted lines, such as `scope chat:write`.
    """
    ours, theirs = set(_facts(wanted)), set(_facts(given))
    return sorted(ours - theirs), sorted(theirs - ours)


def _facts(manifest: Mapping[str, Any]) -> Iterator[str]:
    features, settings = _part(manifest, "features"), _part(manifest, "settings")
    yield from (f"event {event}" for event in _list(_part(settings, "event_subscriptions"), "bot_events"))
    yield from (f"scope {scope}" for scope in _list(_part(manifest, "oauth_config", "scopes"), "bot"))
    for command in _list(features, "slash_commands"):
        yield f"command {_value(command, 'command')}"
        if isinstance(command, Mapping) and command.get("url"):
            yield f"request URL of {command.get('command')} {command['url']}"
    for shortcut in _list(features, "shortcuts"):
        yield f"{_value(shortcut, 'type')} shortcut {_value(shortcut, 'callback_id')}"
    if _part(settings, "interactivity").get("is_enabled"):
        yield "setting interactivity"
    for part, key in _REQUEST_URLS:
        if url := _part(settings, part).get(key):
            yield f"setting {part}.{key} {url}"
    if settings.get("socket_mode_enabled"):
        yield "setting socket mode"
    if _part(features, "app_home").get("home_tab_enabled"):
        yield "feature home tab"


def _part(mapping: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    for key in path:
        found = mapping.get(key)
        mapping = found if isinstance(found, Mapping) else {}
    return mapping


def _list(mapping: Mapping[str, Any], key: str) -> list[Any]:
    found = mapping.get(key)
    return found if isinstance(found, list) else []


def _value(item: Any, key: str) -> str:
    return str(item.get(key)) if isinstance(item, Mapping) else str(item)
