"""The line of keys: whole keys only, and help always among them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.widgets._footer import FooterKey

from machine_console.app.application import MachineApp
from machine_console.app.footer import KeyFooter, fitting
from tests.console.story import ToldSession

pytestmark = pytest.mark.slow

NAMES = st.text("ab c", min_size=1, max_size=12)
HELP = FooterKey("f1", "f1", "Help", "help")


@given(st.lists(NAMES, max_size=12), st.integers(0, 12), st.integers(0, 120))
def test_keys_are_left_out_from_the_end(names: list[str], place: int, width: int) -> None:
    """Those that are shown take no more than there is, and one more would not fit."""
    others = [FooterKey("x", "x", name, name) for name in names]
    place = min(place, len(others))
    keys = [*others[:place], HELP, *others[place:]]

    shown = list(fitting(keys, width))

    assert HELP in shown
    kept = [key for key in shown if key is not HELP]
    assert kept == others[: len(kept)]
    taken = [len(key.description) + 4 for key in kept]
    room = width - len("f1Help") - 3
    assert sum(taken) <= max(room, 0)
    assert len(kept) == len(others) or sum(taken) + len(others[len(kept)].description) + 4 > room


@pytest.mark.parametrize("width", [40, 80, 160])
async def test_no_key_is_cut_in_two(width: int) -> None:
    """In whichever pane one is, and after the window has got narrower."""
    app = MachineApp(ToldSession())
    async with app.run_test(size=(200, 24)) as pilot:
        await pilot.resize_terminal(width, 24)
        for pane in app.grid.panes:
            app.go_to(pane)
            await pilot.pause()
            keys = list(app.query_one(KeyFooter).query(FooterKey))

            assert "Help" in [key.description for key in keys], pane.TITLE
            assert keys[-1].region.right <= width, pane.TITLE
            assert all(key.size.width == len(key.key_display) + len(key.description) + 3 for key in keys)
