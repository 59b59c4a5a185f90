"""Events that are no messages."""

from __future__ import annotations

from typing import Any

from machine.models.events import ReactionAdded
from machine.plugins import MachineBasePlugin
from machine.plugins.decorators import process
from tests.conftest import BotUnderTest


class Thanker(MachineBasePlugin):
    """Counts reactions, typed and as they come."""

    seen: list[object]

    async def init(self) -> None:
        self.seen = []

    @process("reaction_added")
    async def typed(self, event: ReactionAdded) -> None:
        self.seen.append(event)
        await self.say(event.item.channel or "", f"{event.reaction} from {event.user}")

    @process("reaction_added")
    async def raw(self, event: dict[str, Any]) -> None:
        self.seen.append(event["reaction"])


async def test_an_event_comes_as_the_model_its_handler_asks_for(bot: BotUnderTest) -> None:
    """A typed event where that helps; the dict is always to be had."""
    await bot.start(Thanker)
    alice = bot.workspace.find_person("alice")
    message = bot.workspace.post("bob", "general", "look")

    bot.workspace.react("alice", "general", message.ts, ":tada:")

    assert (await bot.answer()).text == f"tada from {alice.id}"
    await bot.settled()
    [plugin] = [loaded.instance for loaded in bot.machine.plugins.values()]
    assert isinstance(plugin, Thanker)
    assert sorted(type(item).__name__ for item in plugin.seen) == ["ReactionAdded", "str"]
