"""The screens that ask for one thing, drawn: in both themes, over whatever is below."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, TextArea

from machine_console.blockkit.controls import Option
from machine_console.screens.dialogs import AskingScreen, ChoiceScreen, ConfirmScreen, DateScreen, TextScreen
from tests.console.screens.test_investigation import SIZES, Host
from tests.console.story import THEMES

pytestmark = pytest.mark.slow

FRUIT = [Option(value, name) for name, value in (("Apple", "a"), ("Banana", "b"), ("Cherry, of the sour kind", "c"))]
SCREENS: dict[str, Callable[[], AskingScreen[Any]]] = {
    "confirm": lambda: ConfirmScreen("Delete?", "The key `rota` goes.\nCtrl+Z brings it back.", "Delete", "Keep"),
    "text": lambda: TextScreen("Topic", example="what this channel is for"),
    "long-text": lambda: TextScreen("Message", "first line\nsecond line", is_multiline=True),
    "choice": lambda: ChoiceScreen("Fruit", FRUIT, ["b"]),
    "choices": lambda: ChoiceScreen("Fruits", FRUIT, ["a", "c"], is_multiple=True),
    "date": lambda: DateScreen("Due", date(2026, 3, 4)),
}


@THEMES
@pytest.mark.parametrize("size", SIZES, ids=["80x24", "160x45"])
@pytest.mark.parametrize("name", SCREENS)
def test_looks_right(snap_compare: Callable[..., bool], name: str, size: tuple[int, int], theme: str) -> None:
    """The picture was looked at."""
    app = Host(SCREENS[name], theme)

    async def before(pilot: Pilot[None]) -> None:
        for field in [*app.shown.query(Input), *app.shown.query(TextArea)]:
            field.cursor_blink = False
        await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=before)


async def test_where_nothing_is_found_it_says_so() -> None:
    """Enter then takes nothing; what is typed less brings the options back."""
    app = Host(SCREENS["choice"], "machine-dark")
    async with app.run_test() as pilot:
        listed = app.shown.query_one(OptionList)
        await pilot.press(*"xyz")
        assert [str(option.prompt) for option in listed.options] == ["Nothing is found"]

        await pilot.press("enter", "down", *["backspace"] * 3)

        assert app.screen is app.shown
        assert len(listed.options) == len(FRUIT)


async def test_a_search_says_how_much_it_wants_to_know() -> None:
    """Slack asks the app only from so many characters on."""

    async def search(query: str) -> list[Option]:
        return [Option(query, query)]

    screen: AskingScreen[Any] = ChoiceScreen("City", search=search, min_query=2)
    app = Host(lambda: screen, "machine-dark")
    async with app.run_test() as pilot:
        listed = app.shown.query_one(OptionList)
        await pilot.press("a")
        assert [str(option.prompt) for option in listed.options] == ["Type at least 2 characters"]

        await pilot.press("b")
        await app.workers.wait_for_complete()

        assert [str(option.prompt) for option in listed.options] == ["ab"]
