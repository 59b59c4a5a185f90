"""Plugins at start: where they come from, and what is said of those that cannot be used."""

from __future__ import annotations

import textwrap
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from machine.errors import PluginError, SettingsError
from machine.loading.loader import Loader
from machine.plugins import MachineBasePlugin, Message
from machine.plugins.decorators import listen_to, required_settings
from machine.trace import InvocationStarted, LogWritten, PluginFailed, PluginLoaded
from tests.conftest import BotUnderTest

GREETER = """
    from machine.plugins import MachineBasePlugin
    from machine.plugins.decorators import listen_to

    class Greeter(MachineBasePlugin):
        @listen_to("^hello$")
        async def greet(self, msg):
            await msg.say("hello")
"""


def write(path: Path, source: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(source), encoding="utf-8")
    return path


async def assert_greets(bot: BotUnderTest) -> None:
    """The bot runs, and says hello once."""
    bot.workspace.post("alice", "general", "hello")
    await bot.answer()
    await bot.settled()
    assert [message.text for message in bot.said()] == ["hello"]


async def test_plugins_is_a_list_of_classes_and_of_modules(bot: BotUnderTest) -> None:
    """A class loads itself, a module every plugin class that it defines."""
    await bot.start(
        PLUGINS=["machine.plugins.builtin.general", "machine.plugins.builtin.help.HelpPlugin"],
    )

    assert sorted(plugin.title for plugin in bot.machine.plugins.values()) == [
        "HelloPlugin",
        "HelpPlugin",
        "PingPongPlugin",
    ]
    assert not bot.machine.failures


async def test_plugins_may_live_in_the_project(bot: BotUnderTest) -> None:
    """PLUGINS names modules of the bot's own folder, too."""
    write(bot.project / "team" / "greeter.py", GREETER)
    write(bot.project / "team" / "__init__.py", "")

    await bot.start(PLUGINS=["team.greeter.Greeter"])

    assert list(bot.machine.plugins) == ["team.greeter.Greeter"]
    await assert_greets(bot)


async def test_files_and_packages_of_the_plugin_folder_are_loaded(bot: BotUnderTest) -> None:
    """Names that begin with `_` are left out: that is where shared code lives."""
    bot.write_plugin("greeter", GREETER)
    bot.write_plugin("_hidden", GREETER)
    write(bot.project / "plugins" / "package" / "__init__.py", "from .inner import Inner\n")
    write(bot.project / "plugins" / "package" / "inner.py", GREETER.replace("Greeter", "Inner").replace("hello", "hi"))
    write(bot.project / "plugins" / "no-module.py", "raise AssertionError")
    write(bot.project / "plugins" / "notes.txt", "nothing")

    await bot.start()

    assert sorted(bot.machine.plugins) == ["plugins.greeter.Greeter", "plugins.package.inner.Inner"]
    assert not bot.machine.failures
    await assert_greets(bot)


async def test_the_plugin_folder_may_be_elsewhere(bot: BotUnderTest, tmp_path_factory: pytest.TempPathFactory) -> None:
    """PLUGIN_DIR is any folder, also outside of the project."""
    folder = tmp_path_factory.mktemp("elsewhere")
    write(folder / "greeter.py", GREETER)

    await bot.start(PLUGIN_DIR=str(folder))

    assert [plugin.title for plugin in bot.machine.plugins.values()] == ["Greeter"]


async def test_no_plugin_folder_is_no_mistake(bot: BotUnderTest) -> None:
    """A newcomer has none."""
    await bot.start()

    assert not bot.machine.plugins
    assert not bot.machine.failures


async def test_a_plugin_folder_that_is_not_there_is_told(bot: BotUnderTest) -> None:
    """B10: it may still be made, so the bot starts; a setting that is probably misspelt is told as well."""
    (bot.project / "bot_plugins").mkdir()

    with capture_logs() as lines:
        await bot.start(PLUGIN_DIR="bot-plugin", LOG_LEVEL="DEBUG")

    warnings = [line["event"] for line in lines if line["log_level"] == "warning"]
    assert warnings == [
        "LOG_LEVEL is not a setting of the framework. Did you mean LOGLEVEL? If it is a plugin's own, all is well.",
        "PLUGIN_DIR is 'bot-plugin', and there is no such folder. Did you mean bot_plugins?",
    ]


