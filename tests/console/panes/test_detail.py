"""The detail of an event: foldable, and up to date while handlers run."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.pilot import Pilot

from console.history import EventTrace, History
from console.panes.detail import DetailPane
from tests.console.story import Names, PaneHost, handled_ping, told_history


class Host(PaneHost):
    """Keeps what the pane asks for."""

    def on_detail_pane_left(self, event: DetailPane.Left) -> None:
        self.intents.append(event)


def pane_and_event(number: int = 0) -> tuple[DetailPane, EventTrace]:
    return DetailPane(Names()), told_history().events[number]


async def test_the_payload_is_folded_until_asked_for() -> None:
    """It is long, and rarely the question."""
    pane, event = pane_and_event()
    async with Host(pane).run_test(size=(80, 40)) as pilot:
        pane.show(event)
        await pilot.press("end")
        assert '"ping, are you there?"' not in pane.main().text()

        await pilot.press("enter", "down", "down", "down", "down", "right")
        assert '"ping, are you there?"' in pane.main().text()

        await pilot.press("left", "left", "left")
        assert '"ping, are you there?"' not in pane.main().text()


async def test_what_was_unfolded_stays_so_when_more_happens() -> None:
    """Reading while the handler goes on."""
    history = History()
    records = list(handled_ping())
    for record in records[:-1]:
        history.record(record)
    pane = DetailPane(Names())
    async with Host(pane).run_test(size=(80, 40)) as pilot:
        assert history.last is not None
        pane.show(history.last)
        await pilot.press("end", "enter")
        history.record(records[-1])
        pane.sync()
        await pilot.pause()

        assert "▾ Payload" in pane.main().text()
        assert "✓ PingPongPlugin" in pane.main().text()


async def test_escape_asks_to_go_back() -> None:
    """From an event to the list."""
    pane, event = pane_and_event()
    host = Host(pane)
    async with host.run_test() as pilot:
        pane.show(event)
        await pilot.press("escape")

        assert isinstance(host.intents[-1], DetailPane.Left)


async def test_long_lines_wrap_to_the_width() -> None:
    """A traceback can be read to its end in a small window."""
    pane, event = pane_and_event(3)
    async with Host(pane).run_test(size=(40, 40)) as pilot:
        pane.show(event)
        await pilot.pause()

        rows = pane.main().text().splitlines()
        assert max(map(len, rows)) <= 38
        assert any("~~~~~~~~^^^^" in row for row in rows)


def shown(number: int) -> tuple[DetailPane, Callable[[Pilot[None]], None]]:
    pane, event = pane_and_event(number)

    def run_before(_pilot: Pilot[None]) -> None:
        pane.show(event)

    return pane, run_before


@pytest.mark.parametrize("size", [(80, 24), (160, 45)])
@pytest.mark.parametrize("number", [0, 3], ids=["handled", "failed"])
def test_looks_right(snap_compare: Callable[..., bool], size: tuple[int, int], number: int) -> None:
    """The picture was looked at."""
    pane, run_before = shown(number)

    async def before(pilot: Pilot[None]) -> None:
        run_before(pilot)

    assert snap_compare(PaneHost(pane), terminal_size=size, run_before=before)


def test_an_empty_detail_says_what_to_do(snap_compare: Callable[..., bool]) -> None:
    """The picture was looked at."""
    assert snap_compare(PaneHost(DetailPane(Names())), terminal_size=(80, 24))
