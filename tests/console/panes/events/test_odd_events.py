"""Text and payloads that nobody is kind enough not to send, in the panes that show them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rich.cells import cell_len
from textual.app import App
from textual.pilot import Pilot

from machine.trace import EnvelopeReceived, LogWritten
from machine_console.history.history import History
from machine_console.panes.base import Pane
from machine_console.panes.chat.pane import ChatPane
from machine_console.panes.events.detail import DetailPane
from machine_console.panes.events.pane import EventsPane
from machine_console.panes.logs.pane import LogsPane
from tests.console.story import PaneHost, ToldSession, at, message
from tests.waiting import Waiter

pytestmark = pytest.mark.slow

ODD = {
    "escape sequences": "\x1b[2J\x1b]0;owned\x07\x9b31m gone\x00\x08\x7f",
    "line breaks": "one\r\ntwo\u2028three\x0bfour",
    "right to left": "\u202e\u05e1\u05d5\u05e3\u202c \u05e9\u05dc\u05d5\u05dd \u200f123",
    "double width": "日本語のテキスト 👩‍👩‍👧‍👦 🏳️‍🌈 Z\u0335\u0321a\u0328l\u0334go",
    "half characters": "\ud83d lonely \udc00",
    "markup": "[bold red]not[/] {0} %s <@U1|x> &lt;b&gt;",
}

OBEYED = {chr(code) for code in (*range(32), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A))}
"""Control characters, and those that turn the direction of what follows them."""


def told(text: str) -> History:
    """A history with one message, and a line of log, of this text."""
    history = History()
    envelope = message("odd", text, metadata={"key\x1b[0m": text})
    history.record(EnvelopeReceived(at=at(0), envelope=envelope, envelope_id=envelope.id))
    history.record(LogWritten(at=at(1), level="info", logger=text[:20], message=text, fields={"text": text}))
    return history


def panes(history: History) -> list[tuple[Pane, Callable[[], None]]]:
    """Panes, and what has them show the history."""
    session = ToldSession(history)
    detail = DetailPane(session)
    return [
        (EventsPane(session), lambda: None),
        (detail, lambda: detail.show(history.events[0])),
        (LogsPane(session), lambda: None),
    ]


async def drawn(app: App[None], pilot: Pilot[None]) -> list[str]:
    """The lines on the screen."""
    await pilot.pause()
    return ["".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips()]


@pytest.mark.parametrize("text", ODD.values(), ids=list(ODD))
@pytest.mark.parametrize("place", range(3), ids=["events", "detail", "logs"])
async def test_nothing_reaches_the_terminal_that_it_would_obey(text: str, place: int) -> None:
    """And every line is as wide as the terminal, so that nothing is out of place."""
    pane, show = panes(told(text))[place]
    app = PaneHost(pane)
    async with app.run_test(size=(60, 20)) as pilot:
        show()
        lines = await drawn(app, pilot)

    assert {cell_len(line) for line in lines} == {60}
    assert not [character for line in lines for character in line if character in OBEYED]


async def test_a_payload_of_ten_megabytes_can_be_looked_at() -> None:
    """It is folded, so what is not seen costs nothing."""
    envelope = message("big", "big", blocks=[{"type": "section", "text": "x" * 1_000} for _ in range(10_000)])
    history = History()
    history.record(EnvelopeReceived(at=at(0), envelope=envelope, envelope_id=envelope.id))
    pane = DetailPane(ToldSession(history))
    app = PaneHost(pane)
    async with app.run_test(size=(80, 24)) as pilot:
        pane.show(history.events[0])
        await pilot.press("end", "enter", "end")
        await pilot.pause()

        assert "Payload" in pane.main().text()


async def test_ten_thousand_lines_leave_the_log_answering() -> None:
    """Keys count while they come, and the newest line is seen."""
    history = History()
    pane = LogsPane(ToldSession(history))
    app, waiter = PaneHost(pane), Waiter()
    async with app.run_test(size=(80, 12)) as pilot:
        for number in range(10_000):
            history.record(LogWritten(level="info", logger="x", message=f"line {number}", fields={}))
        pane.main().redraw()
        await pilot.pause()
        assert "line 9999" in "\n".join(await drawn(app, pilot))
        await pilot.press("home")
        waiter.notify()
        assert "line 0 " in "\n".join(await drawn(app, pilot)) + " "


@pytest.mark.parametrize("size", [(80, 24), (20, 5)])
async def test_the_console_does_without_colours(monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]) -> None:
    """NO_COLOR is a wish that programs respect."""
    monkeypatch.setenv("NO_COLOR", "1")
    pane = ChatPane(ToldSession())
    app = PaneHost(pane)
    async with app.run_test(size=size) as pilot:
        await pilot.resize_terminal(20, 5)
        await pilot.resize_terminal(80, 24)
        styles = [
            segment.style for strip in app.screen._compositor.render_strips() for segment in strip if segment.style
        ]

    colours = {style.color.get_truecolor() for style in styles if style.color is not None}
    assert all(colour.red == colour.green == colour.blue for colour in colours)
