"""Every key of the console is in its documentation, and what the documentation shows is made anew."""

from __future__ import annotations

import re
from pathlib import Path

from textual.binding import Binding

from machine_console.app.commands import pane_actions
from tests.console.app.test_application import project, running

__all__ = ["project"]

ROOT = Path(__file__).parents[3]
_NAMES = {
    "question_mark": "?",
    "slash": "/",
    "plus": "+",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "escape": "Esc",
}
_SAME_ELSEWHERE = {"f18", "delete"}  # what terminals send for Shift+F6; beside `d`


def as_written(key: str) -> str:
    """A key as the documentation writes it."""
    parts = [_NAMES.get(part, part if len(part) == 1 else part.title()) for part in key.split("+")]
    return "+".join(part.upper() if len(parts) > 1 and len(part) == 1 else part for part in parts)


async def test_every_key_is_in_the_documentation(project: Path) -> None:
    """The keys that there are, not those that somebody remembered to write down."""
    text = (ROOT / "docs" / "console.md").read_text()
    keys_written = {key for quoted in re.findall(r"`([^`\n]+)`", text) for key in quoted.split()}
    async with running(project) as (app, _):
        bindings = [action.binding for pane in app.grid.panes for action in pane_actions(pane)]
        bindings += [one for one in app.BINDINGS if isinstance(one, Binding)]

    keys = {key.strip() for binding in bindings for key in binding.key.split(",")} - _SAME_ELSEWHERE
    numbers = {str(number) for number in range(2, 8)}  # `1` … `8`

    assert {as_written(key) for key in keys - numbers} - keys_written == set()


def test_every_picture_in_the_documentation_is_one_that_the_script_takes() -> None:
    """So that the next run renews it."""
    shown = {
        name
        for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
        for name in re.findall(r"images/([\w-]+\.svg)", page.read_text())
    }
    kept = {path.name for path in (ROOT / "docs" / "images").glob("*.svg")}

    taken = re.compile(r"console(-(160x45|80x24)-(events|detail|chat|storage|plugins|logs|repl|bot))?\.svg")

    assert "console.svg" in shown
    assert shown <= kept
    assert all(taken.fullmatch(name) for name in kept)
