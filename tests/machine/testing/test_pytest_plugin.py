"""The pytest plugin in pytest runs of its own, as the people who write plugins have it."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points

import pytest
import pytest_asyncio.plugin

import machine.testing.pytest_plugin

pytestmark = pytest.mark.slow

pytest_plugins = "pytester"

GREETER = '''
from machine.plugins import MachineBasePlugin, Message
from machine.plugins.decorators import listen_to, respond_to


class Greeter(MachineBasePlugin):
    """Greetings"""

    @respond_to(r"^hello")
    async def hello(self, msg: Message) -> None:
        """hello: be greeted"""
        await msg.say(f"{self.settings.get('GREETING', 'Hi')}!")

    @listen_to(r"^divide by zero")
    async def divide(self, msg: Message) -> None:
        1 / 0
'''

INI = """
[pytest]
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
addopts = --strict-markers
filterwarnings = error
"""

ASKS = """
import pytest

@pytest.mark.machine(plugins=[{choice!r}])
async def test_greeting(bot):
    assert (await bot.user("alice").asks("@machine hello", channel="#ops")).text == "Hi!"
"""


@pytest.fixture(autouse=True)
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project with one plugin, in a folder of its own."""
    folder = pytester.mkdir("plugins")
    (folder / "greeter.py").write_text(GREETER)
    pytester.makeini(INI)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # some would share state with the outer run
    return pytester


def run(project: pytest.Pytester, *options: str) -> pytest.RunResult:
    """Run the project's tests."""
    return project.runpytest_inprocess(*options, plugins=[pytest_asyncio.plugin, machine.testing.pytest_plugin])


def test_pytest_finds_the_plugin_by_itself() -> None:
    """Whoever installs the package need not configure anything."""
    [found] = entry_points(group="pytest11", name="machine")

    assert found.load() is machine.testing.pytest_plugin


@pytest.mark.parametrize(
    "choice", ["plugins.greeter.Greeter", "plugins.greeter", "plugins/greeter.py"], ids=["class", "module", "file"]
)
def test_plugins_are_chosen_by_name_or_file(project: pytest.Pytester, choice: str) -> None:
    """From the project's folder, which need not be on the path."""
    project.makepyfile(ASKS.format(choice=choice))

    run(project).assert_outcomes(passed=1)


def test_a_plugin_file_may_lie_beside_the_test(project: pytest.Pytester) -> None:
    """Or anywhere else."""
    folder = project.mkdir("tests")
    (folder / "my_greeter.py").write_text(GREETER)
    (folder / "test_it.py").write_text(ASKS.format(choice="my_greeter.py"))

    run(project).assert_outcomes(passed=1)


def test_fixtures_choose_for_a_project_and_the_marker_for_a_test(project: pytest.Pytester) -> None:
    """What is nearest to the test counts."""
    project.makeconftest("""
import pytest

@pytest.fixture
def machine_plugins():
    return ["plugins.greeter"]

@pytest.fixture
def machine_settings():
    return {"greeting": "Good day"}

@pytest.fixture
def machine_workspace():
    return "workspace.toml"
""")
    project.path.joinpath("workspace.toml").write_text(
        'people = [{name = "zoe"}]\nchannels = [{name = "lounge"}]\n', encoding="utf-8"
    )
    project.makepyfile("""
import pytest

async def greeting(bot):
    return (await bot.user("zoe").asks("@machine hello", channel="#lounge")).text

async def test_of_the_project(bot):
    assert await greeting(bot) == "Good day!"

@pytest.mark.machine(settings={"GREETING": "Hey"})
class TestMarked:
    async def test_of_a_class(self, bot):
        assert await greeting(bot) == "Hey!"

    @pytest.mark.machine(settings={"greeting": "Ho"})
    async def test_of_a_test(self, bot):
        assert await greeting(bot) == "Ho!"

    @pytest.mark.machine(plugins=[])
    async def test_without_plugins(self, bot):
        assert await bot.user("zoe").says("hello") is None
""")

    run(project).assert_outcomes(passed=4)


def test_a_project_may_have_a_bot_of_its_own(project: pytest.Pytester) -> None:
    """And has ours under another name."""
    project.makeconftest("import pytest\n\n@pytest.fixture\ndef bot():\n    return 'mine'\n")
    project.makepyfile("""
import pytest

@pytest.mark.machine(plugins=["plugins.greeter"])
async def test_both(bot, machine_bot):
    assert bot == "mine"
    assert await machine_bot.user("alice").asks("hello")
""")

    run(project).assert_outcomes(passed=1)


def test_a_failure_shows_what_was_said_and_what_the_bot_did(project: pytest.Pytester) -> None:
    """So that one need not run it again to see."""
    project.makepyfile("""
import pytest

@pytest.mark.machine(plugins=["plugins.greeter"])
async def test_greeting(bot):
    await bot.user("alice").says("@machine hello", channel="#ops")
    await bot.user("bob").says("halo @machine", channel="#ops")
    assert await bot.said("Good day")
""")

    result = run(project)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*- Slack, #ops -*",
            "alice: @machine hello",
            "machine: Hi!",
            "bob: halo @machine",
            "*- What the bot did -*",
            "message of alice '@machine hello'",
            "    plugins.greeter.Greeter.hello matches: *",
            "        chat.postMessage channel='#ops', text='Hi!' -> ok",
            "    plugins.greeter.Greeter.hello ended after * ms",
            "message of bob 'halo @machine'",
            "    plugins.greeter.Greeter.hello does not: the message does not address the bot",
        ]
    )


