"""The detail of an event: foldable, and up to date while handlers run."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from textual.pilot import Pilot

from machine_console.history.history import EventTrace, History
from machine_console.panes.events.detail import DetailPane
from machine_console.widgets.document_view import DocumentView
from tests.console.story import DEPLOY, THEMES, PaneHost, ToldSession, handled_ping, told_session

pytestmark = pytest.mark.slow


class Host(PaneHost):
    """Keeps what is to be copied as well."""

    def on_document_view_copy_requested(self, event: DocumentView.CopyRequested) -> None:
        self.posted.append(event)


def pane_and_event(number: int = 0) -> tuple[DetailPane, EventTrace]:
    session = told_session()
    return DetailPane(session), session.history.events[number]


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
    pane = DetailPane(ToldSession())
    async with Host(pane).run_test(size=(80, 40)) as pilot:
        assert history.last is not None
        pane.show(history.last)
        await pilot.press("end", "enter")
        history.record(records[-1])
        pane.sync()
        await pilot.pause()

        assert "▾ Payload" in pane.main().text()
        assert "✓ PingPongPlugin" in pane.main().text()


async def test_the_cursor_stays_on_what_it_points_at_in_another_width() -> None:
    """Other lines are wrapped then, and the exception that somebody was led to must not be somewhere else."""
    pane, event = pane_and_event(3)
    async with Host(pane).run_test(size=(160, 45)) as pilot:
        pane.show(event)
        pane.go_to_error()
        document = pane.main()
        before = document.path_at(document.cursor)

        for size in ((40, 12), (20, 5), (100, 8)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            assert document.path_at(document.cursor) == before
            assert document.top <= document.cursor < document.top + document.size.height


async def test_an_error_that_is_gone_to_while_the_pane_is_hidden_is_what_it_then_shows() -> None:
    """As F9 does: where there is no room for several panes, the detail has no width until it is looked at."""
    pane, event = pane_and_event(3)
    pane.display = False
    async with Host(pane).run_test(size=(80, 24)) as pilot:
        pane.show(event)
        pane.go_to_error()
        pane.display = True
        await pilot.pause()

        document = pane.main()
        assert document.path_at(document.cursor)[-1] == "error"
        assert document.top <= document.cursor < document.top + document.size.height


async def test_escape_asks_to_go_back() -> None:
    """From an event to the list."""
    pane, event = pane_and_event()
    host = Host(pane)
    async with host.run_test() as pilot:
        pane.show(event)
        await pilot.press("escape")

        assert isinstance(host.posted[-1], DetailPane.Left)


async def test_long_lines_wrap_to_the_width() -> None:
    """A traceback can be read to its end in a small window."""
    pane, event = pane_and_event(3)
    async with Host(pane).run_test(size=(48, 40)) as pilot:
        pane.show(event)
        pane.main().reveal(("run0", "error", "traceback"))
        await pilot.press("right")

        rows = pane.main().text().splitlines()
        assert max(map(len, rows)) <= 46
        assert any("~~~~~~~~^^^^" in row for row in rows)


def shown(number: int) -> tuple[DetailPane, Callable[[Pilot[None]], None]]:
    pane, event = pane_and_event(number)

    def run_before(_pilot: Pilot[None]) -> None:
        pane.show(event)

    return pane, run_before


@THEMES
@pytest.mark.parametrize("size", [(80, 24), (160, 45)], ids=["80x24", "160x45"])
@pytest.mark.parametrize("number", [0, 3], ids=["handled", "failed"])
def test_looks_right(snap_compare: Callable[..., bool], theme: str, size: tuple[int, int], number: int) -> None:
    """The picture was looked at."""
    pane, run_before = shown(number)

    async def before(pilot: Pilot[None]) -> None:
        run_before(pilot)

    assert snap_compare(PaneHost(pane, theme), terminal_size=size, run_before=before)


def test_an_empty_detail_says_what_to_do(snap_compare: Callable[..., bool]) -> None:
    """The picture was looked at."""
    assert snap_compare(PaneHost(DetailPane(ToldSession())), terminal_size=(80, 24))


async def test_each_thing_has_its_place_on_the_time_axis() -> None:
    """What took how long, and what waited for what, at a glance."""
    pane, event = pane_and_event(3)
    async with Host(pane).run_test(size=(100, 40)) as pilot:
        pane.show(event)
        await pilot.pause()

        rows = pane.main().text().splitlines()
        scale = next(row for row in rows if "1 handler ran" in row)
        handler = next(row for row in rows if "Deploys.deploy  117 ms  at 3.0 ms" in row)
        call = next(row for row in rows if "chat.postMessage" in row)
        assert scale.rstrip().endswith("120 ms")
        assert len({len(row.rstrip()) for row in (scale, handler)}) == 1
        assert 0 < call.count("━") < handler.count("━") <= scale.count("·") + 10


async def test_a_failure_shows_its_source_and_variables() -> None:
    """Most often one look at them is enough."""
    pane, event = pane_and_event(3)
    async with Host(pane).run_test(size=(100, 40)) as pilot:
        pane.show(event)
        await pilot.pause()

        text = pane.main().text()
        assert "→   21         version = versions[service]" in text
        assert "service = 'api'" in text


async def test_find_looks_into_what_is_folded() -> None:
    """The payload is folded, and what one looks for is most often in it."""
    pane, event = pane_and_event()
    async with Host(pane).run_test(size=(80, 40)) as pilot:
        pane.show(event)
        await pilot.press("slash", *"TEAM_ID")
        await pilot.pause()
        assert 'team_id  "T1"' in pane.main().text()

        await pilot.press("enter", "escape", "slash", *"ping")
        await pilot.pause()
        first = pane.main().cursor
        await pilot.press("enter", "n")
        assert pane.main().cursor != first
        await pilot.press("N")
        assert pane.main().cursor == first


async def test_copying_a_payload_copies_all_of_it_as_json() -> None:
    """To paste it into an issue, or into a test."""
    pane, event = pane_and_event()
    host = Host(pane)
    async with host.run_test(size=(80, 40)) as pilot:
        pane.show(event)
        await pilot.press("end", "y")

        (copied,) = host.posted
        assert isinstance(copied, DocumentView.CopyRequested)
        assert json.loads(copied.text) == event.envelope.payload


async def test_the_source_of_a_row_is_that_of_its_handler_or_of_the_line_that_failed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One key from what happened to where it is written, and one to the plugin that it is in."""
    monkeypatch.setenv("EDITOR", "true")
    session = told_session()
    pane = DetailPane(session)
    host = Host(pane)
    async with host.run_test(size=(100, 40)) as pilot:
        pane.show(session.history.events[3])
        pane.main().reveal(("run0", "deed0"))
        await pilot.press("o", "P")
        pane.main().reveal(("run0", "error", "frame0", "variables"))
        await pilot.press("o")
        await host.workers.wait_for_complete()
        await pilot.pause()

        assert session.asked == [DEPLOY]
        told, opened, editor = host.posted
        assert isinstance(told, DetailPane.Told)
        assert told.text == f"{DEPLOY} is not loaded any more."
        assert isinstance(opened, DetailPane.PluginOpened)
        assert opened.plugin == DEPLOY.rpartition(".")[0]
        assert isinstance(editor, DetailPane.Told)
        assert editor.text.endswith("The place is plugins/deploys.py:21.")
