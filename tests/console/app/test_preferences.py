"""What the console remembers of a project."""

from __future__ import annotations

from pathlib import Path

import pytest

from machine_console.app.preferences import FILE, Preferences, read_preferences, write_preferences


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    """The folder is made where there is none."""
    preferences = Preferences(
        "machine-light", "chat", is_zoomed=True, events_filter="a", layout="split", logs_filter="x"
    )
    write_preferences(tmp_path, preferences)

    assert read_preferences(tmp_path) == preferences


@pytest.mark.parametrize("text", ["", "[1]", "{", '{"theme": 3, "is_zoomed": "yes"}'])
def test_a_damaged_file_is_as_good_as_none(tmp_path: Path, text: str) -> None:
    """It must not keep the console from starting."""
    (tmp_path / ".machine").mkdir()
    (tmp_path / FILE).write_text(text)

    assert read_preferences(tmp_path) == Preferences()
