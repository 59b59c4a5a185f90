"""`machine plugins`: what would be loaded, told without Slack."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.console.processes import outcome

pytestmark = pytest.mark.slow

GREETER = '''
from machine.plugins import MachineBasePlugin, Message
from machine.plugins.decorators import command, listen_to


class Greeter(MachineBasePlugin):
    """Greetings"""

    async def init(self):
        await self.storage.set("started", True)

    @listen_to(r"^hello$")
    @command("/greet")
    async def greet(self, msg):
        """hello: be greeted"""
'''
BROKEN = """
from machine.plugins import MachineBasePlugin


class Broken(MachineBasePlugin):
    async def init(self):
        raise ValueError("xoxb-1-secret is wrong")
"""


def project(folder: Path, **plugins: str) -> Path:
    (folder / "plugins").mkdir()
    for name, source in plugins.items():
        (folder / "plugins" / f"{name}.py").write_text(source)
    (folder / "local_settings.py").write_text("PLUGINS = []\n")
    return folder


async def test_plugins_are_listed_with_what_triggers_them(tmp_path: Path) -> None:
    """Tokens or not, Slack is not asked, and nothing is stored: a bot may run in the same folder."""
    folder = project(tmp_path, greeter=GREETER)

    ended = await outcome(folder, "plugins", SLACK_BOT_TOKEN="xoxb-real", SLACK_APP_TOKEN="xapp-real")

    assert ended.code == 0, ended.everything
    assert "plugins.greeter.Greeter  (plugins/greeter.py)" in ended.out
    assert '@listen_to(r"^hello$")  greet, line 12' in ended.out
    assert '@command("/greet")' in ended.out
    assert "Plugins: 1, handlers: 2, failed: 0" in ended.out
    assert not (folder / ".machine").exists()


async def test_what_fails_is_told_with_file_and_line(tmp_path: Path) -> None:
    """The exit code makes it a check for CI."""
    ended = await outcome(project(tmp_path, greeter=GREETER, broken=BROKEN), "plugins")

    assert ended.code == 1
    assert "FAILED plugins.broken.Broken (init)" in ended.out
    assert "plugins/broken.py:7: ValueError: xoxb-…redacted is wrong" in ended.out
    assert "plugins.greeter.Greeter" in ended.out


async def test_programs_get_the_same_as_json(tmp_path: Path) -> None:
    """Nothing else stands on standard output."""
    ended = await outcome(project(tmp_path, greeter=GREETER, broken=BROKEN), "plugins", "--json")

    told = json.loads(ended.out)
    assert [plugin["name"] for plugin in told["plugins"]] == ["plugins.greeter.Greeter"]
    assert told["plugins"][0]["handlers"][0]["line"] == 12
    assert told["failures"][0]["line"] == 7
    assert ended.code == 1


async def test_a_handler_that_hides_a_method_is_pointed_out(tmp_path: Path) -> None:
    """It works until the plugin calls that method."""
    folder = project(tmp_path, greeter=GREETER.replace("async def greet", "async def update"))

    ended = await outcome(folder, "plugins")
    data = json.loads((await outcome(folder, "plugins", "--json")).out)

    assert "update, line 12  WARNING: hides MachineBasePlugin.update, give it another name" in ended.out
    assert [handler["hides"] for handler in data["plugins"][0]["handlers"]] == ["MachineBasePlugin.update"] * 2
