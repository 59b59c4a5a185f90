"""Stored values, by plugin."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.pilot import Pilot

from machine_console.panes.storage.pane import StoragePane
from machine_console.panes.storage.stored_values import StoredValue
from tests.console.story import THEMES, VALUES, PaneHost

pytestmark = pytest.mark.slow


class Host(PaneHost):
    """Keeps what the pane asks for."""

    def on_storage_pane_refresh_requested(self, event: StoragePane.RefreshRequested) -> None:
        self.intents.append(event)


class Hostile:
    """A value whose class has a mistake in it."""

    def __repr__(self) -> str:
        raise RuntimeError("no")


async def test_values_unfold() -> None:
    """A dictionary is looked into like a payload."""
    pane = StoragePane()
    async with Host(pane).run_test() as pilot:
        pane.show(VALUES)
        await pilot.press("down", "down", "enter")

        assert 'by  "bob"' in pane.main().text()


async def test_r_asks_for_the_values_anew() -> None:
    """Expired keys go, others come."""
    host = Host(StoragePane())
    async with host.run_test() as pilot:
        await pilot.press("r")

        assert isinstance(host.intents[-1], StoragePane.RefreshRequested)


async def test_a_value_that_cannot_be_shown_says_so() -> None:
    """A broken repr must not break the pane."""
    pane = StoragePane()
    async with Host(pane).run_test() as pilot:
        circle: list[object] = [Hostile()]
        circle.append(circle)
        stored = {"bad": Hostile(), "circle": circle, "token": "xoxb-1-2-abc"}
        pane.show([StoredValue("p.P", key, value, 3) for key, value in stored.items()])
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
    pane = StoragePane()

    async def before(_pilot: Pilot[None]) -> None:
        pane.show(values, 359)

    assert snap_compare(PaneHost(pane, theme), terminal_size=size, run_before=before)
