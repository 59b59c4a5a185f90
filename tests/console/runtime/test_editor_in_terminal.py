"""`$EDITOR` in a real terminal: the console gives the terminal away, the bot goes on, and the console comes back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.console.cli.test_dev import _write_greeter
from tests.console.starting import MACHINE
from tests.console.terminal import Terminal

pytestmark = pytest.mark.slow

EDITOR = """#!/bin/sh
# Shows what it was asked to open, waits for Enter, and changes what it is to change.
echo "EDITING $*"
read -r _
for last; do :; done
sed -i 's/good morning/good evening/; s/and to you/sleep well/' "$last"
"""


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Terminal]:
    """`machine dev` with a plugin that greets, and an editor of our own."""
    project, scratch, editor = tmp_path / "project", tmp_path / "scratch", tmp_path / "vim"
    project.mkdir()
    scratch.mkdir()
    _write_greeter(project, "and to you")
    editor.write_text(EDITOR)
    editor.chmod(0o755)
    environment = {"EDITOR": str(editor), "VISUAL": ""}
    with Terminal([MACHINE, "dev"], project, scratch, environment=environment) as terminal:
        terminal.wait_for("connected")
        terminal.wait_for("Next speaker")
        terminal.type("good morning")
        terminal.press("Enter")
        terminal.wait_for("and to you")
        terminal.press("Escape")
        terminal.wait_for("i Write")
        yield terminal


def test_the_source_of_a_handler_opens_at_its_line_and_is_live_once_saved(console: Terminal) -> None:
    """From an event to the line that answered it, and to the better answer."""
    console.press("2")
    console.wait_for("o Source")
    console.press("o")
    screen = console.wait_for("EDITING")
    assert "greeter.py" in screen
    assert "EDITING +8 " in screen or "EDITING +9 " in screen
    assert "SANDBOX" not in screen

    console.press("Enter")
    console.wait_for("SANDBOX")
    console.wait_for("eloaded greeter.py")
    console.press("F3")
    console.wait_for("Next speaker")
    console.type("good evening")
    console.press("Enter")
    console.wait_for("sleep well")

    console.press("C-q")
    assert console.wait_for_exit() == 0


def test_a_payload_is_edited_outside_and_sent(console: Terminal) -> None:
    """In the editor one is used to."""
    console.press("1")
    console.wait_for("e Edit")
    console.press("e")
    console.wait_for("Ctrl+S sends")
    console.press("C-e")
    assert "payload.json" in console.wait_for("EDITING")

    console.press("Enter")
    console.wait_for(lambda screen: "Ctrl+S sends" in screen and "good evening" in screen)

    console.press("Escape", "C-q")
    assert console.wait_for_exit() == 0
