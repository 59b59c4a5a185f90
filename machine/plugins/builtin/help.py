"""Tells people what the bot can do, from the docstrings of its plugins.

The first line of a plugin class's docstring is the heading; the first line of a handler's docstring reads
`command: what it does`.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping

from machine.plugins.base import HandlerDescription, MachineBasePlugin
from machine.plugins.decorators import respond_to
from machine.plugins.message import Message
from machine.plugins.triggers import SlashCommand, TextTrigger
from machine.slack.long_text import split


class HelpPlugin(MachineBasePlugin):
    """Getting help"""

    @respond_to(r"^help$")
    async def help(self, msg: Message) -> None:
        """help: show what the bot can do"""
        await self._answer(msg, "This is what I can do:", _commands(self.host.handlers))

    @respond_to(r"^robot help$")
    async def robot_help(self, msg: Message) -> None:
        """robot help: show the patterns and commands that the bot reacts to"""
        await self._answer(msg, "This is what I react to:", _triggers(self.host.handlers))

    @staticmethod
    async def _answer(msg: Message, title: str, sections: Mapping[str, list[str]]) -> None:
        lines = [title]
        for heading, entries in sections.items():
            lines += ["", f"*{heading}*", *entries]
        for text in split(lines):
            await msg.say(text)


def _commands(handlers: Iterable[HandlerDescription]) -> dict[str, list[str]]:
    sections: dict[str, list[str]] = {}
    for handler in handlers:
        command, colon, what = _first_line(handler.doc).partition(":")
        if isinstance(handler.trigger, TextTrigger | SlashCommand) and colon:
            entry = f"• `{_escaped(command.strip())}`: {_escaped(what.strip())}"
            entries = sections.setdefault(_heading(handler), [])
            if entry not in entries:
                entries.append(entry)
    return sections


def _triggers(handlers: Iterable[HandlerDescription]) -> dict[str, list[str]]:
    sections: dict[str, list[str]] = {}
    for handler in handlers:
        trigger = handler.trigger
        if isinstance(trigger, TextTrigger):
            sections.setdefault(_heading(handler), []).append(f"• `{_escaped(trigger.pattern.pattern)}`")
        elif isinstance(trigger, SlashCommand):
            sections.setdefault(_heading(handler), []).append(f"• `{trigger.command}`")
    return sections


def _heading(handler: HandlerDescription) -> str:
    cls = type(handler.instance)
    # Not inspect.getdoc: a plugin without a docstring would be headed by its base class's.
    return _first_line(inspect.cleandoc(cls.__doc__)) if cls.__doc__ else cls.__name__


def _escaped(text: str) -> str:
    # https://docs.slack.dev/messaging/formatting-message-text#escaping
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0].strip()
