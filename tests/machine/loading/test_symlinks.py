"""Files that are symbolic links: what they lead to is watched."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from machine.loading.symlinks import behind_symlinks
from machine.trace import PluginFailed, PluginsReloaded
from tests.conftest import BotUnderTest
from tests.machine.loading.test_hot_reload import ask, greeter


def _written(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _renamed(path: Path, text: str) -> None:
    scratch = path.with_name(f"{path.name}.new")
    scratch.write_text(text, encoding="utf-8")
    scratch.replace(path)


@pytest.mark.parametrize("save", [_written, _renamed])
async def test_a_change_behind_a_link_is_noticed(
    bot: BotUnderTest, tmp_path_factory: pytest.TempPathFactory, save: Callable[[Path, str], None]
) -> None:
    """A plugin that several projects share, say."""
    shared = tmp_path_factory.mktemp("shared") / "greeter.py"
    save(shared, greeter("one"))
    (bot.project / "plugins").mkdir()
    (bot.project / "plugins/greeter.py").symlink_to(shared)
    await bot.start(watch=True)
    assert await ask(bot) == ["one"]

    for number, answer in enumerate(("two", "three"), 1):
        save(shared, greeter(answer))
        record = await bot.record(PluginsReloaded, number)
        assert record.files == ("plugins/greeter.py",)
        assert await ask(bot) == [answer]


async def test_a_link_that_comes_later_or_leads_elsewhere_is_followed(
    bot: BotUnderTest, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """`ln -sf` is a change, too, and from then on the other file counts."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    link = bot.project / "plugins/greeter.py"
    for name in ("first", "second"):
        _written(elsewhere / f"{name}.py", greeter(name))
    link.parent.mkdir()
    await bot.start(watch=True)

    for number, name in enumerate(("first", "second")):
        scratch = link.with_name("scratch")
        scratch.symlink_to(elsewhere / f"{name}.py")
        scratch.replace(link)
        await bot.record(PluginsReloaded, 2 * number + 1)
        assert await ask(bot) == [name]
        _written(elsewhere / f"{name}.py", greeter(f"{name} again"))
        await bot.record(PluginsReloaded, 2 * number + 2)
        assert await ask(bot) == [f"{name} again"]


async def test_a_folder_behind_a_link_may_go_and_come_back(
    bot: BotUnderTest, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """As when another branch is checked out there; meanwhile the plugin stays."""
    shared = tmp_path_factory.mktemp("elsewhere") / "shared"
    shared.mkdir()
    _written(shared / "greeter.py", greeter("one"))
    (bot.project / "plugins").mkdir()
    (bot.project / "plugins/greeter.py").symlink_to(shared / "greeter.py")
    await bot.start(watch=True)

    shutil.rmtree(shared)
    failed = await bot.record(PluginFailed)
    assert "leads nowhere" in failed.error
    assert await ask(bot) == ["one"]
    shared.mkdir()
    _written(shared / "greeter.py", greeter("two"))
    await bot.record(PluginsReloaded)

    assert await ask(bot) == ["two"]


async def test_a_folder_of_versions_is_followed(bot: BotUnderTest) -> None:
    """As Kubernetes mounts files: a link through a link to a folder, which is exchanged for all at once."""
    plugins = bot.project / "plugins"
    for version in ("one", "two"):
        (plugins / f"..{version}").mkdir(parents=True)
        _written(plugins / f"..{version}/greeter.py", greeter(version))
    (plugins / "..data").symlink_to("..one")
    (plugins / "greeter.py").symlink_to("..data/greeter.py")
    await bot.start(watch=True)
    assert await ask(bot) == ["one"]

    (plugins / "..next").symlink_to("..two")
    (plugins / "..next").replace(plugins / "..data")
    (plugins / "..one/greeter.py").unlink()
    (plugins / "..one").rmdir()
    await bot.record(PluginsReloaded)

    assert await ask(bot) == ["two"]


def test_only_what_lies_elsewhere_is_watched_there(tmp_path: Path) -> None:
    """Files in watched folders are left out, links are not, wherever they lead."""
    plugins, other = tmp_path / "plugins", tmp_path / "other"
    plugins.mkdir()
    other.mkdir()
    for path in (plugins / "plain.py", plugins / "_impl.py", other / "far.py", tmp_path / "top.py"):
        path.touch()
    (plugins / "near.py").symlink_to("_impl.py")
    (plugins / "far.py").symlink_to(other / "far.py")
    (plugins / "lost.py").symlink_to(other / "lost.py")
    (plugins / "package").symlink_to(other, target_is_directory=True)
    names = ("plain.py", "_impl.py", "near.py", "far.py", "lost.py", "package/far.py")
    files = [*(plugins / name for name in names), tmp_path / "top.py", other / "far.py"]

    found = behind_symlinks(files, tmp_path, [plugins])

    def names_of(paths: Iterable[Path]) -> set[str]:
        return {os.path.relpath(path, tmp_path) for path in paths}

    assert {os.path.relpath(real, tmp_path): names_of(known) for real, known in found.items()} == {
        "plugins/_impl.py": {"plugins/near.py"},
        "other/far.py": {"plugins/far.py", "plugins/package/far.py", "other/far.py"},
        "other/lost.py": {"plugins/lost.py"},
    }
