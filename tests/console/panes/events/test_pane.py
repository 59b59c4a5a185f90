"""The list of events: live, bounded, and still where one scrolled to."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.events import MouseScrollUp
from textual.pilot import Pilot
from textual.widgets import Input, Static

from machine_console.history.history import History
from machine_console.panes.events.pane import EventsPane
from machine_console.widgets.line_list import LinesView
from tests.console.story import (
    THEMES,
    PaneHost,
    ToldSession,
    handled_ping,
    message,
    received,
    told_history,
    told_session,
)

pytestmark = pytest.mark.slow


class Host(PaneHost):
    """Keeps which event is pointed at as well."""

    def on_events_pane_event_highlighted(self, event: EventsPane.EventHighlighted) -> None:
        self.posted.append(event)


def many(history: History, first: int, last: int) -> None:
    """Let people write."""
    for number in range(first, last):
        for record in received(message(f"m{number}", f"message {number}"), number * 10):
            history.record(record)


def wheel_up(widget: LinesView) -> MouseScrollUp:
    """One notch of the wheel."""
    return MouseScrollUp(widget, 5, 5, 0, 0, 0, shift=False, meta=False, ctrl=False)


async def test_the_newest_event_comes_last_and_in_view() -> None:
    """One watches the bot without touching a key."""
    history = History()
    pane = EventsPane(ToldSession(history))
    async with Host(pane).run_test(size=(80, 12)) as pilot:
        many(history, 0, 50)
        pane.sync()
        await pilot.pause()

        assert pane.main().text().splitlines()[-1].rstrip().endswith("message 49")
        assert pane.main().is_following


async def test_scrolling_up_stays_there_while_events_arrive() -> None:
    """Reading must not be torn away."""
    history = History()
    pane = EventsPane(ToldSession(history))
    async with Host(pane).run_test(size=(80, 12)) as pilot:
        many(history, 0, 50)
        pane.sync()
        await pilot.press("pageup", "up")
        shown = pane.main().text()
        many(history, 50, 90)
        pane.sync()
        await pilot.pause()

        assert pane.main().text() == shown
        assert "paused" in str(pane.border_title)

        await pilot.press("end")
        assert pane.main().text().splitlines()[-1].rstrip().endswith("message 89")


async def test_what_is_read_stays_also_when_old_events_are_forgotten() -> None:
    """The ring moves on underneath."""
    history = History(limit=60)
    pane = EventsPane(ToldSession(history))
    async with Host(pane).run_test(size=(80, 12)) as pilot:
        many(history, 0, 60)
        pane.sync()
        await pilot.press("pageup", "up")
        shown = pane.main().text()
        many(history, 60, 80)
        pane.sync()
        await pilot.pause()

        assert pane.main().text() == shown
        assert "20 older ones forgotten" in str(pane.border_title)


async def test_following_points_at_what_people_did() -> None:
    """The bot's own messages follow each answer; the event worth a look is the one that caused them."""
    history = told_history()
    for record in received(message("own", "pong", user="U9", bot_id="B1"), 70_000):
        history.record(record)
    host = Host(EventsPane(ToldSession(history)))
    async with host.run_test(size=(80, 12)) as pilot:
        host.pane.main().sync()  # type: ignore[attr-defined]  # an EventList
        await pilot.pause()

        highlighted = host.posted[-1]
        assert isinstance(highlighted, EventsPane.EventHighlighted)
        assert highlighted.event.envelope.id == "e4"


@pytest.mark.parametrize("key", ["k", "up"])
async def test_arrows_and_vim_keys_move_and_enter_opens(key: str) -> None:
    """Either habit works."""
    host = Host(EventsPane(told_session()))
    async with host.run_test(size=(80, 12)) as pilot:
        await pilot.press(key, key, key, "enter")

        opened = host.posted[-1]
        assert isinstance(opened, EventsPane.EventOpened)
        assert opened.event.envelope.id == "e1"


async def test_a_click_opens_an_event() -> None:
    """The mouse works everywhere."""
    host = Host(EventsPane(told_session()))
    async with host.run_test(size=(80, 12)) as pilot:
        await pilot.click(LinesView, offset=(10, 0))

        opened = host.posted[-1]
        assert isinstance(opened, EventsPane.EventOpened)
        assert opened.event.envelope.id == "e1"


async def test_the_wheel_scrolls_and_ends_following() -> None:
    """As in any list."""
    history = History()
    pane = EventsPane(ToldSession(history))
    async with Host(pane).run_test(size=(80, 12)) as pilot:
        many(history, 0, 50)
        pane.sync()
        await pilot.pause()
        pane.main().on_mouse_scroll_up(wheel_up(pane.main()))

        assert not pane.main().is_following


