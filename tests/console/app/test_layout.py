"""How many panes are seen at once, for the room there is."""

from __future__ import annotations

import pytest

from machine.errors import MachineError
from machine_console.app.layout import Layout, layout_named


@pytest.mark.parametrize(
    ("wanted", "size", "shown"),
    [
        (Layout.AUTO, (160, 45), Layout.WIDE),
        (Layout.AUTO, (80, 60), Layout.SPLIT),
        (Layout.AUTO, (80, 24), Layout.SINGLE),
        (Layout.WIDE, (80, 24), Layout.WIDE),
        (Layout.WIDE, (60, 20), Layout.WIDE),
        (Layout.WIDE, (20, 5), Layout.SINGLE),
        (Layout.SPLIT, (60, 20), Layout.SPLIT),
        (Layout.SPLIT, (20, 5), Layout.SINGLE),
        (Layout.SINGLE, (160, 45), Layout.SINGLE),
    ],
)
def test_a_layout_gives_way_only_where_there_is_no_room(wanted: Layout, size: tuple[int, int], shown: Layout) -> None:
    """What a person asks for counts, as long as it can be read."""
    assert wanted.fitting(*size) is shown


def test_a_wrong_name_is_told_with_the_right_ones() -> None:
    """Nobody looks up what the layouts are called."""
    assert layout_named(" Single ") is Layout.SINGLE

    with pytest.raises(MachineError, match=r"no layout 'tall'.*auto .*wide .*split .*single"):
        layout_named("tall")


def test_the_key_leads_through_all_layouts_and_back() -> None:
    """One key is enough for four."""
    seen = [Layout.AUTO]
    while (after := seen[-1].next()) is not Layout.AUTO:
        seen.append(after)

    assert seen == list(Layout)
