"""A plugin that keeps what its handlers receive, so that a test can use it afterwards."""

from __future__ import annotations

import re
from typing import Any, TypeVar

from machine.plugins import MachineBasePlugin
from machine.plugins.decorators import action, command, listen_to, modal, modal_closed
from tests.conftest import BotUnderTest

T = TypeVar("T")


class Catcher(MachineBasePlugin):
    """Matches everything and answers nothing."""

    caught: list[Any]

    async def init(self) -> None:
        self.caught = []

    @listen_to(".*", handle_message_changed=True)
    @command("/catch")
    @action(re.compile(".*"))
    @modal(re.compile(".*"))
    @modal_closed(re.compile(".*"))
    async def catch(self, thing: Any) -> None:
        self.caught.append(thing)


async def catcher(bot: BotUnderTest, **settings: Any) -> Catcher:
    """Start the bot with a `Catcher` alone."""
    await bot.start(Catcher, **settings)
    return instance(bot, Catcher)


def instance(bot: BotUnderTest, cls: type[T]) -> T:
    """The live instance of a plugin class."""
    return next(loaded.instance for loaded in bot.machine.plugins.values() if isinstance(loaded.instance, cls))


async def caught(bot: BotUnderTest, kind: type[T], count: int = 1) -> T:
    """Thing number `count` of a kind that the catcher's handlers received."""
    plugin = instance(bot, Catcher)
    things = await bot.until(
        lambda: found if len(found := [thing for thing in plugin.caught if type(thing) is kind]) >= count else None,
        f"{kind.__name__} number {count}",
    )
    return things[count - 1]
