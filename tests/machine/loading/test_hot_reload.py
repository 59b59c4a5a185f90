"""Plugin files that are saved while the bot runs: real files, the real watcher, a real conversation."""

from __future__ import annotations

import gc
import os
import shutil
import sys
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from machine.trace import (
    HandlersConsidered,
    InvocationFinished,
    InvocationStarted,
    JobFired,
    LogWritten,
    PluginFailed,
    PluginLoaded,
    PluginsReloaded,
    PluginUnloaded,
)
from tests.conftest import BotUnderTest

HEADER = """
from machine.plugins import MachineBasePlugin
from machine.plugins.decorators import *
"""


def greeter(answer: str, name: str = "Greeter", pattern: str = "^hello$") -> str:
    """A plugin that answers a greeting."""
    return f"""{HEADER}
class {name}(MachineBasePlugin):
    @listen_to("{pattern}")
    async def greet(self, msg):
        await msg.say("{answer}")
"""


async def ask(bot: BotUnderTest, question: str = "hello") -> list[str]:
    """What the bot answers to a question, in order; each answer once for every handler that gave it."""
    before = len(bot.said())
    bot.workspace.post("alice", "general", question)
    await bot.settled()
    return [message.text for message in bot.said()[before:]]


async def reloaded(bot: BotUnderTest, count: int = 1) -> PluginsReloaded:
    """Reload number `count`, when it is done."""
    return await bot.record(PluginsReloaded, count)


async def start(bot: BotUnderTest, **settings: Any) -> None:
    """Start a bot with one plugin, watching its folder."""
    bot.write_plugin("greeter", greeter("one"))
    await bot.start(watch=True, **settings)
    assert await ask(bot) == ["one"]


async def test_a_saved_file_is_live_without_a_restart(bot: BotUnderTest) -> None:
    """The new answer and not the old one; and the trace says what was done."""
    await start(bot)

    bot.write_plugin("greeter", greeter("two", pattern="^(hello|hi)$"))

    record = await reloaded(bot)
    assert await ask(bot) == ["two"]
    assert await ask(bot, "hi") == ["two"]
    assert record.files == ("plugins/greeter.py",)
    assert record.modules == ("plugins.greeter",)
    assert record.added == ('plugins.greeter.Greeter.greet listen_to(r"^(hello|hi)$")',)
    assert record.removed == ('plugins.greeter.Greeter.greet listen_to(r"^hello$")',)


async def test_an_event_is_explained_by_the_handlers_of_its_time(bot: BotUnderTest) -> None:
    """Whoever looks at an event after a reload sees who was asked then, not who would be asked now."""
    await start(bot)
    (considered,) = bot.traced(HandlersConsidered)[:1]

    bot.write_plugin("greeter", greeter("two", pattern="^hi$"))
    await reloaded(bot)

    (explained,) = considered.explain()
    assert (explained.trigger, explained.is_match) == ('listen_to(r"^hello$")', True)
    assert considered.matched == (explained,)


async def test_a_removed_handler_is_gone(bot: BotUnderTest) -> None:
    """What stands in the file is what the bot does."""
    await start(bot)

    bot.write_plugin("greeter", greeter("two", pattern="^hi$"))
    await reloaded(bot)

    assert await ask(bot, "hello") == []
    assert await ask(bot, "hi") == ["two"]


async def test_handlers_are_never_doubled(bot: BotUnderTest) -> None:
    """Ten saves later there is one handler."""
    await start(bot)

    for number in range(10):
        bot.write_plugin("greeter", greeter(f"answer {number}"))
        await reloaded(bot, number + 1)

    assert await ask(bot) == ["answer 9"]
    assert len(bot.machine.registry.handlers) == 1


def _atomic(path: Path, text: str) -> None:
    scratch = path.with_name(f".{path.name}.tmp")
    scratch.write_text(text, encoding="utf-8")
    scratch.replace(path)


def _with_backup(path: Path, text: str) -> None:
    path.rename(path.with_name(f"{path.name}~"))  # as vim does
    path.write_text(text, encoding="utf-8")


