"""What the console remembers of a project."""

from __future__ import annotations

from pathlib import Path

import pytest

from machine_console.app.preferences import FILE, Habits, read_habits, write_habits


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    """The folder is made where there is none."""
    habits = Habits("machine-light", "chat", is_zoomed=True, events_filter="error", layout="split", logs_filter="x")
    write_habits(tmp_path, habits)

    assert read_habits(tmp_path) == habits


def test_it_is_for_its_user_alone_a5(tmp_path: Path) -> None:
    """A5: filters may name people; a folder that another command left open is closed."""
    (tmp_path / ".machine").mkdir()
    (tmp_path / ".machine").chmod(0o755)

    write_habits(tmp_path, Habits(events_filter="from:alice"))

    assert (tmp_path / ".machine").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("text", ["", "[1]", "{", '{"theme": 3, "is_zoomed": "yes"}'])
def test_a_damaged_file_is_as_good_as_none(tmp_path: Path, text: str) -> None:
    """It must not keep the console from starting."""
    (tmp_path / ".machine").mkdir()
    (tmp_path / FILE).write_text(text)

    assert read_habits(tmp_path) == Habits()
