"""What a handler waits for, as its decorator declared it.

A trigger is data. How each kind is matched, what its handler receives and how Slack is answered stands in one table,
`machine.dispatch.kinds`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any, TypeAlias

from pydantic import BaseModel

Identifier: TypeAlias = str | re.Pattern[str]
"""An id of an app's own making (`action_id`, `callback_id`): exact, or a pattern that matches from its beginning."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """Base of all triggers."""

    def describe(self) -> str:
        """The trigger as its decorator reads in source."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class TextTrigger(Trigger):
    """A message whose text a pattern is found in."""

    pattern: re.Pattern[str]
    handle_message_changed: bool = False

    decorator = "text"

    def describe(self) -> str:
        """The trigger as its decorator reads in source."""
        return f'{self.decorator}(r"{self.pattern.pattern}")'


@dataclass(frozen=True, slots=True)
class ListenTo(TextTrigger):
    """Any message in a conversation the bot is in."""

    decorator = "listen_to"


@dataclass(frozen=True, slots=True)
class RespondTo(TextTrigger):
    """A message that addresses the bot."""

    decorator = "respond_to"


@dataclass(frozen=True, slots=True)
class Process(Trigger):
    """An event of the Events API, by its type.

    Attributes:
        model: What the handler wants the event as, by the annotation of its argument; `None` for a dict.
    """

    event_type: str
    model: type[BaseModel] | None = None

    def describe(self) -> str:
        """The trigger as its decorator reads in source."""
        return f'process("{self.event_type}")'


@dataclass(frozen=True, slots=True)
class SlashCommand(Trigger):
    """A slash command, with its slash."""

    command: str

    def describe(self) -> str:
        """The trigger as its decorator reads in source."""
        return f'command("{self.command}")'


@dataclass(frozen=True, slots=True)
class ElementTrigger(Trigger):
    """Something about a block element; at least one of the two ids is given."""

    action_id: Identifier | None
    block_id: Identifier | None

    decorator = "element"

    def describe(self) -> str:
        """The trigger as its decorator reads in source."""
        ids = {"action_id": self.action_id, "block_id": self.block_id}
        given = ", ".join(f"{name}={_show(value)}" for name, value in ids.items() if value is not None)
        return f"{self.decorator}({given})"


@dataclass(frozen=True, slots=True)
class Action(ElementTrigger):
    """An interaction with a block element."""

    decorator = "action"


@dataclass(frozen=True, slots=True)
class Options(ElementTrigger):
    """A request for the options of an external select."""

    decorator = "options"


@dataclass(frozen=True, slots=True)
class CallbackTrigger(Trigger):
    """Something that carries a `callback_id`."""

    callback_id: Identifier

    decorator = "callback"

    def describe(self) -> str:
        """The trigger as its decorator reads in source."""
        return f"{self.decorator}({_show(self.callback_id)})"


@dataclass(frozen=True, slots=True)
class ModalSubmitted(CallbackTrigger):
    """A modal that was submitted."""

    decorator = "modal"


@dataclass(frozen=True, slots=True)
class ModalClosed(CallbackTrigger):
    """A modal that was closed without being submitted."""

    decorator = "modal_closed"


@dataclass(frozen=True, slots=True)
class Shortcut(CallbackTrigger):
    """A global shortcut."""

    decorator = "shortcut"


@dataclass(frozen=True, slots=True)
class MessageShortcut(CallbackTrigger):
    """A shortcut on a message."""

    decorator = "message_shortcut"


@dataclass(frozen=True, slots=True)
class HomeOpened(Trigger):
    """The app's home, opened on a tab; on any with `None`."""

    tab: str | None

    def describe(self) -> str:
        """The trigger as its decorator reads in source."""
        return "home_opened()" if self.tab == "home" else f"home_opened(tab={self.tab!r})"


@dataclass(frozen=True, slots=True)
class Schedule(Trigger):
    """Points in time, in the manner of cron."""

    fields: dict[str, int | str] = field(default_factory=dict)
    start_date: datetime | str | None = None
    end_date: datetime | str | None = None
    timezone: tzinfo | str | None = None

    def describe(self) -> str:
        """The trigger as its decorator reads in source."""
        limits = {"start_date": self.start_date, "end_date": self.end_date, "timezone": self.timezone}
        given = self.fields | {name: str(value) for name, value in limits.items() if value is not None}
        return f"schedule({', '.join(f'{name}={value!r}' for name, value in given.items())})"


@dataclass(frozen=True, slots=True)
class On(Trigger):
    """An event that a plugin, or the framework, emits."""

    event: str

    def describe(self) -> str:
        """The trigger as its decorator reads in source."""
        return f'on("{self.event}")'


@dataclass(frozen=True, slots=True)
class Webhook(Trigger):
    """A request to the bot's own HTTP server, by path and method."""

    path: str
    methods: tuple[str, ...] = ("POST",)

    def describe(self) -> str:
        """The trigger as its decorator reads in source."""
        methods = "" if self.methods == ("POST",) else f", methods={list(self.methods)!r}"
        return f'webhook("{self.path}"{methods})'


def _show(identifier: Any) -> str:
    return f're.compile(r"{identifier.pattern}")' if isinstance(identifier, re.Pattern) else f'"{identifier}"'