def _same_size_same_time(path: Path, text: str) -> None:
    before = path.stat()
    path.write_text(text, encoding="utf-8")
    assert path.stat().st_size == before.st_size
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def _deleted_and_written(path: Path, text: str) -> None:
    path.unlink()
    path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("save", [_atomic, _with_backup, _same_size_same_time, _deleted_and_written])
async def test_every_way_to_save_is_noticed(bot: BotUnderTest, save: Callable[[Path, str], None]) -> None:
    """Editors write by rename, keep a copy, or overwrite; two saves in a second may have the same size and time."""
    await start(bot)

    save(bot.project / "plugins" / "greeter.py", greeter("two"))
    await bot.record(PluginLoaded, 2)

    assert await ask(bot) == ["two"]


async def test_bytecode_is_neither_read_nor_written(bot: BotUnderTest) -> None:
    """A stale `.pyc` would bring back old code."""
    await start(bot)
    bot.write_plugin("greeter", greeter("two"))
    await reloaded(bot)

    assert not list(bot.project.rglob("*.pyc"))


async def test_touching_a_file_changes_nothing(bot: BotUnderTest) -> None:
    """Its content decides; a second file that is really changed shows that the first was looked at."""
    await start(bot)
    instance = bot.machine.plugins["plugins.greeter.Greeter"].instance

    (bot.project / "plugins" / "greeter.py").touch()
    bot.write_plugin("other", greeter("other", name="Other", pattern="^other$"))
    record = await reloaded(bot)

    assert record.modules == () or "plugins.greeter" not in record.modules
    assert bot.machine.plugins["plugins.greeter.Greeter"].instance is instance


BROKEN: dict[str, tuple[str | bytes, str]] = {
    "syntax": ("def broken(:\n", "import"),
    "import": ("import no_such_module\n", "import"),
    "exit": ("raise SystemExit\n", "import"),
    "not utf-8": (b"x = '\xe9'\n", "import"),
    "constructor": (
        f"{HEADER}class Greeter(MachineBasePlugin):\n    def __init__(self, *args):\n        raise ValueError\n",
        "construct",
    ),
    "init": (
        f"{HEADER}class Greeter(MachineBasePlugin):\n    async def init(self):\n        raise ValueError\n",
        "init",
    ),
    "not async": (
        f"{HEADER}class Greeter(MachineBasePlugin):\n    @listen_to('x')\n    def f(self, msg): ...\n",
        "register",
    ),
    "pattern": (
        f"{HEADER}class Greeter(MachineBasePlugin):\n    @listen_to('(')\n    async def f(self, msg): ...\n",
        "register",
    ),
    "schedule": (
        f"{HEADER}class Greeter(MachineBasePlugin):\n    @schedule(hour=99)\n    async def f(self): ...\n",
        "register",
    ),
    "settings": (f"{HEADER}@required_settings('NO')\nclass Greeter(MachineBasePlugin):\n    pass\n", "settings"),
}


@pytest.mark.parametrize("case", BROKEN)
async def test_a_failure_leaves_the_old_version_live_until_the_next_save(bot: BotUnderTest, case: str) -> None:
    """A typing error while editing must cost nothing."""
    source, phase = BROKEN[case]
    await start(bot)
    path = bot.project / "plugins" / "greeter.py"

    path.write_bytes(source if isinstance(source, bytes) else source.encode())
    failed = await bot.record(PluginFailed)

    assert (failed.phase, failed.is_old_version_live) == (phase, True)
    assert failed.file == str(path)
    assert list(bot.machine.failures) == [failed.plugin]
    assert await ask(bot) == ["one"]

    bot.write_plugin("greeter", greeter("two"))
    await reloaded(bot)

    assert await ask(bot) == ["two"]
    assert not bot.machine.failures


@pytest.mark.parametrize("case", ["syntax", "init"])
async def test_a_mistake_that_is_taken_back_is_one_no_longer(bot: BotUnderTest, case: str) -> None:
    """Undo and save: the file is again what is live, which was no change, so that its failure was told for ever."""
    source, _ = BROKEN[case]
    assert isinstance(source, str)
    await start(bot)
    good = (bot.project / "plugins" / "greeter.py").read_text()

    bot.write_plugin("greeter", source)
    await bot.record(PluginFailed)
    bot.write_plugin("greeter", good)
    record = await reloaded(bot)

    assert record.modules == ("plugins.greeter",)
    assert not bot.machine.failures
    assert await ask(bot) == ["one"]