def test_an_exception_in_a_handler_fails_the_test(project: pytest.Pytester) -> None:
    """At the line that caused it, showing the line of the plugin and nothing of the kit."""
    project.makepyfile("""
import pytest

@pytest.mark.machine(plugins=["plugins.greeter"])
async def test_division(bot):
    await bot.user("alice").says("divide by zero")
    assert True
""")

    result = run(project)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            '>   *await bot.user("alice").says("divide by zero")',
            "E*HandlerError: plugins.greeter.Greeter.divide raised ZeroDivisionError: division by zero",
            "E*1 / 0",
        ]
    )
    result.stdout.no_fnmatch_line("*settling.py*")


def test_an_exception_nobody_waited_for_fails_the_test_too(project: pytest.Pytester) -> None:
    """For example of an event that the plugin emits last."""
    project.makepyfile("""
import pytest

@pytest.mark.machine(plugins=["plugins.greeter"])
async def test_division(bot):
    bot.workspace.post("alice", "#ops", "divide by zero")
    await bot.until(lambda: bot.errors)
""")

    result = run(project)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E*HandlerError: plugins.greeter.Greeter.divide raised ZeroDivisionError*"])


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        ('plugins=["plugins.greter"]', "*plugins.greter could not be loaded (import)*"),
        ('plugins=["nowhere.py"]', "*There is no plugin file nowhere.py. Looked in *"),
        ("plugins=[42]", "*42 is no plugin. Give a class*"),
        ('plugin="plugins.greeter"', "*@pytest.mark.machine takes plugins, settings, now by name; given: plugin.*"),
        ("settings={}", "*No plugins are chosen for the bot.*"),
        ('plugins=[], settings={"TZ": "Mars"}', "*TZ is 'Mars'*"),
    ],
    ids=["name", "file", "number", "argument", "none", "setting"],
)
def test_a_wrong_choice_says_what_is_wrong(project: pytest.Pytester, choice: str, told: str) -> None:
    """Before the test begins."""
    project.makepyfile(f"import pytest\n\n@pytest.mark.machine({choice})\nasync def test_it(bot):\n    pass\n")

    result = run(project)

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([told])


def test_it_works_in_the_strict_mode_of_pytest_asyncio(project: pytest.Pytester) -> None:
    """Which takes no fixture that is not declared as its own."""
    project.makepyfile(ASKS.format(choice="plugins.greeter").replace("@pytest", "@pytest.mark.asyncio\n@pytest"))

    run(project, "-o", "asyncio_mode=strict").assert_outcomes(passed=1)


def test_it_works_with_anyio_alone(project: pytest.Pytester) -> None:
    """Its plugin runs async tests and fixtures as well."""
    project.makepyfile(
        "import pytest\n\n@pytest.fixture\ndef anyio_backend():\n    return 'asyncio'\n"
        + ASKS.format(choice="plugins.greeter").replace("@pytest", "@pytest.mark.anyio\n@pytest")
    )
    project.makeini("[pytest]\nfilterwarnings = error\n")
    script = project.path / "without_pytest_asyncio.py"
    script.write_text(
        "import sys\nsys.modules['pytest_asyncio'] = None\nimport pytest\n"
        "sys.exit(pytest.main(['-p', 'anyio.pytest_plugin', '-p', 'machine.testing.pytest_plugin']))\n"
    )

    result = project.run(sys.executable, script)

    result.assert_outcomes(passed=1)


def test_another_loop_than_that_of_the_test_is_told(project: pytest.Pytester) -> None:
    """Instead of hanging."""
    project.makepyfile(
        ASKS.format(choice="plugins.greeter").replace("@pytest", "@pytest.mark.asyncio(loop_scope='module')\n@pytest")
    )

    result = run(project)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*The bot runs on another event loop than the test.*"])


def test_it_works_with_xdist(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each bot has a workspace, port and storage of its own; reports travel between processes."""
    monkeypatch.setenv("PYTEST_PLUGINS", "xdist.plugin,pytest_asyncio.plugin,machine.testing.pytest_plugin")
    project.makepyfile(
        ASKS.format(choice="plugins.greeter")
        + "\n\n@pytest.mark.parametrize('number', range(6))\n@pytest.mark.machine(plugins=['plugins.greeter'])\n"
        "async def test_more(bot, number):\n    assert await bot.user('bob').asks('hello')\n    assert number < 5\n"
    )

    result = project.runpytest_subprocess("-n", "2")

    result.assert_outcomes(passed=6, failed=1)
    result.stdout.fnmatch_lines(["*- Slack, @bob -*", "bob: hello", "machine: Hi!"])


def test_being_installed_costs_next_to_nothing() -> None:
    """pytest imports the plugin in every run of everybody who has the package."""
    source = (
        "import sys, pytest, pytest_asyncio; before = set(sys.modules); import machine.testing.pytest_plugin;"
        "print(*sorted(set(sys.modules) - before))"
    )
    modules = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True).stdout.split()

    assert modules == ["machine", "machine.testing", "machine.testing.pytest_plugin"]
