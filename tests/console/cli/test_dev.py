"""`machine dev` in a real terminal, as a stranger uses it: talk, use the REPL, change a plugin, quit."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.console.processes import save
from tests.console.starting import MACHINE
from tests.console.terminal import Terminal

pytestmark = pytest.mark.slow


def _write_greeter(project: Path, greeting: str) -> None:
    folder = project / "plugins"
    folder.mkdir(exist_ok=True)
    source = f'''
        from machine.plugins import MachineBasePlugin
        from machine.plugins.decorators import listen_to

        class Greeter(MachineBasePlugin):
            """Greetings"""

            @listen_to(r"^good morning")
            async def greet(self, msg):
                """good morning: greet"""
                await msg.say("{greeting}")
    '''
    save(folder / "greeter.py", textwrap.dedent(source))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with one plugin."""
    project = tmp_path / "project"
    project.mkdir()
    _write_greeter(project, "and to you")
    return project


@pytest.fixture
def console(project: Path, tmp_path: Path) -> Iterator[Terminal]:
    """`machine dev` in that folder, ready for use."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with Terminal([MACHINE, "dev"], project, scratch) as terminal:
        terminal.wait_for("connected")
        yield terminal


def test_a_stranger_talks_to_the_bot_changes_a_plugin_and_quits(console: Terminal, project: Path) -> None:
    """The whole promise of the first page of the documentation."""
    assert "SANDBOX" in console.screen

    console.wait_for("Next speaker")  # the chat has the focus
    console.type("good morning")
    console.press("Enter")
    console.wait_for("and to you")

    console.press("Escape")
    console.wait_for("i Write")  # the chat's messages have the focus
    console.press("7")
    console.wait_for(lambda screen: "i Write" not in screen)
    console.type('say("#general", "from the prompt")')
    console.press("Enter")
    console.wait_for(lambda screen: screen.count("from the prompt") >= 2)

    _write_greeter(project, "what a fine morning")
    console.wait_for("eloaded")
    console.type('simulate("good morning", user="bob", channel="#general")')
    console.press("Enter")
    console.wait_for("what a fine morning")

    console.press("C-q")
    assert console.wait_for_exit() == 0


def test_a_broken_plugin_is_shown_and_the_old_version_stays(console: Terminal, project: Path) -> None:
    """A typo while editing must cost nothing."""
    save(project / "plugins" / "greeter.py", "def broken(:\n")
    console.wait_for(lambda screen: "greeter" in screen and "SyntaxError" in screen)

    console.wait_for("Next speaker")  # the chat has the focus
    console.type("good morning")
    console.press("Enter")
    console.wait_for("and to you")

    console.press("C-q")
    assert console.wait_for_exit() == 0


def test_the_terminal_is_usable_after_quitting(console: Terminal) -> None:
    """The screen before the application is back, and nothing of it is left over."""
    console.press("C-q")

    assert console.wait_for_exit() == 0
    assert "SANDBOX" not in console.screen