@pytest.mark.parametrize("name", ["my plugins", "2nd", "aiohttp", "json", "machine"])
async def test_a_plugin_folder_that_cannot_be_imported_stops_the_start(bot: BotUnderTest, name: str) -> None:
    """Else every plugin in it would fail, for a reason that none of them tells."""
    write(bot.project / name / "greeter.py", GREETER)

    with pytest.raises(SettingsError, match=f"^PLUGIN_DIR names .*/{name}, but "):
        await bot.start(PLUGIN_DIR=name)


async def test_a_file_in_place_of_the_plugin_folder_stops_the_start(bot: BotUnderTest) -> None:
    """A bot without its plugins is no bot."""
    write(bot.project / "plugins", "")

    with pytest.raises(SettingsError, match="that is not a folder"):
        await bot.start()


async def test_a_file_whose_name_cannot_be_imported_is_told(bot: BotUnderTest) -> None:
    """`my-greeter.py` looks like a plugin, and would be missed without a word."""
    bot.write_plugin("my-greeter", GREETER)
    bot.write_plugin("_private", GREETER)

    with capture_logs() as lines:
        await bot.start()

    told = [line["file"] for line in lines if "Python cannot import this name" in line["event"]]
    assert told == ["plugins/my-greeter.py"]


async def test_an_imported_plugin_class_is_not_loaded(bot: BotUnderTest) -> None:
    """Pitfall 24: importing a class to subclass it must not run the original as well."""
    bot.write_plugin(
        "louder",
        """
        from machine.plugins import MachineBasePlugin
        from machine.plugins.builtin.general import PingPongPlugin

        class Louder(PingPongPlugin):
            pass
        """,
    )

    await bot.start()

    assert list(bot.machine.plugins) == ["plugins.louder.Louder"]


async def test_a_plugin_named_twice_is_loaded_once(bot: BotUnderTest) -> None:
    """By PLUGINS as a class and as a module, and by lying in the plugin folder."""
    bot.write_plugin("greeter", GREETER)

    await bot.start(PLUGINS=["plugins.greeter.Greeter", "plugins.greeter", "plugins.greeter.Greeter"])

    assert list(bot.machine.plugins) == ["plugins.greeter.Greeter"]
    await assert_greets(bot)


async def test_required_settings_of_a_subclass_stay_with_it(bot: BotUnderTest) -> None:
    """Pitfall 24."""

    class Base(MachineBasePlugin):
        """Needs nothing."""

    @required_settings("NEEDED")
    class Child(Base):
        """Needs something."""

    await bot.start(Base, Child)

    assert [plugin.title for plugin in bot.machine.plugins.values()] == ["Base"]
    (failure,) = bot.machine.failures.values()
    assert failure.phase == "settings"
    assert "NEEDED" in str(failure)


async def test_required_settings_are_found_in_any_case(bot: BotUnderTest) -> None:
    """Names of settings count in any case of letters; `False` and 0 are values."""

    @required_settings(["api_key", "Retries"])
    class Careful(MachineBasePlugin):
        """Needs two settings."""

    await bot.start(Careful, Api_Key="x", RETRIES=0)

    assert len(bot.machine.plugins) == 1


async def test_properties_are_not_evaluated(bot: BotUnderTest) -> None:
    """Pitfall 24: a property may ask a database, or Slack."""
    evaluated = []

    class WithProperty(MachineBasePlugin):
        @property
        def expensive(self) -> str:
            evaluated.append(True)
            raise RuntimeError("evaluated")

        @listen_to("^hello$")
        async def greet(self, msg: Message) -> None:
            await msg.say("hello")

    await bot.start(WithProperty)
    await assert_greets(bot)

    assert evaluated == []