async def test_a_broken_file_does_not_hold_up_the_others(bot: BotUnderTest) -> None:
    """It stays as it was; what is saved after it goes live."""
    bot.write_plugin("other", greeter("other one", name="Other", pattern="^other$"))
    await start(bot)

    bot.write_plugin("greeter", "def broken(:\n")
    await bot.record(PluginFailed)
    bot.write_plugin("other", greeter("other two", name="Other", pattern="^other$"))
    await reloaded(bot)

    assert await ask(bot, "other") == ["other two"]
    assert await ask(bot) == ["one"]
    assert list(bot.machine.failures) == ["plugins.greeter"]


async def test_what_was_broken_at_start_comes_alive_when_it_is_repaired(bot: BotUnderTest) -> None:
    """No restart is needed for that, either."""
    bot.write_plugin("late", "def broken(:\n")
    await start(bot)
    assert list(bot.machine.failures) == ["plugins.late"]

    bot.write_plugin("late", greeter("late", name="Late", pattern="^late$"))
    await reloaded(bot)

    assert await ask(bot, "late") == ["late"]
    assert not bot.machine.failures


async def test_new_renamed_and_deleted_files(bot: BotUnderTest) -> None:
    """The folder is what the bot is made of."""
    await start(bot)
    folder = bot.project / "plugins"

    bot.write_plugin("other", greeter("other", name="Other", pattern="^other$"))
    await reloaded(bot)
    assert await ask(bot, "other") == ["other"]

    (folder / "other.py").rename(folder / "renamed.py")
    await bot.record(PluginUnloaded, where=lambda record: record.plugin == "plugins.other.Other")
    await bot.record(PluginLoaded, where=lambda record: record.plugin == "plugins.renamed.Other")
    assert await ask(bot, "other") == ["other"]

    (folder / "renamed.py").unlink()
    await bot.record(PluginUnloaded, where=lambda record: record.plugin == "plugins.renamed.Other")
    assert await ask(bot, "other") == []
    assert await ask(bot) == ["one"]
    assert sorted(bot.machine.plugins) == ["plugins.greeter.Greeter"]
    assert "plugins.other" not in sys.modules


async def test_a_renamed_class_takes_the_place_of_the_old_one(bot: BotUnderTest) -> None:
    """The file is the same, the plugin another."""
    await start(bot)

    bot.write_plugin("greeter", greeter("two", name="Host"))
    await reloaded(bot)

    assert await ask(bot) == ["two"]
    assert list(bot.machine.plugins) == ["plugins.greeter.Host"]


async def test_a_new_file_that_fails_is_told_as_a_failure_alone(bot: BotUnderTest) -> None:
    """And not as a reload besides; when it is gone, so is the failure."""
    await start(bot)

    path = bot.write_plugin("half", "from machine.plugins import MachineBasePl")
    await bot.record(PluginFailed)
    await bot.machine.reload()
    assert bot.traced(PluginsReloaded) == []
    assert list(bot.machine.failures) == ["plugins.half"]

    path.unlink()
    assert (await reloaded(bot)).files == ("plugins/half.py",)
    assert not bot.machine.failures


async def test_a_file_without_plugins_has_none(bot: BotUnderTest) -> None:
    """Emptying a file unloads what was in it."""
    await start(bot)

    bot.write_plugin("greeter", "")
    await bot.record(PluginUnloaded)

    assert await ask(bot) == []


async def test_a_shared_module_reloads_exactly_its_importers(bot: BotUnderTest) -> None:
    """Directly or not; a plugin that does not import it is left in peace."""
    bot.write_plugin("_text", "TEXT = 'one'\n")
    bot.write_plugin("_between", "from . import _text\n")
    bot.write_plugin("near", greeter("", "Near").replace('""', "TEXT") + "\nfrom plugins._text import TEXT\n")
    bot.write_plugin(
        "far", greeter("", "Far").replace('""', "_between._text.TEXT") + "\nimport plugins._between as _between\n"
    )
    bot.write_plugin("apart", greeter("apart", "Apart"))
    await bot.start(watch=True)
    assert sorted(await ask(bot)) == ["apart", "one", "one"]

    bot.write_plugin("_text", "TEXT = 'two'\n")
    record = await reloaded(bot)

    assert sorted(await ask(bot)) == ["apart", "two", "two"]
    assert record.modules == ("plugins._between", "plugins._text", "plugins.far", "plugins.near")
    assert [loaded.plugin for loaded in bot.traced(PluginLoaded)].count("plugins.apart.Apart") == 1


