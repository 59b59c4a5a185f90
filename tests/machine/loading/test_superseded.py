"""A reload that takes long: the next save puts an end to it."""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from machine.loading.loader import INIT_IS_SLOW, Loader
from machine.trace import PluginFailed, PluginsReloaded
from tests.conftest import BotUnderTest
from tests.waiting import NET_S

PLUGIN = """
    import asyncio
    from machine.plugins import MachineBasePlugin
    from machine.plugins.decorators import listen_to
    from plugins.words import WORD

    class Slow(MachineBasePlugin):
        async def init(self):
            if "{init}" == "hangs":
                await self.say("#random", "hanging {version}")
                await asyncio.Event().wait()

        @listen_to("^version$")
        async def version(self, msg):
            await msg.say("{version} " + WORD)
"""


async def save(bot: BotUnderTest, version: str, init: str = "ends") -> None:
    """Save a version, and wait until its `init()` runs if that hangs."""
    bot.write_plugin("slow", PLUGIN.format(version=version, init=init))
    if init == "hangs":
        await bot.until(
            lambda: f"hanging {version}" in {message.text for message in bot.said("random")}, f"init of {version}"
        )


async def ask(bot: BotUnderTest) -> str:
    """Which version answers."""
    count = len(bot.said())
    bot.workspace.post("alice", "general", "version")
    return (await bot.answer(count + 1)).text


@pytest.fixture
async def slow(bot: BotUnderTest, monkeypatch: pytest.MonkeyPatch) -> BotUnderTest:
    """A bot whose plugin is watched, and hangs with its second version, which nothing but the next save ends."""
    monkeypatch.setattr(Loader.__init__, "__defaults__", (timedelta(hours=1), INIT_IS_SLOW))
    bot.write_plugin("words", 'WORD = "one"')
    await save(bot, "first")
    await bot.start(watch=True)
    await save(bot, "second", init="hangs")
    assert await ask(bot) == "first one"
    return bot


async def test_the_next_save_does_not_wait_for_an_init_that_hangs(slow: BotUnderTest) -> None:
    """The one who wrote it has seen the mistake long before its time is up."""
    await save(slow, "third")
    await slow.record(PluginsReloaded)

    assert await ask(slow) == "third one"
    assert slow.traced(PluginFailed) == []


async def test_many_saves_in_a_row_end_with_the_last(slow: BotUnderTest) -> None:
    """Each puts an end to the one before."""
    for number in range(3):
        await save(slow, f"hanging {number}", init="hangs")
    await save(slow, "last")
    await slow.record(PluginsReloaded)

    assert await ask(slow) == "last one"
    assert len(slow.traced(PluginsReloaded)) == 1


async def test_what_the_plugin_imports_counts_as_well(slow: BotUnderTest) -> None:
    """The reason of the hanging may be there. The plugin's own file is still to be taken over with it."""
    slow.write_plugin("words", 'WORD = "two"')
    await slow.until(lambda: len(slow.said("random")) == 2, "another attempt")
    await save(slow, "third")
    await slow.record(PluginsReloaded)

    assert await ask(slow) == "third two"


async def test_going_back_to_the_live_version_ends_it(slow: BotUnderTest) -> None:
    """Nothing is left to take over, and nothing of the attempt stays behind."""
    module = sys.modules["plugins.slow"]
    await save(slow, "first")
    await slow.machine.reload()

    assert await ask(slow) == "first one"
    assert slow.traced(PluginsReloaded) == []
    assert sys.modules["plugins.slow"] is module


async def test_a_save_of_something_else_does_not_end_it(slow: BotUnderTest, tmp_path: Path) -> None:
    """It may be slow and right."""
    slow.write_plugin("other", "VALUE = 1")
    other = asyncio.create_task(slow.machine.reload([tmp_path / "plugins" / "other.py"]))
    assert await ask(slow) == "first one"
    assert not other.done()

    await save(slow, "third")
    await slow.record(PluginsReloaded)
    await other

    assert await ask(slow) == "third one"


async def test_plugins_made_ready_for_a_given_up_reload_are_shut_down(bot: BotUnderTest) -> None:
    """Whatever they opened in `init()`."""
    bot.write_plugin("words", 'WORD = "one"')
    first = (
        PLUGIN.replace("Slow", "Early").replace("^version$", "early")
        + """
        async def shutdown(self):
            await self.say("#ops", "shut down {version}")
    """
    )
    bot.write_plugin("early", first.format(version="first", init="ends"))
    await save(bot, "first")
    await bot.start()

    bot.write_plugin("early", first.format(version="second", init="ends"))
    bot.write_plugin("slow", PLUGIN.format(version="second", init="hangs"))
    given_up = asyncio.create_task(bot.machine.reload())
    await bot.answer(channel="random")
    await save(bot, "third")
    assert await bot.machine.reload()

    assert not await given_up
    assert bot.said("ops")[0].text == "shut down second"
    assert await ask(bot) == "third one"


async def test_a_bot_that_stops_does_not_wait_for_it(slow: BotUnderTest) -> None:
    """Ctrl-C is not answered after half a minute."""
    async with asyncio.timeout(NET_S):
        await slow.stop()