async def test_an_abstract_plugin_class_is_a_base_and_no_plugin(bot: BotUnderTest) -> None:
    """It cannot be constructed, and was not meant to be."""
    bot.write_plugin(
        "greeter",
        textwrap.dedent(GREETER)
        + textwrap.dedent(
            """
            import abc

            class Base(MachineBasePlugin, abc.ABC):
                @abc.abstractmethod
                def text(self): ...

            class Child(Base):
                def text(self): return "hi"
            """
        ),
    )

    await bot.start()

    assert sorted(plugin.title for plugin in bot.machine.plugins.values()) == ["Child", "Greeter"]
    assert not bot.machine.failures


PLUGIN = """
from machine.plugins import MachineBasePlugin
from machine.plugins.decorators import *

class Broken(MachineBasePlugin):
"""

FAILURES: dict[str, tuple[str | bytes, str, int | None, str]] = {
    "syntax": ("x = 1\ndef broken(:\n", "import", 2, "SyntaxError"),
    "missing import": ("x = 1\nimport no_such_module\n", "import", 2, "No module named 'no_such_module'"),
    "missing name": ("from machine.plugins import Nothing\n", "import", 1, "Nothing"),
    "raises": ("x = 1\n\nraise ValueError('at import')\n", "import", 3, "ValueError: at import"),
    "exits": ("import sys\nsys.exit('bye')\n", "import", 2, "SystemExit: bye"),
    "raises no Exception": ("class Odd(BaseException): pass\nraise Odd('hm')\n", "import", 2, "Odd: hm"),
    "not utf-8": (b"x = 1\ny = '\xe9'\n", "import", 2, "UTF-8"),
    "null byte": (b"x = 1\0\n", "import", None, "null"),
    "endless": ("def f(): f()\nf()\n", "import", 1, "RecursionError"),
    "constructor": (
        f"{PLUGIN}    def __init__(self, *args):\n        raise ValueError('no luck')\n",
        "construct",
        7,
        "ValueError: no luck",
    ),
    "constructor exits": (
        f"{PLUGIN}    def __init__(self, *args):\n        raise SystemExit(3)\n",
        "construct",
        7,
        "SystemExit: 3",
    ),
    "constructor raises no Exception": (
        f"{PLUGIN}    def __init__(self, *args):\n        raise BaseException('odd')\n",
        "construct",
        7,
        "BaseException: odd",
    ),
    "exception without text": (
        f"{PLUGIN}    async def init(self):\n        raise type('Mute', (Exception,), {{'__str__': None}})\n",
        "init",
        7,
        "Mute",
    ),
    "constructor signature": (f"{PLUGIN}    def __init__(self):\n        pass\n", "construct", None, "TypeError"),
    "init": (f"{PLUGIN}    async def init(self):\n        raise ValueError('no db')\n", "init", 7, "ValueError: no db"),
    "init exits": (f"{PLUGIN}    async def init(self):\n        raise SystemExit(3)\n", "init", 7, "SystemExit: 3"),
    "init raises no Exception": (
        f"{PLUGIN}    async def init(self):\n        raise BaseException('odd')\n",
        "init",
        7,
        "BaseException: odd",
    ),
    "init waits for what was cancelled": (
        f"{PLUGIN}    async def init(self):\n        import asyncio\n        raise asyncio.CancelledError\n",
        "init",
        8,
        "CancelledError",
    ),
    "init not async": (f"{PLUGIN}    def init(self):\n        pass\n", "register", 6, "async def"),
    "not async": (f"{PLUGIN}    @listen_to('x')\n    def f(self, msg):\n        pass\n", "register", 6, "async def"),
    "no argument": (f"{PLUGIN}    @listen_to('x')\n    async def f(self):\n        pass\n", "register", 6, "argument"),
    "group without argument": (
        f"{PLUGIN}    @listen_to('(?P<who>x)')\n    async def f(self, msg):\n        pass\n",
        "register",
        6,
        "who",
    ),
    "argument without group": (
        f"{PLUGIN}    @listen_to('x')\n    async def f(self, msg, who):\n        pass\n",
        "register",
        6,
        "who",
    ),
    "bad pattern": (
        f"{PLUGIN}    @listen_to('(')\n    async def f(self, msg):\n        pass\n",
        "register",
        6,
        "regular",
    ),
    "bad schedule": (
        f"{PLUGIN}    @schedule(hour=25)\n    async def f(self):\n        pass\n",
        "register",
        6,
        "schedule(hour=25)",
    ),
    "schedule in no time zone": (
        f"{PLUGIN}    @schedule(hour=2, timezone='Mars/Phobos')\n    async def f(self):\n        pass\n",
        "register",
        6,
        "Mars/Phobos",
    ),
    "B7 not async as before 0.30": (
        f"{PLUGIN}    @listen_to('x')\n    def f(self, msg):\n        msg.say('y')\n",
        "register",
        6,
        "Broken.f is not async. Plugins for slack-machine before 0.30 were not async: write `async def`, and `await`",
    ),
    "B10 roles on a schedule": (
        f"{PLUGIN}    @schedule(hour=1)\n    @require_any_role(['admin'])\n    async def f(self):\n        pass\n",
        "register",
        6,
        "asks for roles, but nobody runs",
    ),
    "B10 roles on an emitted event": (
        f"{PLUGIN}    @require_all_roles(['admin'])\n    @on('x')\n    async def f(self):\n        pass\n",
        "register",
        6,
        "asks for roles, but nobody runs",
    ),
    "B10 blank in a command": (
        f"{PLUGIN}    @command('/my cmd')\n    async def f(self, run):\n        pass\n",
        "register",
        6,
        '@command has a blank in "/my cmd"',
    ),
    "B10 unknown tab": (
        f"{PLUGIN}    @home_opened(tab='homes')\n    async def f(self, opened):\n        pass\n",
        "register",
        6,
        "not 'homes'. Did you mean home?",
    ),
    "B11 compiled pattern": (
        f"import re\n{PLUGIN}    @respond_to(re.compile('^x', re.M))\n    async def f(self, msg):\n        pass\n",
        "register",
        7,
        '@respond_to takes the pattern as a text: @respond_to(r"^x", re.MULTILINE).',
    ),
    "B11 schedule with a message": (
        f"{PLUGIN}    @schedule(hour=1)\n    async def f(self, msg):\n        pass\n",
        "register",
        6,
        "Broken.f takes msg, but no message causes a scheduled method to run.",
    ),
    "B11 constructor without arguments": (
        f"{PLUGIN}    def __init__(self):\n        super().__init__()\n",
        "construct",
        None,
        "Write `def __init__(self, client, settings, storage)`",
    ),
    "B11 constructor without that of the base": (
        f"{PLUGIN}    def __init__(self, client, settings, storage):\n        self.count = 0\n",
        "construct",
        5,
        "Broken.__init__() does not call that of its base class. Write",
    ),
    "B11 constructor that reads too early": (
        f"{PLUGIN}    def __init__(self, *args):\n        self.settings['x']\n        super().__init__(*args)\n",
        "construct",
        7,
        "`super().__init__(client, settings, storage)` first",
    ),
    "B11 missing setting": (
        PLUGIN.replace("class", "\n@required_settings('plugin_dirs')\nclass") + "    pass\n",
        "settings",
        6,
        "PLUGIN_DIRS, which the plugin requires, is not set. Did you mean PLUGIN_DIR or PLUGINS? Write PLUGIN_DIRS = ",
    ),
    "missing setting": (
        PLUGIN.replace("class", "\n@required_settings('WEATHER_KEY')\nclass") + "    pass\n",
        "settings",
        6,
        "WEATHER_KEY",
    ),
}