async def test_a_broken_shared_module_leaves_all_its_importers_live(bot: BotUnderTest) -> None:
    """None of them is half new; what they import is the old module, too."""
    bot.write_plugin("_text", "TEXT = 'one'\n")
    for name in ("A", "B"):
        bot.write_plugin(name.lower(), greeter("", name).replace('""', "TEXT") + "\nfrom ._text import TEXT\n")
    await bot.start(watch=True)
    before = sys.modules["plugins._text"]

    bot.write_plugin("_text", "TEXT = 'two'\nraise ValueError\n")
    await bot.record(PluginFailed, 2)

    assert await ask(bot) == ["one", "one"]
    assert sys.modules["plugins._text"] is before
    assert sys.modules["plugins"]._text is before

    bot.write_plugin("_text", "TEXT = 'three'\n")
    await reloaded(bot)
    assert await ask(bot) == ["three", "three"]


async def test_fifty_files_at_once_are_one_reload(bot: BotUnderTest) -> None:
    """As a checkout of another branch writes them."""

    def write_all(version: str) -> None:
        for number in range(50):
            bot.write_plugin(f"p{number}", greeter(f"{version} {number}", f"P{number}", f"^hello {number}$"))

    write_all("old")
    await bot.start(watch=True)

    write_all("new")
    await bot.until(
        lambda: (
            {file for record in bot.traced(PluginsReloaded) for file in record.files}
            >= {f"plugins/p{number}.py" for number in range(50)}
        ),
        "all files are taken over",
    )

    assert len(bot.traced(PluginsReloaded)) <= 2  # one, where the files are written without a pause between them
    assert await ask(bot, "hello 0") == ["new 0"]
    assert await ask(bot, "hello 49") == ["new 49"]
    assert len(bot.machine.registry.handlers) == 50


async def test_handlers_in_flight_finish_on_the_old_code(bot: BotUnderTest) -> None:
    """And what they use is from the old version as well; `shutdown()` waits for them."""
    source = f"""{HEADER}
import asyncio
VERSION = "VERSION_HERE"
def version(): return VERSION

class Slow(MachineBasePlugin):
    @listen_to("^wait$")
    async def wait(self, msg):
        await self.settings["gate"].wait()
        await msg.say(version())

    async def shutdown(self):
        self.settings["ended"].append(version())
"""
    import asyncio  # noqa: PLC0415 - only here

    gate, ended = asyncio.Event(), list[str]()
    bot.write_plugin("slow", source.replace("VERSION_HERE", "one"))
    await bot.start(watch=True, GATE=gate, ENDED=ended)
    bot.workspace.post("alice", "general", "wait")
    await bot.record(InvocationStarted)

    bot.write_plugin("slow", source.replace("VERSION_HERE", "two"))
    await reloaded(bot)
    bot.workspace.post("alice", "general", "wait")
    await bot.record(InvocationStarted, 2)
    assert ended == []
    gate.set()
    await bot.record(InvocationFinished, 2)
    await bot.settled()

    assert sorted(message.text for message in bot.said()) == ["one", "two"]
    await bot.machine.stop()
    assert ended == ["one", "two"]


