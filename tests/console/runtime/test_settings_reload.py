"""`local_settings.py` changes while the bot runs."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from machine.sandbox import Workspace
from machine.settings import Settings
from machine.trace import PluginFailed, PluginsReloaded, Record
from machine_console.runtime.runtime import Runtime
from tests.console.processes import save
from tests.waiting import Waiter

PLUGIN = '''
from machine.plugins import MachineBasePlugin
from machine.plugins.decorators import respond_to

class Teller(MachineBasePlugin):
    """Tells"""

    @respond_to("colour")
    async def colour(self, msg):
        await msg.say(self.settings["COLOUR"])
'''


class Project:
    """A bot that runs from a folder, with its settings file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.records: list[Record] = []
        self.waiter = Waiter()
        (folder / "plugins").mkdir()
        (folder / "plugins" / "teller.py").write_text(PLUGIN)

    def write_settings(self, text: str) -> None:
        save(self.folder / "local_settings.py", textwrap.dedent(text))

    async def start(self, *, watch: bool = True) -> None:
        self.runtime = Runtime(Settings.load(self.folder, {}), self.folder, watch=watch)
        self.runtime.trace.subscribe(self.records.append)
        self.runtime.trace.subscribe(self.waiter.notify)
        await self.runtime.start()
        self.workspace.subscribe(self.waiter.notify)

    @property
    def workspace(self) -> Workspace:
        assert self.runtime.sandbox is not None
        return self.runtime.sandbox.workspace

    async def ask(self, text: str) -> str:
        """The bot's answer to what alice writes."""
        count = len(self._answers())
        self.workspace.post("alice", "general", text)
        answers = await self.waiter.until(lambda: self._answers()[count:], text)
        return answers[-1]

    def _answers(self) -> list[str]:
        return [message.text for message in self.workspace.history("general") if message.is_by_bot]

    async def traced(self, kind: type[Record]) -> Record:
        """The first record of a kind, when it is there."""
        found = await self.waiter.until(
            lambda: [record for record in self.records if isinstance(record, kind)], kind.__name__
        )
        return found[0]


@pytest.fixture
async def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Project]:
    """A bot whose plugin tells a setting."""
    monkeypatch.setattr("os.environ", {})
    project = Project(tmp_path)
    project.write_settings('COLOUR = "red"\n')
    await project.start()
    yield project
    await project.runtime.stop()


async def test_plugins_get_changed_settings(project: Project) -> None:
    """And an alias that was added addresses the bot at once."""
    assert await project.ask("@machine colour") == "red"

    project.write_settings('COLOUR = "green"\nALIASES = "!"\n')
    reloaded = await project.traced(PluginsReloaded)

    assert isinstance(reloaded, PluginsReloaded)
    assert reloaded.files == ("local_settings.py",)
    assert await project.ask("!colour") == "green"


async def test_settings_that_are_saved_while_the_bot_starts_are_taken_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B5: an `init()` may take its time; the old value stayed for ever."""
    monkeypatch.setattr("os.environ", {})
    project = Project(tmp_path)
    project.write_settings('COLOUR = "red"\n')
    init = f"""    async def init(self):
        if self.settings["COLOUR"] == "red":
            with open({str(tmp_path / "local_settings.py")!r}, "w") as file:
                file.write("COLOUR = 'green'")

    @respond"""
    (tmp_path / "plugins" / "teller.py").write_text(PLUGIN.replace("    @respond", init))

    await project.start()
    await project.traced(PluginsReloaded)

    assert await project.ask("@machine colour") == "green"
    await project.runtime.stop()


async def test_a_mistake_leaves_the_old_settings_in_force(project: Project) -> None:
    """It is told as a plugin's failure is, and put right with the next save."""
    project.write_settings('COLOUR = "green"\nTZ = "Mars/Olympus"\n')
    failed = await project.traced(PluginFailed)

    assert isinstance(failed, PluginFailed)
    assert (failed.phase, failed.is_old_version_live) == ("settings", True)
    assert "Mars/Olympus" in failed.error
    assert await project.ask("@machine colour") == "red"

    project.write_settings('COLOUR = "blue"\n')
    await project.traced(PluginsReloaded)
    assert await project.ask("@machine colour") == "blue"


async def test_plugins_come_and_go_with_the_setting(project: Project) -> None:
    """PLUGINS decides which built-in plugins are live."""
    project.write_settings('COLOUR = "red"\nPLUGINS = ["machine.plugins.builtin.debug.EchoPlugin"]\n')
    await project.traced(PluginsReloaded)

    assert sorted(plugin.title for plugin in project.runtime.machine.plugins.values()) == ["EchoPlugin", "Teller"]
    assert await project.ask("anything") == "anything"


async def test_people_that_workspace_toml_adds_join_at_once(project: Project) -> None:
    """The sandbox is a part of what one develops with."""
    (project.folder / "workspace.toml").write_text('[[people]]\nname = "zoe"\n')

    zoe = await project.waiter.until(lambda: project.workspace.people.named("zoe"), "zoe joins")

    await project.waiter.until(lambda: zoe.id in project.runtime.machine.slack.users, "the bot knows zoe")


async def test_another_settings_module_is_read_again_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that `SM_SETTINGS_MODULE` names, also where it lies in a package; the usual file then does not count."""
    monkeypatch.setenv("SM_SETTINGS_MODULE", "reload_settings_config.production")
    monkeypatch.syspath_prepend(tmp_path)
    project = Project(tmp_path)
    project.write_settings('COLOUR = "white"\n')
    config = tmp_path / "reload_settings_config"
    config.mkdir()
    (config / "shades.py").write_text('PREFIX = "dark "\n')
    production = config / "production.py"
    production.write_text('from .shades import PREFIX\nCOLOUR = PREFIX + "red"\n')
    project.runtime = Runtime(Settings.load(tmp_path), tmp_path, watch=True)
    project.runtime.trace.subscribe(project.records.append)
    project.runtime.trace.subscribe(project.waiter.notify)
    await project.runtime.start()
    project.workspace.subscribe(project.waiter.notify)
    try:
        assert await project.ask("@machine colour") == "dark red"

        production.write_text("COLOUR = 1 +\n")
        failed = await project.traced(PluginFailed)
        assert await project.ask("@machine colour") == "dark red"
        save(production, 'from .shades import PREFIX\nCOLOUR = PREFIX + "blue"\n')
        reloaded = await project.traced(PluginsReloaded)

        assert isinstance(failed, PluginFailed)
        assert (failed.plugin, failed.phase, failed.file) == ("production.py", "settings", str(production))
        assert isinstance(reloaded, PluginsReloaded)
        assert reloaded.files == ("reload_settings_config/production.py",)
        assert await project.ask("@machine colour") == "dark blue"
    finally:
        await project.runtime.stop()
        for name in [name for name in sys.modules if name.startswith("reload_settings_config")]:
            del sys.modules[name]


async def test_f5_takes_over_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """B5: asked for, without a watcher that would have told of the save."""
    monkeypatch.setattr("os.environ", {})
    project = Project(tmp_path)
    project.write_settings('COLOUR = "red"\n')
    await project.start(watch=False)
    project.write_settings('COLOUR = "green"\n')

    assert await project.runtime.machine.reload()

    assert await project.ask("@machine colour") == "green"
    assert not await project.runtime.machine.reload()
    await project.runtime.stop()