@pytest.mark.parametrize("case", FAILURES)
async def test_a_plugin_that_cannot_be_used_is_reported_and_left_out(bot: BotUnderTest, case: str) -> None:
    """Pitfalls 20 and 25: with the step that failed, file and line; the bot and the other plugins run."""
    source, phase, line, problem = FAILURES[case]
    bot.write_plugin("greeter", GREETER)
    path = bot.write_plugin("broken", "")
    path.write_bytes(source if isinstance(source, bytes) else source.encode())

    await bot.start()

    (failed,) = bot.traced(PluginFailed)
    assert (failed.plugin.partition(".Broken")[0], failed.phase) == ("plugins.broken", phase)
    assert problem in failed.error
    assert not failed.is_old_version_live
    assert (failed.file, failed.line) == (str(path), line) or line is None
    assert list(bot.machine.failures) == [failed.plugin]
    assert [loaded.plugin for loaded in bot.traced(PluginLoaded)] == ["plugins.greeter.Greeter"]
    await assert_greets(bot)


async def test_a_failure_in_what_a_plugin_imports_names_that_file(bot: BotUnderTest) -> None:
    """Pitfall 25: the plugin is there; what is broken is what it imports."""
    bot.write_plugin("broken", "from plugins import _shared\n")
    shared = bot.write_plugin("_shared", "x = 1\nimport no_such_module\n")

    await bot.start()

    (failed,) = bot.traced(PluginFailed)
    assert (failed.file, failed.line) == (str(shared), 2)
    assert "No module named 'no_such_module'" in failed.error


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("no.such.module", "no module no.such.module"),
        ("no.such.module.Plugin", "no module no.such.module"),
        ("machine.plugins.builtin.general.PingPong", "PingPongPlugin"),
        ("machine.plugins.builtin.generally", "generally"),
        ("PingPong", "PingPong"),
        ("", "PLUGINS"),
        (".", "PLUGINS"),
        ("a..b", "PLUGINS"),
        (".relative", "PLUGINS"),
    ],
)
async def test_a_name_that_leads_nowhere_is_reported(bot: BotUnderTest, name: str, problem: str) -> None:
    """A typing error in PLUGINS, with the names that would have been right where there are any."""
    bot.write_plugin("greeter", GREETER)

    await bot.start(PLUGINS=[name])

    (failed,) = bot.traced(PluginFailed)
    assert failed.plugin == name
    assert problem in failed.error
    await assert_greets(bot)