async def test_listeners_jobs_and_commands_of_the_old_version_are_gone(bot: BotUnderTest) -> None:
    """Pitfall 21: nothing of the old version may be called again."""
    source = f"""{HEADER}
class Everything(MachineBasePlugin):
    @listen_to("^go$")
    async def go(self, msg):
        self.emit("news", msg=msg)

    @on("news")
    async def heard(self, msg):
        await msg.say("heard VERSION_HERE")

    @command("/do")
    async def do(self, command):
        await command.say("done VERSION_HERE")

    @schedule(hour=3)
    @schedule(hour=4)
    async def nightly(self): ...
"""
    bot.write_plugin("everything", source.replace("VERSION_HERE", "one"))
    await bot.start(watch=True)

    bot.write_plugin("everything", source.replace("VERSION_HERE", "two").replace("    @schedule(hour=4)\n", ""))
    await reloaded(bot)

    assert await ask(bot, "go") == ["heard two"]
    bot.workspace.run_command("alice", "general", "/do")
    await bot.until(lambda: any(message.text == "done two" for message in bot.workspace.history("general")))
    assert [job.handler.trigger.describe() for job in bot.machine.jobs()] == ["schedule(hour=3)"]
    (job,) = bot.machine.jobs()
    assert job.handler.instance is bot.machine.plugins["plugins.everything.Everything"].instance


async def test_nothing_of_old_versions_stays_reachable(bot: BotUnderTest) -> None:
    """200 saves leave one version in memory: modules, classes and instances of all others are gone."""
    source = f"""{HEADER}
class Watched(MachineBasePlugin):
    @listen_to("^hello$")
    async def greet(self, msg):
        await msg.say("VERSION_HERE")

    @on("news")
    async def heard(self): ...

    @schedule(hour=3)
    async def nightly(self): ...
"""
    bot.write_plugin("watched", source.replace("VERSION_HERE", "0"))
    await bot.start()
    old: list[weakref.ref[Any]] = []

    for number in range(1, 201):
        plugin = bot.machine.plugins["plugins.watched.Watched"].instance
        old += [weakref.ref(plugin), weakref.ref(type(plugin)), weakref.ref(sys.modules["plugins.watched"])]
        del plugin
        if number % 10 == 0:
            bot.write_plugin("watched", f"broken {number} (")
            assert not await bot.machine.reload()
        bot.write_plugin("watched", source.replace("VERSION_HERE", str(number)))
        assert await bot.machine.reload()
        if number % 50 == 1:
            assert await ask(bot) == [str(number)]

    assert await ask(bot) == ["200"]  # also gives the last old version time to shut down
    bot.records.clear()
    gc.collect()
    assert [reference() for reference in old if reference() is not None] == []


async def test_storage_survives(bot: BotUnderTest) -> None:
    """What stands on `self` begins anew; what is stored stays, also values of the plugin's own classes."""
    source = f"""{HEADER}
from dataclasses import dataclass

@dataclass
class Count:
    value: int = 0

class Counter(MachineBasePlugin):
    @listen_to("^count$")
    async def count(self, msg):
        count = await self.storage.get("count") or Count()
        assert isinstance(count, Count)
        await self.storage.set("count", Count(count.value + 1))
        await msg.say(f"VERSION_HERE {{count.value + 1}}")
"""
    bot.write_plugin("counter", source.replace("VERSION_HERE", "one"))
    await bot.start(watch=True, STORAGE_BACKEND="machine.storage.backends.sqlite.SQLiteStorage")
    assert await ask(bot, "count") == ["one 1"]

    bot.write_plugin("counter", source.replace("VERSION_HERE", "two"))
    await reloaded(bot)

    assert await ask(bot, "count") == ["two 2"]


async def test_messages_during_reloads_are_all_answered_once(bot: BotUnderTest) -> None:
    """Every message is handled by exactly one complete version, and each after a save by a newer one or the same."""
    await start(bot)
    before = len(bot.said())

    for number in range(20):
        bot.write_plugin("greeter", greeter(f"v{number}"))
        for _ in range(10):
            bot.workspace.post("bob", "general", "hello")
        await reloaded(bot, number + 1)
    await bot.settled()

    answers = [message.text for message in bot.said()[before:]]
    assert len(answers) == 200
    assert set(answers) <= {"one", *(f"v{number}" for number in range(20))}
    assert await ask(bot) == ["v19"]


