"""What survives a reload: stored values, and what a plugin carries over."""

from __future__ import annotations

import asyncio

from machine.trace import PluginFailed, PluginsReloaded
from tests.conftest import BotUnderTest

COUNTER = """
    from machine.plugins import MachineBasePlugin
    from machine.plugins.decorators import listen_to

    class Counter(MachineBasePlugin):
        async def init(self):
            self.count = 0

        async def on_reload(self, previous):
            {on_reload}

        @listen_to("count")
        async def up(self, msg):
            self.count += 1
            await msg.say("{version} " + str(self.count))
"""

KEEPER = """
    from dataclasses import dataclass
    from machine.plugins import MachineBasePlugin
    from machine.plugins.decorators import listen_to

    @dataclass
    class Rocket:
        name: str

        def shout(self):
            return "{version} " + self.name

    class Keeper(MachineBasePlugin):
        @listen_to("keep (?P<name>\\\\w+)")
        async def keep(self, msg, name):
            await self.storage.set("rocket", Rocket(name))
            await msg.say("kept")

        @listen_to("show")
        async def show(self, msg):
            rocket = await self.storage.get("rocket")
            await msg.say(rocket.shout() + " " + str(isinstance(rocket, Rocket)))
"""


async def _ask(bot: BotUnderTest, text: str) -> str:
    count = len(bot.said())
    bot.workspace.post("alice", "general", text)
    return (await bot.answer(count + 1)).text


async def test_memory_is_carried_over_by_on_reload(bot: BotUnderTest) -> None:
    """A plugin says itself what should survive."""
    bot.write_plugin("counter", COUNTER.format(version="old", on_reload="self.count = previous.count"))
    await bot.start()
    assert await _ask(bot, "count") == "old 1"

    bot.write_plugin("counter", COUNTER.format(version="new", on_reload="self.count = previous.count"))
    await bot.machine.reload()

    assert await _ask(bot, "count") == "new 2"


async def test_an_on_reload_that_fails_leaves_the_old_version_live(bot: BotUnderTest) -> None:
    """With its memory."""
    bot.write_plugin("counter", COUNTER.format(version="old", on_reload="pass"))
    await bot.start()
    assert await _ask(bot, "count") == "old 1"

    bot.write_plugin("counter", COUNTER.format(version="new", on_reload="previous.nothing"))
    assert not await bot.machine.reload()

    assert (await bot.record(PluginFailed)).phase == "on_reload"
    assert await _ask(bot, "count") == "old 2"


async def test_a_stored_object_comes_back_as_its_new_class(bot: BotUnderTest) -> None:
    """Values are kept by module and name, so the code of today reads what the code of yesterday wrote."""
    bot.write_plugin("keeper", KEEPER.format(version="old"))
    await bot.start()
    assert await _ask(bot, "keep Saturn") == "kept"

    bot.write_plugin("keeper", KEEPER.format(version="new"))
    await bot.machine.reload()

    assert await _ask(bot, "show") == "new Saturn True"


async def test_a_reload_says_what_changed_and_how_long_each_step_took(bot: BotUnderTest) -> None:
    """A handler whose code is another has changed; one that merely moved down has not."""
    bot.write_plugin("counter", COUNTER.format(version="old", on_reload="pass"))
    bot.write_plugin("keeper", KEEPER.format(version="same"))
    await bot.start()

    bot.write_plugin("counter", COUNTER.format(version="new", on_reload="pass"))
    bot.write_plugin("keeper", "\n    # a line above" + KEEPER.format(version="same"))
    await bot.machine.reload()
    reloaded = await bot.record(PluginsReloaded)

    assert reloaded.files == ("plugins/counter.py", "plugins/keeper.py")
    assert reloaded.modules == ("plugins.counter", "plugins.keeper")
    assert [name.partition(" ")[0] for name in reloaded.changed] == ["plugins.counter.Counter.up"]
    assert list(reloaded.steps) == ["compare", "import", "prepare", "swap"]


TELLER = """
    from dataclasses import dataclass
    from machine.plugins import MachineBasePlugin
    from machine.plugins.decorators import listen_to

    @dataclass
    class Rocket:
        name: str

        def shout(self):
            import plugins.voice
            from plugins import voice
            assert voice is plugins.voice
            return f"{version} {{voice.VERSION}} {{self.name}}"

    class Teller(MachineBasePlugin):
        async def init(self):
            await self.storage.set("rocket", Rocket("Saturn"), shared=True)
            gate = self.settings["GATE"]
            if "{version}" == "new":
                for _ in range(2):
                    rocket = await self.storage.get("rocket", shared=True)
                    await self.say("#general", f"init: {{rocket.shout()}} {{isinstance(rocket, Rocket)}}")
                    await gate.wait()
                {then}

        @listen_to("show")
        async def show(self, msg):
            rocket = await self.storage.get("rocket", shared=True)
            await self.storage.set("rocket", rocket, shared=True)
            await msg.say(f"{{rocket.shout()}} {{isinstance(rocket, Rocket)}}")
"""


async def test_while_a_new_version_gets_ready_each_version_is_itself(bot: BotUnderTest) -> None:
    """Stored objects, and imports within functions, are those of the version that asks for them."""
    gate = asyncio.Event()
    bot.write_plugin("voice", 'VERSION = "before"')
    bot.write_plugin("teller", TELLER.format(version="old", then="pass"))
    await bot.start(GATE=gate)

    bot.write_plugin("voice", 'VERSION = "after"')
    bot.write_plugin("teller", TELLER.format(version="new", then="pass"))
    reloading = asyncio.create_task(bot.machine.reload())
    assert (await bot.answer()).text == "init: new after Saturn True"
    during = [await _ask(bot, "show") for _ in range(2)]
    gate.set()
    assert await reloading

    assert during == ["old before Saturn True"] * 2
    assert bot.said()[-1].text == "init: new after Saturn True"
    assert await _ask(bot, "show") == "new after Saturn True"


async def test_a_new_version_that_fails_late_leaves_nothing_behind(bot: BotUnderTest) -> None:
    """Not in what is imported, and not in what is read from the storage."""
    gate = asyncio.Event()
    gate.set()
    bot.write_plugin("voice", 'VERSION = "before"')
    bot.write_plugin("teller", TELLER.format(version="old", then="pass"))
    await bot.start(GATE=gate)

    bot.write_plugin("voice", 'VERSION = "after"')
    bot.write_plugin("teller", TELLER.format(version="new", then="raise ValueError('late')"))
    assert not await bot.machine.reload()

    assert await _ask(bot, "show") == "old before Saturn True"