async def test_an_import_error_within_a_named_plugin_names_what_failed(bot: BotUnderTest) -> None:
    """Pitfall 25: not "there is no such plugin"."""
    write(bot.project / "team.py", f"import no_such_module\n{textwrap.dedent(GREETER)}")

    await bot.start(PLUGINS=["team.Greeter"])

    (failed,) = bot.traced(PluginFailed)
    assert "No module named 'no_such_module'" in failed.error
    assert (failed.file, failed.line) == (str(bot.project / "team.py"), 1)


async def test_failures_show_no_secret(bot: BotUnderTest) -> None:
    """Pitfall 42: neither message, traceback nor log."""
    bot.write_plugin("broken", "token = 'xoxb-1-hunter2'\nraise ValueError(f'refused {token}')\n")

    await bot.start()

    (failed,) = bot.traced(PluginFailed)
    assert "hunter2" not in failed.error
    assert "hunter2" not in failed.traceback
    assert "hunter2" not in str([record for record in bot.records if isinstance(record, LogWritten)])


async def test_an_init_that_does_not_end_is_given_up(bot: BotUnderTest) -> None:
    """A plugin that waits for ever must not keep the others from being loaded."""

    class Waits(MachineBasePlugin):
        async def init(self) -> None:
            await bot.machine.wait_until_stopped()

    await bot.start()
    machine = bot.machine
    loader = Loader(
        machine._project,
        machine.slack,
        machine.settings.all,
        machine.plugin_storage,
        machine._parts.dispatcher,
        init_timeout=timedelta(milliseconds=1),
        init_is_slow=timedelta(0),
    )

    with (
        capture_logs() as logs,
        pytest.raises(PluginError, match=r"init\(\) did not end within 0.001 s") as raised,
    ):
        await loader.load(Waits)

    [told] = [line for line in logs if line["event"] == "A plugin takes long to get ready"]
    assert (told["plugin"].rpartition(".")[2], told["step"], told["limit"]) == ("Waits", "init()", "0.001 s")
    assert (raised.value.phase, raised.value.file) == ("init", __file__)


async def test_a_time_limit_of_the_plugins_own_is_told_as_such(bot: BotUnderTest) -> None:
    """It was the plugin's database that did not answer in time, not `init()` that took 30 seconds."""
    bot.write_plugin("broken", f"{PLUGIN}    async def init(self):\n        raise TimeoutError('no database')\n")

    await bot.start()

    (failed,) = bot.traced(PluginFailed)
    assert failed.error == "TimeoutError: no database"