async def test_jobs_fire_for_the_new_version_only(bot: BotUnderTest) -> None:
    """A job that was due every second goes on in the new code."""
    source = f"""{HEADER}
class Ticker(MachineBasePlugin):
    @schedule(second="*")
    async def tick(self):
        await self.say("#general", "VERSION_HERE")
"""
    bot.write_plugin("ticker", source.replace("VERSION_HERE", "one"))
    await bot.start(watch=True)

    bot.write_plugin("ticker", source.replace("VERSION_HERE", "two"))
    await reloaded(bot)
    await bot.settled()  # what the old version had begun may still say its piece
    before = len(bot.said())
    fired = len(bot.traced(JobFired))
    await bot.record(JobFired, fired + 1)
    await bot.settled()

    assert {message.text for message in bot.said()[before:]} == {"two"}
    assert len(bot.machine.jobs()) == 1


async def test_the_plugin_folder_may_go_and_come_back(bot: BotUnderTest) -> None:
    """As when a branch without it is checked out."""
    await start(bot)

    shutil.rmtree(bot.project / "plugins")
    await bot.record(PluginUnloaded)
    assert await ask(bot) == []

    bot.write_plugin("greeter", greeter("back"))
    await bot.record(PluginLoaded, 2)
    assert await ask(bot) == ["back"]


async def test_a_package_is_reloaded_as_a_whole(bot: BotUnderTest) -> None:
    """The module that holds the plugin, below the folder."""
    folder = bot.project / "plugins" / "package"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("from .inner import Greeter\n", encoding="utf-8")
    (folder / "inner.py").write_text(greeter("one"), encoding="utf-8")
    await bot.start(watch=True)
    assert await ask(bot) == ["one"]

    (folder / "inner.py").write_text(greeter("two"), encoding="utf-8")
    await reloaded(bot)

    assert await ask(bot) == ["two"]


async def test_a_package_that_changes_keeps_the_modules_in_it_that_do_not(bot: BotUnderTest) -> None:
    """`import plugins.rocket.names` makes `names` an attribute of the package, also where it is not imported again."""
    package = bot.project / "plugins" / "rocket"
    package.mkdir(parents=True)
    source = f"""{HEADER}
import plugins.rocket.names

class Rocket(MachineBasePlugin):
    @listen_to("^hello$")
    async def greet(self, msg):
        from . import names
        await msg.say("one " + plugins.rocket.names.NAME + names.NAME)
"""
    (package / "__init__.py").write_text(source)
    (package / "names.py").write_text("NAME = 'x'")
    await bot.start(watch=True)
    assert await ask(bot) == ["one xx"]

    (package / "__init__.py").write_text(source.replace("one", "two"))
    assert (await reloaded(bot)).modules == ("plugins.rocket",)
    assert await ask(bot) == ["two xx"]
    (package / "names.py").write_text("NAME = 'y'")
    await reloaded(bot, 2)
    assert await ask(bot) == ["two yy"]


async def test_a_plugin_that_moves_to_another_file_moves(bot: BotUnderTest) -> None:
    """Both files are saved; nowhere is it twice, and nowhere missing, once both are taken over."""
    bot.write_plugin("other", "")
    await start(bot)

    bot.write_plugin("other", greeter("moved"))
    bot.write_plugin("greeter", "")
    await bot.record(PluginLoaded, where=lambda record: record.plugin == "plugins.other.Greeter")
    await bot.record(PluginUnloaded, where=lambda record: record.plugin == "plugins.greeter.Greeter")

    assert await ask(bot) == ["moved"]


async def test_exiting_at_import_cannot_end_the_process(bot: BotUnderTest) -> None:
    """A script that was saved into the plugin folder by mistake calls `sys.exit()`; the watcher lives on."""
    await start(bot)

    bot.write_plugin("script", "import sys\nsys.exit(0)\n")
    failed = await bot.record(PluginFailed)
    assert failed.error == "SystemExit: 0"

    bot.write_plugin("greeter", greeter("two"))
    await reloaded(bot, 1 + len(bot.traced(PluginsReloaded)))
    assert await ask(bot) == ["two"]


async def test_files_saved_together_are_taken_over_together_or_not_at_all(bot: BotUnderTest) -> None:
    """One broken file of several leaves all of them as they were; repairing it brings all."""
    bot.write_plugin("other", greeter("other one", "Other", "^other$"))
    bot.write_plugin("greeter", greeter("one"))
    await bot.start()

    bot.write_plugin("greeter", "def broken(:\n")
    bot.write_plugin("other", greeter("other two", "Other", "^other$"))
    await bot.machine.reload()
    assert await ask(bot) == ["one"]
    assert await ask(bot, "other") in (["other one"], ["other two"])

    bot.write_plugin("greeter", greeter("two"))
    assert await bot.machine.reload()
    assert await ask(bot) == ["two"]
    assert await ask(bot, "other") == ["other two"]


