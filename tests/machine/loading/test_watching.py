"""What is watched besides the plugin folder: settings, modules elsewhere in the project, folders that appear later."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from machine.loading.watcher import Watcher
from machine.trace import PluginFailed, PluginsReloaded
from tests.conftest import BotUnderTest
from tests.waiting import Waiter

PLUGIN = """
    from machine.plugins import MachineBasePlugin
    from machine.plugins.decorators import listen_to
    from rockets.names import NAME

    class Rockets(MachineBasePlugin):
        @listen_to("which rocket")
        async def which(self, msg):
            await msg.say(NAME)
"""


async def test_a_package_elsewhere_in_the_project_is_watched_once_it_is_imported(bot: BotUnderTest) -> None:
    """A plugin's helpers are part of the bot."""
    package = bot.project / "rockets"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "names.py").write_text('NAME = "Saturn"')
    bot.write_plugin("rockets_plugin", PLUGIN)
    await bot.start(watch=True)

    (package / "names.py").write_text('NAME = "Ariane"')
    reloaded = await bot.record(PluginsReloaded)
    bot.workspace.post("alice", "general", "which rocket")

    assert reloaded.files == ("rockets/names.py",)
    assert (await bot.answer()).text == "Ariane"


async def test_a_plugin_folder_that_appears_later_is_watched(bot: BotUnderTest) -> None:
    """A stranger starts in an empty folder."""
    await bot.start(watch=True)

    bot.write_plugin(
        "late",
        """
        from machine.plugins import MachineBasePlugin
        from machine.plugins.decorators import listen_to

        class Late(MachineBasePlugin):
            @listen_to("hello")
            async def hello(self, msg):
                await msg.say("better late than never")
        """,
    )
    await bot.record(PluginsReloaded)
    bot.workspace.post("alice", "general", "hello")

    assert (await bot.answer()).text == "better late than never"


async def test_what_a_failed_plugin_lacked_is_noticed(bot: BotUnderTest) -> None:
    """The helper is written after the plugin that imports it."""
    bot.write_plugin("needy", PLUGIN.replace("rockets.names", "rocket_names"))
    await bot.start(watch=True)
    assert "rocket_names" in (await bot.record(PluginFailed)).error

    (bot.project / "rocket_names.py").write_text('NAME = "Vega"')
    await bot.record(PluginsReloaded)
    bot.workspace.post("alice", "general", "which rocket")

    assert (await bot.answer()).text == "Vega"


@pytest.mark.parametrize("scan", [False, True])
async def test_no_save_is_lost(tmp_path: Path, scan: bool) -> None:
    """With notices of the system and by looking: new, changed within the same second, renamed over, deleted."""
    folder = tmp_path / "plugins"
    folder.mkdir()
    waiter, seen = Waiter(), set[Path]()

    async def changed(paths: set[Path]) -> None:
        seen.update(paths)
        waiter.notify()

    watcher = Watcher(tmp_path, lambda: [folder], changed, scan=scan)
    await watcher.start()
    try:
        for step in range(4):
            path = folder / "a.py"
            if step == 2:
                (tmp_path / "saved").write_text("3")
                (tmp_path / "saved").rename(path)
            elif step == 3:
                path.unlink()
            else:
                path.write_text(str(step))
            await waiter.until(lambda: folder / "a.py" in seen, f"step {step}")
            seen.clear()
    finally:
        await watcher.close()


async def test_closing_waits_for_what_is_under_way(tmp_path: Path) -> None:
    """A reload is not cut off half-way."""
    begun, finish, done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def changed(_paths: set[Path]) -> None:
        begun.set()
        await finish.wait()
        done.set()

    watcher = Watcher(tmp_path, lambda: [tmp_path], changed, scan=False)
    await watcher.start()
    (tmp_path / "a.py").write_text("1")
    await begun.wait()
    closing = asyncio.create_task(watcher.close())
    finish.set()
    await closing

    assert done.is_set()
