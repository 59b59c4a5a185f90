"""Stored values, by plugin."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.pilot import Pilot

from machine_console.panes.storage.pane import StoragePane
from machine_console.session.stored_values import StoredValue
from tests.console.story import THEMES, VALUES, PaneHost, told_session

pytestmark = pytest.mark.slow


class Hostile:
    """A value whose class has a mistake in it."""

    def __repr__(self) -> str:
        raise RuntimeError("no")


async def test_values_unfold() -> None:
    """A dictionary is looked into like a payload."""
    pane = StoragePane(told_session())
    host = PaneHost(pane)
    async with host.run_test() as pilot:
        await host.workers.wait_for_complete()
        await pilot.press("down", "down", "enter")

        assert 'by  "bob"' in pane.main().text()


async def test_r_asks_for_the_values_anew() -> None:
    """Expired keys go, others come."""
    session = told_session()
    pane = StoragePane(session)
    host = PaneHost(pane)
    async with host.run_test() as pilot:
        await host.workers.wait_for_complete()
        session.values = ()
        await pilot.press("r")
        await host.workers.wait_for_complete()

        assert "Nothing is stored yet" in pane.main().text()


async def test_a_value_that_cannot_be_shown_says_so() -> None:
    """A broken repr must not break the pane."""
    circle: list[object] = [Hostile()]
    circle.append(circle)
    stored = {"bad": Hostile(), "circle": circle, "token": "xoxb-1-2-abc"}
    values = [StoredValue("p.P", key, value, 3) for key, value in stored.items()]
    pane = StoragePane(told_session(values=values))
    host = PaneHost(pane)
    async with host.run_test() as pilot:
        await host.workers.wait_for_complete()
        await pilot.press("down", "down", "enter")

        assert pane.main().text().count("its repr raised RuntimeError") == 2
        assert "xoxb-…redacted" in pane.main().text()


@THEMES
@pytest.mark.parametrize("size", [(80, 24), (160, 45)], ids=["80x24", "160x45"])
@pytest.mark.parametrize("values", [VALUES, []], ids=["filled", "empty"])
def test_looks_right(
    snap_compare: Callable[..., bool], theme: str, size: tuple[int, int], values: list[StoredValue]
) -> None:
    """The picture was looked at."""
    host = PaneHost(StoragePane(told_session(values=values)), theme)

    async def before(pilot: Pilot[None]) -> None:
        await host.workers.wait_for_complete()
        await pilot.pause()

    assert snap_compare(host, terminal_size=size, run_before=before)
