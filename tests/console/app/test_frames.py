"""How often the console draws, and how it ends: what depends on how Textual calls handlers."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual import events
from textual.timer import Timer

import machine_console
from machine_console.app.application import FRAMES_PER_SECOND, MachineApp
from machine_console.panes.events.pane import EventsPane
from tests.console.app.test_application import until
from tests.console.story import ToldSession, message, received

SOURCES = sorted(Path(machine_console.__file__).parent.rglob("*.py"))


async def test_one_timer_draws_the_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    """A handler that Textual calls for each class, and that calls its super as well, would start a second one."""
    ticks: Counter[Timer] = Counter()
    frames, synced = 0, 0
    tick, frame, sync = Timer._tick, MachineApp.frame, EventsPane.sync

    async def counted_tick(self: Timer, *, next_timer: float, count: int) -> None:
        if getattr(self._callback, "__name__", "") == "frame":
            ticks[self] += 1
            assert self._interval == 1 / FRAMES_PER_SECOND
        await tick(self, next_timer=next_timer, count=count)

    def counted_frame(self: MachineApp) -> None:
        nonlocal frames
        frames += 1
        frame(self)

    counted_frame.__name__ = "frame"

    def counted_sync(self: EventsPane) -> None:
        nonlocal synced
        synced += 1
        sync(self)

    monkeypatch.setattr(Timer, "_tick", counted_tick)
    monkeypatch.setattr(MachineApp, "frame", counted_frame)
    monkeypatch.setattr(EventsPane, "sync", counted_sync)
    app = MachineApp(ToldSession())
    async with app.run_test() as pilot:
        await until(pilot, lambda: frames >= 5)

        (ticked,) = ticks.values()
        assert 0 <= ticked - frames <= 1  # the last one may not have been taken out of the queue yet
        assert synced == frames


async def test_a_frame_costs_nothing_while_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twelve times a second, panes ask for versions and leave it at that."""
    session = ToldSession()
    app = MachineApp(session)
    async with app.run_test() as pilot:
        await pilot.pause()
        app.frame()
        drawn = 0

        def count() -> None:
            nonlocal drawn
            drawn += 1

        monkeypatch.setattr(app.events_pane.main(), "sync", count)
        app.frame()
        app.frame()
        assert drawn == 0

        for record in received(message("new", "something new"), 0):
            session.history.record(record)
        app.frame()
        app.frame()
        assert drawn == 1


async def test_while_much_arrives_three_frames_of_four_are_left_out() -> None:
    """Nobody reads as fast as that, and the bot has the time."""
    session = ToldSession()
    app = MachineApp(session)
    synced: list[int] = []
    async with app.run_test() as pilot:
        await pilot.pause()
        app.frame()
        for number in range(8):
            for position in range(50):
                for record in received(message(f"e{number}-{position}", "much"), number):
                    session.history.record(record)
            app.frame()
            if app._seen_version == session.history.version:
                synced.append(number)

    assert synced == [3, 7]


async def test_a_focus_told_of_after_the_screens_are_gone_does_no_harm() -> None:
    """The application ends, and messages that were on their way still arrive."""
    app = MachineApp(ToldSession())
    async with app.run_test() as pilot:
        await pilot.pause()
        focused = app.events_pane.main()
    assert not app.screen_stack

    app.grid.on_descendant_focus()
    app.post_message(events.DescendantFocus(focused))


def handlers_called_of_bases(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if (
            isinstance(node, ast.Attribute)
            and node.attr.startswith("on_")
            and isinstance(node.value, ast.Call)
            and isinstance(node.value.func, ast.Name)
            and node.value.func.id == "super"
        ):
            yield f"{path}:{node.lineno}: super().{node.attr}"


def test_no_handler_calls_that_of_its_base_class() -> None:
    """Textual calls the handlers of all classes itself, so it would run twice."""
    assert [found for path in SOURCES for found in handlers_called_of_bases(path)] == []
