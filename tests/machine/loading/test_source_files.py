"""Which files a bot is made of: the same for the watcher as for the loader."""

from __future__ import annotations

from pathlib import Path

import pytest

from machine.loading.source_files import is_source
from machine.loading.watcher import Watcher
from machine.trace import PluginLoaded, PluginsReloaded
from tests.conftest import BotUnderTest
from tests.machine.loading.test_hot_reload import ask, greeter, reloaded
from tests.waiting import Waiter

COPIES = [
    *("flycheck_tea.py", "tea_flymake.py"),  # Emacs, while something is typed
    *(".#tea.py", "#tea.py#", "tea.py~"),  # Emacs: locked, not saved yet, and before the last save
    *(".tea.py.swp", "4913", "tea.py.bak"),  # Vim
    *("tea.py___jb_tmp___", "tea.py___jb_old___"),  # PyCharm
    *("tea.tmp.py", ".tea.py.tmp", "tea.py.tmp.4711", ".goutputstream-X1Y2Z3"),  # whatever writes, then renames
    *(".syncthing.tea.py.tmp", "~syncthing~tea.py.tmp", "tea.sync-conflict-20260504-093000-ABCDEFG.py"),
    *("tea_BACKUP_4711.py", "tea_BASE_4711.py", "tea_LOCAL_4711.py", "tea_REMOTE_4711.py"),  # git mergetool
]
"""What lies beside tea.py at times."""


@pytest.mark.parametrize("name", COPIES)
def test_what_tools_put_beside_a_file_is_not_part_of_the_bot(tmp_path: Path, name: str) -> None:
    """B3: each of them was loaded, or tried, as another plugin."""
    assert not is_source(tmp_path / name, [tmp_path])


@pytest.mark.parametrize(
    "name",
    [
        *("tea.py", "_helpers.py", "tea_local.py", "local_tea.py", "tmp.py", "tmp_tea.py", "backup.py", "flymake.py"),
        *("teabak.py", "tea_base.py", "base_1.py", "remote_4711.py", "conflict.py", "orig.py", "workspace.toml"),
        "tea/leaves.py",
    ],
)
def test_what_a_person_names_so_is_part_of_the_bot(tmp_path: Path, name: str) -> None:
    """B3: a plugin that is passed over for its name would be missed without a word."""
    assert is_source(tmp_path / name, [tmp_path])


@pytest.mark.parametrize("folder", [".venv/lib", "lib/site-packages", ".git", "node_modules", "__pycache__", ".idea"])
def test_only_folders_within_the_project_count(tmp_path: Path, folder: str) -> None:
    """B4: what is in such a folder is not the bot's, and the bot itself may be in one."""
    place = tmp_path / folder

    assert not is_source(place / "tea.py", [tmp_path])
    assert is_source(place / "tea.py", [place])


async def test_a_copy_that_an_editor_makes_is_not_another_plugin(bot: BotUnderTest) -> None:
    """B3: neither when the bot starts, nor while it is edited."""
    bot.write_plugin("tea", greeter("one"))
    for name in COPIES:
        (bot.project / "plugins" / name).parent.mkdir(exist_ok=True)
        (bot.project / "plugins" / name).write_text(greeter("ghost"))
    await bot.start(watch=True)
    assert await ask(bot) == ["one"]

    (bot.project / "plugins" / "flycheck_tea.py").write_text(greeter("ghost two"))
    bot.write_plugin("tea", greeter("two"))
    record = await reloaded(bot)

    assert record.files == ("plugins/tea.py",)
    assert await ask(bot) == ["two"]
    assert [loaded.plugin for loaded in bot.traced(PluginLoaded)] == ["plugins.tea.Greeter"] * 2


@pytest.mark.parametrize("folder", [".venv", ".git", "node_modules", "lib/site-packages"])
async def test_a_project_below_such_a_folder_is_reloaded(bot: BotUnderTest, folder: str) -> None:
    """B4: reload never happened there, without a word; nor did a module that a package imports count as the bot's."""
    bot.project = bot.project / folder / "bot"
    package = bot.project / "plugins" / "tea"
    package.mkdir(parents=True)
    (package / "leaves.py").write_text('NAME = "one"')
    source = greeter("{NAME}").replace('"{NAME}"', "NAME")
    (package / "__init__.py").write_text(f"from .leaves import NAME\n{source}")
    await bot.start(watch=True)
    assert await ask(bot) == ["one"]

    (package / "leaves.py").write_text('NAME = "two"')
    await bot.record(PluginsReloaded)

    assert await ask(bot) == ["two"]


@pytest.mark.parametrize("scan", [False, True])
async def test_copies_are_not_told_of(tmp_path: Path, scan: bool) -> None:
    """B3 and B4: with notices of the system and by looking, in the project's folder and below."""
    root = tmp_path / ".venv" / "bot"
    folder = root / "plugins"
    (folder / ".venv").mkdir(parents=True)
    waiter, seen = Waiter(), set[Path]()

    async def changed(paths: set[Path]) -> None:
        seen.update(paths)
        waiter.notify()

    watcher = Watcher(root, lambda: [folder], changed, scan=scan)
    await watcher.start()
    try:
        for name in ("flycheck_tea.py", "tea.tmp.py", ".venv/tea.py", "tea.py"):
            (folder / name).write_text("1")
        (root / "flycheck_settings.py").write_text("1")
        (root / "settings.py").write_text("1")
        await waiter.until(lambda: {folder / "tea.py", root / "settings.py"} <= seen, "both files")
    finally:
        await watcher.close()

    assert seen == {folder / "tea.py", root / "settings.py"}
