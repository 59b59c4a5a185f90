"""The plugins: failures first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from machine_console.panes.plugins.pane import PluginsPane
from tests.console.story import THEMES, PaneHost, ToldSession, told_session

pytestmark = pytest.mark.slow


async def test_a_failure_comes_first_with_its_line_and_what_still_runs() -> None:
    """It is what somebody has to do something about."""
    pane = PluginsPane(told_session())
    async with PaneHost(pane).run_test(size=(100, 30)) as pilot:
        await pilot.pause()

        rows = pane.main().text().splitlines()
        assert "plugins.greeter  failed to import  the old version is still live" in rows[0]
        assert "plugins/greeter.py:7" in rows[1]
        assert "2 live, 1 failed" in str(pane.border_title)


async def test_handlers_and_jobs_are_listed() -> None:
    """What a plugin listens to, as its decorators read."""
    pane = PluginsPane(told_session(failures_told=()))
    async with PaneHost(pane).run_test(size=(100, 30)) as pilot:
        await pilot.pause()

        text = pane.main().text()
        assert 'deploy  command("/deploy")  plugins/deploys.py:18' in text
        assert "Deploys.remind  next Thu 05 Mar 09:00:00" in text


async def test_o_switches_the_plugin_and_n_runs_the_job_under_the_cursor() -> None:
    """In the bot, whichever process that is in."""
    session = told_session()
    pane = PluginsPane(session)
    host = PaneHost(pane)
    async with host.run_test(size=(100, 30)) as pilot:
        pane.reveal("plugins.deploys.Deploys")
        await pilot.press("n", "o")
        session.plugins_told = [replace(one, is_off=True) for one in session.plugins_told]
        await pilot.press("o")
        pane.reveal("jobs", "Deploys.remind")
        await pilot.press("o", "n")
        await host.workers.wait_for_complete()

    assert session.asked == [
        ("disable", "plugins.deploys.Deploys"),
        ("enable", "plugins.deploys.Deploys"),
        ("run", ""),
    ]


async def test_what_handlers_did_is_shown_when_they_have_run() -> None:
    """Not for each call, and not while nobody looks; a plugin that came is shown at once."""
    session = ToldSession()
    pane = PluginsPane(session)
    async with PaneHost(pane).run_test(size=(100, 30)) as pilot:
        session.plugins_told = told_session().plugins_told
        session.calls_version += 1
        pane.sync()
        assert "No plugins are loaded" in pane.main().text()

        session.plugins_version += 1
        pane.sync()
        await pilot.pause()
        assert "2 live" in str(pane.border_title)


@THEMES
@pytest.mark.parametrize("size", [(80, 24), (160, 45)], ids=["80x24", "160x45"])
@pytest.mark.parametrize("is_empty", [False, True], ids=["filled", "empty"])
def test_looks_right(snap_compare: Callable[..., bool], theme: str, size: tuple[int, int], is_empty: bool) -> None:
    """The picture was looked at."""
    pane = PluginsPane(ToldSession() if is_empty else told_session())
    assert snap_compare(PaneHost(pane, theme), terminal_size=size)
