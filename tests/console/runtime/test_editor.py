"""Every editor wants its line in its own way."""

from __future__ import annotations

from pathlib import Path

import pytest

from machine_console.runtime.editor import editor_command

FILE = Path("/bot/plugins/a.py")


@pytest.mark.parametrize(
    ("editor", "expected"),
    [
        ("vim", ["vim", "+7", "/bot/plugins/a.py"]),
        ("/usr/bin/emacs -nw", ["/usr/bin/emacs", "-nw", "+7", "/bot/plugins/a.py"]),
        ("code", ["code", "--wait", "--goto", "/bot/plugins/a.py:7"]),
        ("code --wait", ["code", "--wait", "--goto", "/bot/plugins/a.py:7"]),
        ("hx", ["hx", "/bot/plugins/a.py:7"]),
        ('"/opt/my editor/nano" -l', ["/opt/my editor/nano", "-l", "+7", "/bot/plugins/a.py"]),
        ("'unclosed", ["'unclosed", "+7", "/bot/plugins/a.py"]),
    ],
)
def test_the_editor_opens_at_the_line(editor: str, expected: list[str]) -> None:
    """And a window of its own is waited for."""
    assert editor_command({"EDITOR": editor}, FILE, 7, waits=True) == expected


def test_visual_comes_before_editor() -> None:
    """As everywhere on Unix."""
    assert editor_command({"EDITOR": "ed", "VISUAL": "vi"}, FILE)[0] == "vi"


def test_without_any_editor_there_is_no_command(tmp_path: Path) -> None:
    """The console then says what to set."""
    assert editor_command({"PATH": str(tmp_path)}, FILE) == []
