"""What plugins written for slack-machine import beyond its documented API."""

from __future__ import annotations

from machine.clients.slack import SlackClient
from machine.plugins.base import MachineBasePlugin
from machine.plugins.decorators import listen_to
from machine.plugins.message import Message
from machine.storage import PluginStorage
from machine.utils.collections import CaseInsensitiveDict
from tests.conftest import BotUnderTest


class Counting(MachineBasePlugin):
    """With an `__init__()` of its own, whose annotations name the framework's classes."""

    def __init__(self, client: SlackClient, settings: CaseInsensitiveDict, storage: PluginStorage) -> None:
        super().__init__(client, settings, storage)
        self.types = (type(client), type(settings), type(storage))
        self.step = int(settings["step"])

    @listen_to("^count$")
    async def count(self, msg: Message) -> None:
        await self.storage.set("count", (await self.storage.get("count") or 0) + self.step)
        await msg.say(f"{await self.storage.get('count')}")


async def test_a_constructor_that_names_the_frameworks_classes(bot: BotUnderTest) -> None:
    """The documented names alone would not import."""
    await bot.start(Counting, STEP=2)

    bot.workspace.post("alice", "general", "count")

    assert (await bot.answer()).text == "2"
    [plugin] = bot.machine.plugins.values()
    assert isinstance(plugin.instance, Counting)
    assert plugin.instance.types == (SlackClient, CaseInsensitiveDict, PluginStorage)
