"""What the console remembers of a project."""

from __future__ import annotations

from pathlib import Path

import pytest

from machine_console.app.layout import Layout
from machine_console.app.preferences import (
    FILE,
    Preferences,
    preferences_to_begin_with,
    read_preferences,
    write_preferences,
)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    """The folder is made where there is none."""
    preferences = Preferences(
        "machine-light", "chat", is_zoomed=True, events_filter="a", layout="split", logs_filter="x"
    )
    write_preferences(tmp_path, preferences)

    assert read_preferences(tmp_path) == preferences


def test_it_is_for_its_user_alone_a5(tmp_path: Path) -> None:
    """A5: filters may name people; a folder that another command left open is closed."""
    (tmp_path / ".machine").mkdir()
    (tmp_path / ".machine").chmod(0o755)

    write_preferences(tmp_path, Preferences(events_filter="from:alice"))

    assert (tmp_path / ".machine").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("text", ["", "[1]", "{", '{"theme": 3, "is_zoomed": "yes"}'])
def test_a_damaged_file_is_as_good_as_none(tmp_path: Path, text: str) -> None:
    """It must not keep the console from starting."""
    (tmp_path / ".machine").mkdir()
    (tmp_path / FILE).write_text(text)

    assert read_preferences(tmp_path) == Preferences()


def test_nothing_typed_at_the_start_reaches_real_people(tmp_path: Path) -> None:
    """In live mode what is typed into the chat is posted."""
    for left_at in ("", "chat"):
        write_preferences(tmp_path, Preferences(pane=left_at))

        assert preferences_to_begin_with(tmp_path, is_live=True, layout=None).pane == "events"
        assert preferences_to_begin_with(tmp_path, is_live=False, layout=None).pane == "chat"


def test_a_given_layout_counts_for_more_than_the_remembered_one(tmp_path: Path) -> None:
    """`--layout`."""
    write_preferences(tmp_path, Preferences(layout="single"))

    assert preferences_to_begin_with(tmp_path, is_live=False, layout=Layout.WIDE).layout == "wide"
    assert preferences_to_begin_with(tmp_path, is_live=False, layout=None).layout == "single"
