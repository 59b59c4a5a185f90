"""The plugins: failures first."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.pilot import Pilot

from machine_console.panes.plugins.pane import PluginsPane
from tests.console.story import FAILURES, JOBS, PLUGINS, THEMES, PaneHost

pytestmark = pytest.mark.slow


async def test_a_failure_comes_first_with_its_line_and_what_still_runs() -> None:
    """It is what somebody has to do something about."""
    pane = PluginsPane()
    async with PaneHost(pane).run_test(size=(100, 30)) as pilot:
        pane.show(PLUGINS, FAILURES, JOBS)
        await pilot.pause()

        rows = pane.main().text().splitlines()
        assert "plugins.greeter  failed to import  the old version is still live" in rows[0]
        assert "plugins/greeter.py:7" in rows[1]
        assert "2 live, 1 failed" in str(pane.border_title)


async def test_handlers_and_jobs_are_listed() -> None:
    """What a plugin listens to, as its decorators read."""
    pane = PluginsPane()
    async with PaneHost(pane).run_test(size=(100, 30)) as pilot:
        pane.show(PLUGINS, [], JOBS)
        await pilot.pause()

        text = pane.main().text()
        assert 'deploy  command("/deploy")  plugins/deploys.py:18' in text
        assert "Deploys.remind  next Thu 05 Mar 09:00:00" in text


@THEMES
@pytest.mark.parametrize("size", [(80, 24), (160, 45)], ids=["80x24", "160x45"])
@pytest.mark.parametrize("is_empty", [False, True], ids=["filled", "empty"])
def test_looks_right(snap_compare: Callable[..., bool], theme: str, size: tuple[int, int], is_empty: bool) -> None:
    """The picture was looked at."""
    pane = PluginsPane()

    async def before(_pilot: Pilot[None]) -> None:
        if not is_empty:
            pane.show(PLUGINS, FAILURES, JOBS)

    assert snap_compare(PaneHost(pane, theme), terminal_size=size, run_before=before)
