"""Log lines, newest last."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from machine.trace import LogWritten
from machine_console.panes.logs.pane import LogsPane
from machine_console.screens.text_viewer import ReadingScreen
from tests.console.story import THEMES, PaneHost, ToldSession, at, told_session

pytestmark = pytest.mark.slow


def logged() -> ToldSession:
    """The story, and a line of each level."""
    session = told_session()
    for position, level in enumerate(("debug", "info", "warning", "error", "critical")):
        fields = {"attempt": position, "token": "xoxb-1-2-abc"}
        session.history.record(
            LogWritten(at=at(70_000 + position), level=level, logger="plugins.x", message=f"At {level}", fields=fields)
        )
    return session


async def test_enter_opens_the_line() -> None:
    """A long line is cut in the list; the app shows all of it, or the event it belongs to."""
    host = PaneHost(LogsPane(logged()))
    async with host.run_test() as pilot:
        await pilot.press("home", "enter")

        opened = host.posted[-1]
        assert isinstance(opened, LogsPane.EventOpened)
        assert opened.event.envelope.id == "e1"

        await pilot.press("end", "enter")
        assert isinstance(host.screen, ReadingScreen)


async def test_a_filter_is_applied_before_the_list_has_any_room() -> None:
    """As where the window is too low for it, or another pane has all of it."""
    pane = LogsPane(logged())
    pane.styles.display = "none"
    async with PaneHost(pane).run_test():
        assert pane.main().size.height == 0
        pane.set_filter("level:critical")

        assert [record.message for record in pane.selected()] == ["At critical"]


async def test_lines_are_marked_to_take_them_along() -> None:
    """Without marks, what is exported is all that is shown, and what is copied is the line under the cursor."""
    pane = LogsPane(logged())
    host = PaneHost(pane)
    async with host.run_test() as pilot:
        everything = len(pane.selected())
        await pilot.press("home", "y")
        first = copied(host)
        await pilot.press("end", "up", "up", "m", "space", "y")
        marked = [record.message for record in pane.selected()]
        assert "2 marked" in str(pane.border_title)
        await pilot.press("escape")

        assert everything == len(pane.selected()) == 7
        assert first == ["Pinged"]
        assert marked == copied(host) == ["At warning", "At error"]


def copied(app: PaneHost) -> list[str]:
    """What is in the clipboard."""
    return [record["message"] for record in json.loads(app.clipboard)]


async def test_secrets_in_fields_are_not_shown() -> None:
    """Log lines are redacted where they are written; the pane does not rely on it."""
    pane = LogsPane(logged())
    async with PaneHost(pane).run_test(size=(100, 20)):
        assert "xoxb-…redacted" in pane.main().text()
        assert "1-2-abc" not in pane.main().text()


@THEMES
@pytest.mark.parametrize("size", [(80, 24), (160, 45)], ids=["80x24", "160x45"])
@pytest.mark.parametrize("is_empty", [False, True], ids=["filled", "empty"])
def test_looks_right(snap_compare: Callable[..., bool], theme: str, size: tuple[int, int], is_empty: bool) -> None:
    """The picture was looked at."""
    assert snap_compare(PaneHost(LogsPane(ToldSession() if is_empty else logged()), theme), terminal_size=size)


async def test_w_shows_warnings_then_errors_then_everything() -> None:
    """Most often the level is all one filters by."""
    pane = LogsPane(told_session())
    async with PaneHost(pane).run_test(size=(100, 12)) as pilot:
        await pilot.press("w")
        await pilot.pause()
        assert "Pinged" not in pane.main().text()
        assert "A handler failed" in pane.main().text()
        assert "1 of 2 lines" in str(pane.border_title)

        await pilot.press("w", "w")
        await pilot.pause()
        assert "Pinged" in pane.main().text()


async def test_a_typed_filter_applies_at_once() -> None:
    """As in the list of events."""
    pane = LogsPane(told_session())
    async with PaneHost(pane).run_test(size=(100, 12)) as pilot:
        await pilot.press("slash", *"plugin:ping", "enter")
        await pilot.pause()

        assert pane.main().text().count("\n") == 0
        assert "Pinged" in pane.main().text()
