"""The window: what is seen at which size, and how one moves about in it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

import pytest
from textual import events
from textual.pilot import Pilot
from textual.widgets import Input
from textual.widgets._toast import Toast

from machine.trace import ConnectionChanged
from machine_console.app.application import MachineApp
from machine_console.app.layout import Layout
from machine_console.app.preferences import Preferences, write_preferences
from machine_console.app.status_bar import TabBar
from machine_console.panes.storage.pane import StoragePane
from machine_console.screens.help import HelpScreen
from machine_console.status.bot_status import BotFacts, Status
from machine_console.status.rate_limit_usage import MethodUsage
from tests.console.app.test_application import until
from tests.console.story import message, received, told_session

pytestmark = pytest.mark.slow

NARROW, WIDE, TINY = (80, 24), (160, 45), (40, 15)
CONNECTED = Status(is_live=False, workspace="Sandbox", connection="connected", plugins=2, errors=1)

FACTS = BotFacts(
    "connected",
    "Sandbox",
    is_live=False,
    changes=[
        ConnectionChanged(state=state, detail=detail, connections=open_, at=datetime(2026, 3, 4, 9, minute, tzinfo=UTC))
        for minute, (state, detail, open_) in enumerate(
            [("connected", "Sandbox", 2), ("reconnecting", "Slack asked to", 1), ("connected", "Sandbox", 2)], 30
        )
    ],
    waiting="users.list waits 12 s",
    uses=[
        MethodUsage("users.info", 90, 100),
        MethodUsage("chat.postMessage", 12, 60),
        MethodUsage("auth.test", 2, None),
    ],
    process=(("memory", "85 MB"), ("loop lag", "1 ms, at worst 14 ms within a minute"), ("kept", "4 events")),
    places=(("project", "/srv/bot"), ("storage", "SQLiteStorage"), ("recordings", "/srv/bot/.machine/recordings")),
)


Window: TypeAlias = Callable[..., MachineApp]


@pytest.fixture
def window(tmp_path: Path) -> Window:
    """The window with the story in it, left at the events the last time."""
    write_preferences(tmp_path, Preferences(pane="events"))

    def make(status: Status = CONNECTED) -> MachineApp:
        session = told_session(status=status, is_live=status.is_live, facts_told=FACTS, project=tmp_path)
        app = MachineApp(session)
        app.chat_pane.main().cursor_blink = False
        return app

    return make


async def drawn(pilot: Pilot[int]) -> None:
    """Let every pane catch up, for a picture."""
    await pilot.pause()
    assert isinstance(pilot.app, MachineApp)
    pilot.app.frame()
    await pilot.pause()


def shown(app: MachineApp) -> list[str | None]:
    return [pane.id for pane in app.grid.panes if pane.display]


def active(app: MachineApp) -> str | None:
    return app.active.id


async def test_a_small_terminal_shows_one_pane_at_a_time(window: Window) -> None:
    """80x24 is what many have."""
    app = window()
    async with app.run_test(size=NARROW) as pilot:
        assert shown(app) == ["events"]

        for number, pane in enumerate(app.grid.panes, 1):
            if app.focused is not None and isinstance(app.focused, Input):
                await pilot.press("escape")
            await pilot.press("f6" if app.active is app.repl_pane else str(number))
            assert shown(app) == [pane.id]


async def test_a_large_terminal_shows_four_panes_and_exchanges_the_fourth(window: Window) -> None:
    """Events, their detail and the chat stay in view."""
    app = window()
    async with app.run_test(size=WIDE) as pilot:
        assert shown(app) == ["events", "detail", "chat", "repl"]

        await pilot.press("5")
        assert shown(app) == ["events", "detail", "chat", "plugins"]

        await pilot.press("1")
        assert shown(app) == ["events", "detail", "chat", "plugins"]


async def test_resizing_rearranges_without_losing_the_place(window: Window) -> None:
    """Terminals change their size all the time, down to next to nothing."""
    app = window()
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("5")
        for size in ((20, 5), NARROW):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            assert shown(app) == ["plugins"]

        await pilot.resize_terminal(*WIDE)
        await pilot.pause()
        assert shown(app) == ["events", "detail", "chat", "plugins"]


async def test_f4_gives_a_pane_the_whole_window_and_back(window: Window) -> None:
    """For a long traceback."""
    app = window()
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("2", "f4")
        assert shown(app) == ["detail"]

        await pilot.press("f4")
        assert len(shown(app)) == 4


async def test_f6_moves_on_from_the_input_and_from_the_repl(window: Window) -> None:
    """Where number keys and Tab belong to what is typed."""
    app = window()
    async with app.run_test(size=NARROW) as pilot:
        app.go_to(app.chat_pane)
        await pilot.press("1")
        assert app.chat_pane.main().value == "1"
        await pilot.press("f6")
        assert active(app) == "storage"

        app.go_to(app.repl_pane)
        await pilot.press("f6")
        assert active(app) == "bot"
        await pilot.press("f6")
        assert active(app) == "events"
        await pilot.press("shift+f6")
        assert active(app) == "bot"


async def test_f3_and_f7_jump_to_where_one_types_from_anywhere(window: Window) -> None:
    """Between chat and prompt one goes back and forth all day."""
    app = window()
    async with app.run_test(size=NARROW) as pilot:
        await pilot.press("f7")
        assert active(app) == "repl"

        await pilot.press("f3")
        assert active(app) == "chat"


async def test_tab_moves_between_the_parts_on_screen(window: Window) -> None:
    """And the pane that has the focus is the active one."""
    app = window()
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("tab")
        assert active(app) == "detail"

        await pilot.press("tab")
        assert active(app) == "chat"


async def test_a_click_on_a_tab_goes_there(window: Window) -> None:
    """The mouse works everywhere, also where only numbers are left of the tabs."""
    app = window()
    async with app.run_test(size=TINY) as pilot:
        await pilot.click(TabBar, offset=(23, 0))

        assert active(app) == "plugins"


async def test_enter_on_an_event_leads_to_its_detail_and_escape_back(window: Window) -> None:
    """The way one goes all day."""
    app = window()
    async with app.run_test(size=NARROW) as pilot:
        await pilot.press("home", "enter")
        assert active(app) == "detail"
        assert "PingPongPlugin" in app.detail_pane.main().text()

        await pilot.press("escape")
        assert active(app) == "events"


async def test_the_detail_follows_the_cursor_of_the_list(window: Window) -> None:
    """Side by side they belong together."""
    app = window()
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("home")
        assert "ping, are you there?" in app.detail_pane.main().text()

        await pilot.press("end")
        assert "KeyError" in app.detail_pane.main().text()


async def test_an_event_that_is_being_read_is_not_replaced_by_newer_ones(window: Window) -> None:
    """A busy bot must not tear it away; back in the list the detail catches up."""
    app = window()
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("end", "2")
        for record in received(message("new", "something new"), 90_000):
            app.session.history.record(record)
        app.frame()
        await pilot.pause()
        assert "KeyError" in app.detail_pane.main().text()

        await pilot.press("1")
        assert "something new" in app.detail_pane.main().text()


async def test_a_change_of_theme_repaints_every_row(window: Window) -> None:
    """Rows are kept as they were drawn."""
    app = window()
    async with app.run_test(size=WIDE) as pilot:
        dark = app.events_pane.main().render_line(0)
        app.theme = "machine-light"
        await pilot.pause()

        assert app.events_pane.main().render_line(0) != dark


async def test_help_opens_from_anywhere_and_closes(window: Window) -> None:
    """F1 also while typing, `?` otherwise."""
    app = window()
    async with app.run_test(size=NARROW) as pilot:
        app.go_to(app.chat_pane)
        await pilot.press("f1")
        assert isinstance(app.screen, HelpScreen)

        await pilot.press("escape", "escape", "question_mark")
        assert isinstance(app.screen, HelpScreen)


async def test_every_action_is_in_the_palette(window: Window) -> None:
    """Nobody has to remember keys."""
    app = window()
    async with app.run_test() as pilot:
        await pilot.press("f2")
        titles = {command.title for command in app.get_system_commands(app.screen)}

        assert {f"Go to {pane.TITLE}" for pane in app.grid.panes} <= titles
        assert {"Zoom the pane", "Next pane", "Help", "Quit", "Change the theme"} <= titles


async def test_a_notice_is_no_markup(window: Window) -> None:
    """An error message may hold brackets and secrets."""
    app = window()
    async with app.run_test() as pilot:
        app.notices.tell("KeyError: [red]x[/]\nxoxb-1-2-abc", title="[b]", severity="error")
        await pilot.pause()

        (notice,) = app._notifications
        assert notice.message == "KeyError: [red]x[/]\nxoxb-…redacted"
        assert not notice.markup


async def test_news_takes_the_place_of_older_news_of_its_kind(window: Window) -> None:
    """Changing a value and taking it back left a column of notices over the values; what failed stays to be read."""
    app = window()
    async with app.run_test() as pilot:
        for notice in (
            StoragePane.Told("is changed", "Storage", "information"),
            StoragePane.Told("cannot be read", "Storage", "error"),
            StoragePane.Told("12 characters", "Copied", "information"),
            StoragePane.Told("is as it was", "Storage", "information"),
        ):
            app.storage_pane.post_message(notice)
            await pilot.pause()

        assert [one.message for one in app._notifications] == ["cannot be read", "12 characters", "is as it was"]


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["80x24", "160x45"])
@pytest.mark.parametrize("pane", ["events", "detail", "chat", "storage", "plugins", "logs", "repl", "bot"])
def test_looks_right(window: Window, snap_compare: Callable[..., bool], size: tuple[int, int], pane: str) -> None:
    """The picture was looked at."""
    app = window()

    async def before(pilot: Pilot[int]) -> None:
        await drawn(pilot)
        app.go_to(next(one for one in app.grid.panes if one.id == pane))
        await drawn(pilot)

    assert snap_compare(app, terminal_size=size, run_before=before)


def test_forty_columns_are_usable(window: Window, snap_compare: Callable[..., bool]) -> None:
    """The picture was looked at."""
    assert snap_compare(window(), terminal_size=TINY, run_before=drawn)


def test_live_is_very_plain(window: Window, snap_compare: Callable[..., bool]) -> None:
    """The picture was looked at."""
    status = Status(is_live=True, workspace="Acme", connection="reconnecting", plugins=2)
    assert snap_compare(window(status), terminal_size=NARROW, run_before=drawn)


def test_the_light_theme_is_as_readable(window: Window, snap_compare: Callable[..., bool]) -> None:
    """The picture was looked at."""
    app = window()
    app.theme = "machine-light"
    assert snap_compare(app, terminal_size=WIDE, run_before=drawn)


def test_help_looks_right(window: Window, snap_compare: Callable[..., bool]) -> None:
    """The picture was looked at."""
    assert snap_compare(window(), terminal_size=NARROW, press=["f1"], run_before=drawn)


async def test_a_small_terminal_can_show_two_or_four_panes_if_one_wants(window: Window) -> None:
    """`--layout`, or F12."""
    app = window()
    async with app.run_test(size=NARROW) as pilot:
        app.grid.use(Layout.SPLIT)
        assert shown(app) == ["events", "detail"]
        await pilot.press("5")
        assert shown(app) == ["events", "plugins"]

        app.grid.use(Layout.WIDE)
        assert shown(app) == ["events", "detail", "chat", "plugins"]

        await pilot.press("f12")
        await pilot.press("f12")
        assert app.grid.arrangement.wanted is Layout.SINGLE
        assert shown(app) == ["plugins"]


@pytest.mark.parametrize("layout", list(Layout))
async def test_every_layout_survives_a_tiny_terminal(window: Window, layout: Layout) -> None:
    """Down to next to nothing, and back as it was."""
    app = window()
    async with app.run_test(size=(80, 24)) as pilot:
        app.grid.use(layout)
        before = shown(app)

        await pilot.resize_terminal(20, 5)
        await pilot.pause()
        assert shown(app) == ["events"]

        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        assert shown(app) == before


@pytest.mark.parametrize("layout", [Layout.WIDE, Layout.SPLIT], ids=str)
def test_layouts_in_a_small_terminal_look_right(
    window: Window, snap_compare: Callable[..., bool], layout: Layout
) -> None:
    """The picture was looked at."""
    app = window()

    async def before(pilot: Pilot[int]) -> None:
        app.grid.use(layout)
        await drawn(pilot)

    assert snap_compare(app, terminal_size=NARROW, run_before=before)


async def test_the_tab_that_is_lit_is_the_pane_with_the_focus(window: Window) -> None:
    """News of a focus that has moved on since comes late; the first pane must not be taken for the active one."""
    app = window()
    there = [*app.grid.panes, app.grid.panes[0]]
    async with app.run_test(size=WIDE) as pilot:
        for first, then in itertools.chain(itertools.pairwise(there), itertools.pairwise(there[::-1])):
            app.go_to(first)
            app.go_to(then)
            await pilot.pause()
            assert app.active is then
            assert app._tabs._active == then.id
            assert then.has_focus_within


async def test_late_news_of_a_focus_does_not_change_the_active_pane(window: Window) -> None:
    """The same, without leaving it to chance which message is the later one."""
    app = window()
    async with app.run_test(size=WIDE) as pilot:
        app.go_to(app.plugins_pane)
        await pilot.pause()
        app.go_to(app.events_pane)
        await pilot.pause()

        app.post_message(events.DescendantFocus(app.plugins_pane.main()))
        await pilot.pause()

        assert active(app) == "events"


async def test_in_a_few_rows_a_notice_takes_one(window: Window) -> None:
    """Of an error, the title and the first line."""
    app = window()

    def rows() -> list[range]:
        return [range(toast.region.y, toast.region.bottom) for toast in app.screen.query(Toast)]

    async with app.run_test(size=(20, 5), notifications=True) as pilot:
        app.notices.tell("a text\nof several\nlines, one of which is long", title="Title")
        await until(pilot, lambda: rows() == [range(1)])
        app.notices.tell("a text\nof several\nlines, one of which is long", title="Title", severity="error")
        await until(pilot, lambda: rows() == [range(1), range(1, 3)])
        app.notices.take_back(lambda notice: notice.severity == "information")
        await until(pilot, lambda: rows() == [range(2)])