async def test_the_log_lists_what_changed_but_not_without_end(bot: BotUnderTest, production_logging: None) -> None:
    """The trace record has all of it, for the console."""
    await start(bot)

    method = '    @listen_to("^{0}$")\n    async def m{0}(self, msg): ...'
    methods = "\n".join(method.format(number) for number in range(30))
    bot.write_plugin("greeter", f"{HEADER}\nclass Greeter(MachineBasePlugin):\n{methods}\n")
    record = await reloaded(bot)

    line = await bot.record(LogWritten, where=lambda line: line.message == "Plugins reloaded")
    assert len(record.added) == 30
    assert line.fields["added"] == [*record.added[:20], "and 10 more"]
    assert line.fields["removed"] == list(record.removed) == ['plugins.greeter.Greeter.greet listen_to(r"^hello$")']


async def test_a_plugin_that_is_saved_while_the_bot_starts_is_reloaded(bot: BotUnderTest) -> None:
    """B5: it, and a module that it imports; what was imported is what counts as loaded."""
    (bot.project / "words.py").write_text('WORD = "old"\n')
    source = """
        from pathlib import Path
        from machine.plugins import MachineBasePlugin
        from machine.plugins.decorators import listen_to
        from words import WORD

        class Slow(MachineBasePlugin):
            async def init(self):
                if WORD == "old":
                    Path({words!r}).write_text("WORD = 'new'\\n")
                    Path(__file__).write_text(Path(__file__).read_text().replace("first", "second"))

            @listen_to("^word$")
            async def word(self, msg):
                await msg.say(f"first {{WORD}}")
    """
    bot.write_plugin("slow", source.format(words=str(bot.project / "words.py")))

    await bot.start(watch=True)
    await bot.record(PluginsReloaded)
    bot.workspace.post("alice", "general", "word")

    assert (await bot.answer()).text == "second new"


METRIC = """
    from machine.plugins import MachineBasePlugin
    from machine.plugins.decorators import listen_to
    from prometheus_client import CollectorRegistry, Counter
    from registries import HERE
    {before}
    HELLOS = Counter("hellos", "How often", registry=HERE)

    class Counting(MachineBasePlugin):
        @listen_to("^hello$")
        async def hello(self, msg):
            await msg.say("{answer}")
"""


async def test_a_line_that_cannot_run_twice_is_told(bot: BotUnderTest) -> None:
    """B13: the failure says that the line ran before, what may be the reason, and where the remedy is."""
    registries = bot.project / "registries.py"
    registries.write_text("from prometheus_client import CollectorRegistry\nHERE = CollectorRegistry()\n")
    bot.write_plugin("counting", METRIC.format(before="", answer="one"))
    await bot.start(watch=True)

    bot.write_plugin("counting", METRIC.format(before="import os", answer="two"))
    failed = await bot.record(PluginFailed)

    assert "Duplicated timeseries" in failed.error
    assert "The live version has this line, and it ran then." in failed.error
    assert "docs/reloading.md#what-outlives-a-module" in failed.error
    assert failed.is_old_version_live


@pytest.mark.parametrize("after", ["; 1 / 0", "; import nothing_of_the_kind"])
async def test_a_line_that_is_new_is_not_said_to_have_run(bot: BotUnderTest, after: str) -> None:
    """B13: nor is an import that fails, which says itself what is wrong."""
    registries = bot.project / "registries.py"
    registries.write_text("from prometheus_client import CollectorRegistry\nHERE = CollectorRegistry()\n")
    bot.write_plugin("counting", METRIC.format(before="", answer="one"))
    await bot.start(watch=True)

    bot.write_plugin("counting", METRIC.format(before=after.removeprefix("; "), answer="two"))
    failed = await bot.record(PluginFailed)

    assert "The live version has this line" not in failed.error
