"""The pytest plugin: fixtures, the marker `machine`, and what a failed test shows.

pytest imports this module in every run of everybody who has the package, so the framework is imported by the fixtures.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

try:
    from pytest_asyncio import fixture as _async_fixture  # its strict mode takes no other
except ImportError:  # anyio's plugin takes pytest's own
    _async_fixture = pytest.fixture  # type: ignore[assignment]  # it is called in the same way

if TYPE_CHECKING:
    from machine.sandbox import Workspace
    from machine.testing.bot import Bot
    from machine.testing.plugin_selection import PluginChoice
    from machine.time.clock import Clock

_BOT = pytest.StashKey["Bot"]()


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers", "machine(plugins, settings, now): what the bot of this test is made of, and when the test begins"
    )


@pytest.fixture
def machine_plugins() -> Iterable[PluginChoice] | None:
    """The plugins of the bot under test: classes, dotted names or files. To be overridden."""
    return None


@pytest.fixture
def machine_settings() -> Mapping[str, Any]:
    """Settings of the bot under test. To be overridden; `local_settings.py` and `SM_*` are not read."""
    return {}


@pytest.fixture
def machine_clock(request: pytest.FixtureRequest) -> Clock:
    """The time in the test: `now` of the marker, or the present; it stands still."""
    from machine.testing.plugin_selection import Marked  # noqa: PLC0415 - see above
    from machine.time.clock import Clock  # noqa: PLC0415

    return Clock(Marked.of(request).now)


@pytest.fixture
def machine_workspace() -> Workspace | Path | str | None:
    """The workspace: a `workspace.toml`, or a `Workspace` made with `clock=machine_clock`. To be overridden.

    `None` is the default workspace: alice, bob, carol and dave; #general, #random, #ops and the private #secret.
    """
    return None


@_async_fixture
async def machine_bot(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    machine_plugins: Iterable[PluginChoice] | None,
    machine_settings: Mapping[str, Any],
    machine_workspace: Workspace | Path | str | None,
    machine_clock: Clock,
) -> AsyncIterator[Bot]:
    """A bot with the plugins of this test, running in a workspace of its own; see `machine.testing.Bot`."""
    from machine.testing.bot import Bot  # noqa: PLC0415 - see above
    from machine.testing.plugin_selection import Marked, chosen_plugins, merged  # noqa: PLC0415

    marked = Marked.of(request)
    choices = machine_plugins if marked.plugins is None else marked.plugins
    if choices is None:
        raise pytest.UsageError(
            "No plugins are chosen for the bot. Override the fixture machine_plugins, or mark the test: "
            "@pytest.mark.machine(plugins=[MyPlugin]). An empty list is fine."
        )
    classes, names = chosen_plugins(choices, request.config.rootpath, request.path.parent)
    bot = Bot(
        workspace=_workspace(machine_workspace, machine_clock, request.config.rootpath),
        clock=machine_clock,
        project=tmp_path,
        plugins=classes,
        settings=merged({"PLUGINS": names, **machine_settings}, marked.settings),
    )
    async with bot:
        request.node.stash[_BOT] = bot
        yield bot


@pytest.fixture
def bot(machine_bot: Bot) -> Bot:
    """The same as `machine_bot`, for projects that have no fixture of this name themselves."""
    return machine_bot


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Fail a test that has passed, but in which a handler failed."""
    result = yield
    bot = pyfuncitem.stash.get(_BOT, None)
    if bot is not None:
        bot.check()
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what was said and what the bot did, where a test failed."""
    report = yield
    bot = item.stash.get(_BOT, None)
    if bot is not None and report.failed and call.when == "call":
        from machine.testing.report import sections  # noqa: PLC0415 - see above

        report.sections += sections(bot)
    return report


def _workspace(given: Workspace | Path | str | None, clock: Clock, root: Path) -> Workspace:
    from machine.sandbox import Workspace  # noqa: PLC0415 - see above
    from machine.testing.plugin_selection import default_description  # noqa: PLC0415

    if isinstance(given, Workspace):
        return given
    if given is None:
        return Workspace(default_description(), clock=clock)
    return Workspace.from_toml(root / given, clock=clock)