async def test_a_plugin_whose_schedule_cannot_be_read_is_shut_down(bot: BotUnderTest) -> None:
    """What `init()` opened is closed again, although the plugin never went live."""
    bot.write_plugin(
        "broken",
        PLUGIN
        + "    steps = []\n"
        + "    async def init(self):\n        self.settings['steps'].append('init')\n"
        + "    async def shutdown(self):\n        self.settings['steps'].append('shutdown')\n"
        + "    @schedule(hour=25)\n    async def f(self):\n        pass\n",
    )
    steps: list[str] = []

    await bot.start(STEPS=steps)

    assert bot.traced(PluginFailed)
    assert steps in ([], ["init", "shutdown"])  # checked before it begins, or ended after all


async def test_init_and_shutdown_run_once_each_and_in_order(bot: BotUnderTest) -> None:
    """`init()` before the first handler, `shutdown()` once after the last one has ended."""
    steps: list[str] = []

    class Orderly(MachineBasePlugin):
        async def init(self) -> None:
            steps.append("init")

        @listen_to("^work$")
        async def work(self, msg: Message) -> None:
            steps.append("begin")
            await msg.say("begun")
            await msg.say("ended")
            steps.append("end")

        async def shutdown(self) -> None:
            steps.append("shutdown")

    await bot.start(Orderly)
    bot.workspace.post("alice", "general", "work")
    await bot.record(InvocationStarted)
    await bot.machine.stop()
    await bot.machine.stop()

    assert steps == ["init", "begin", "end", "shutdown"]


@pytest.mark.parametrize("error", [ValueError("cannot close"), SystemExit(1), BaseException("odd")])
async def test_a_shutdown_that_fails_stops_nobody_else(bot: BotUnderTest, error: BaseException) -> None:
    """The rest is closed all the same."""
    steps: list[str] = []

    class Failing(MachineBasePlugin):
        async def shutdown(self) -> None:
            steps.append("failing")
            raise error

    class Fine(MachineBasePlugin):
        async def shutdown(self) -> None:
            steps.append("fine")

    await bot.start(Fine, Failing)
    await bot.stop()

    assert sorted(steps) == ["failing", "fine"]


async def test_storage_settings_and_slack_are_there_in_init(bot: BotUnderTest) -> None:
    """A constructor cannot reach Slack, `init()` can."""
    found: dict[str, Any] = {}

    class Eager(MachineBasePlugin):
        async def init(self) -> None:
            found["own"] = self.settings["own"]
            found["bot"] = self.bot_info["name"]
            found["channel"] = self.find_channel_by_name("general")
            await self.storage.set("key", 1)
            found["value"] = await self.storage.get("key")

    await bot.start(Eager, OWN=5)

    assert found["channel"] is not None
    assert (found["own"], found["bot"], found["value"]) == (5, "machine", 1)


async def test_a_handler_that_hides_a_method_of_the_base_class_is_warned_of(
    bot: BotUnderTest, production_logging: None
) -> None:
    """`self.say()` would run the handler. The plugin is loaded: the method may be newer than the plugin."""
    bot.write_plugin(
        "hiding",
        """
        from machine.plugins import MachineBasePlugin
        from machine.plugins.decorators import listen_to

        class Hiding(MachineBasePlugin):
            @listen_to("hello")
            @listen_to("hi")
            async def say(self, msg):
                await msg.say("said")

            async def init(self):
                pass

            @listen_to("fine")
            async def speak(self, msg):
                pass
        """,
    )
    await bot.start()

    [warning] = [record for record in bot.traced(LogWritten) if record.level == "warning"]
    assert "takes the place of a method of the base class, MachineBasePlugin.say" in warning.message
    assert warning.fields["handler"] == "plugins.hiding.Hiding.say"
    assert warning.fields["at"].endswith("hiding.py:6")
    assert "plugins.hiding.Hiding" in bot.machine.plugins