async def test_text_of_slack_is_never_markup_nor_control() -> None:
    """A message may hold anything."""
    history = History()
    pane = EventsPane(ToldSession(history))
    async with Host(pane).run_test(size=(100, 12)) as pilot:
        for record in received(message("evil", "\x1b[2J[red]x[/red]\u202eabc"), 0):
            history.record(record)
        pane.sync()
        await pilot.pause()

        assert "␛[2J[red]x[/red]�abc" in pane.main().text()


@THEMES
@pytest.mark.parametrize("size", [(80, 24), (160, 45)], ids=["80x24", "160x45"])
def test_looks_right(snap_compare: Callable[..., bool], theme: str, size: tuple[int, int]) -> None:
    """The picture was looked at."""
    assert snap_compare(PaneHost(EventsPane(told_session()), theme), terminal_size=size)


def test_an_empty_list_says_what_to_do(snap_compare: Callable[..., bool]) -> None:
    """The picture was looked at."""
    assert snap_compare(PaneHost(EventsPane(ToldSession())), terminal_size=(80, 24))


def test_a_row_is_drawn_anew_when_something_happens_to_its_event() -> None:
    """Rows are kept as drawn; a stale one would hide an error."""
    history = History()
    records = list(handled_ping())
    pane = EventsPane(ToldSession(history))
    for record in records[:-1]:
        history.record(record)
    before = pane.main().row_key(0)

    history.record(records[-1])

    assert pane.main().row_key(0) != before


async def test_a_filter_is_typed_and_taken_away() -> None:
    """Each key filters; Enter goes to what was found; Escape shows everything again."""
    pane = EventsPane(told_session())
    async with Host(pane).run_test(size=(80, 12)) as pilot:
        await pilot.press("slash", *"user:bob")
        await pilot.pause()
        assert "2 of 4 events" in str(pane.border_title)
        assert "ping, are you there?" not in pane.main().text()

        await pilot.press("enter", "home", "enter")
        assert pane.main().has_focus
        assert "Grüße" in pane.main().text()

        await pilot.press("escape")
        await pilot.pause()
        assert "ping, are you there?" in pane.main().text()


async def test_a_filter_that_is_not_understood_says_so() -> None:
    """And what can be understood applies."""
    pane = EventsPane(told_session())
    async with Host(pane).run_test(size=(100, 12)) as pilot:
        await pilot.press("slash", *"slow:soon")
        await pilot.pause()

        note = pane.query_one(".filter-note", Static)
        assert "takes a duration" in str(note.render())


async def test_what_is_read_stays_while_a_filter_finds_more_above_it() -> None:
    """A handler of an older event fails late, and its row comes in."""
    history = History()
    pane = EventsPane(ToldSession(history))
    many(history, 0, 40)
    async with Host(pane).run_test(size=(80, 12)) as pilot:
        pane.set_filter("-user:alice error")
        pane.set_filter("message 3")
        await pilot.pause()
        await pilot.press("slash", "enter", "home", "down")
        number = pane.main().row_number(pane.main().cursor)
        for record in received(message("late", "message 3 as well"), 5_000):
            history.record(record)
        pane.sync()

        assert pane.main().row_number(pane.main().cursor) == number


async def test_p_stops_the_list_and_goes_on() -> None:
    """The title counts what waits."""
    history = told_history()
    pane = EventsPane(ToldSession(history))
    async with Host(pane).run_test(size=(80, 12)) as pilot:
        await pilot.press("p")
        many(history, 0, 3)
        pane.sync()
        assert "stopped, 3 new" in str(pane.border_title)
        assert "message 2" not in pane.main().text()

        await pilot.press("p")
        assert "message 2" in pane.main().text()


async def test_marked_events_are_replayed_in_their_order() -> None:
    """Without a mark it is the event under the cursor."""
    session = told_session()
    async with Host(EventsPane(session)).run_test(size=(80, 12)) as pilot:
        await pilot.press("r", "escape")
        await pilot.press("home", "down", "m", "home", "m", "r")

        assert session.asked == [("replay", one, None) for one in ("e4", "e1", "e2")]


async def test_escape_takes_the_marks_away() -> None:
    """Also those on the screen, where there is no filter to take away."""
    pane = EventsPane(told_session())
    async with Host(pane).run_test(size=(80, 12)) as pilot:
        await pilot.press("home", "m", "m")
        assert "2 marked" in str(pane.border_title)
        assert "●" in pane.main().text()

        await pilot.press("escape")

        assert "marked" not in str(pane.border_title)
        assert "●" not in pane.main().text()


def test_a_filtered_list_looks_right(snap_compare: Callable[..., bool]) -> None:
    """The picture was looked at."""
    pane = EventsPane(told_session())

    async def before(pilot: Pilot[None]) -> None:
        pane.query_one(Input).cursor_blink = False
        await pilot.press("slash", *"user:bob slow:x")
        await pilot.pause()

    assert snap_compare(PaneHost(pane), terminal_size=(80, 24), run_before=before)
