"""`%help`, `%edit`, `%time`, `%save` and `%load` do what they say, and what prevents them is one line."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console, RenderableType

from machine_console.repl.prompt.magics import COMMANDS
from machine_console.repl.prompt.session import Session


class Prompt:
    """A prompt with an editor that makes every 1 a 2."""

    def __init__(self) -> None:
        self.shown: list[str] = []
        self.edited: list[str] = []
        self.session = Session({}, self._write, lambda: 300, edit=self._edit)

    async def __call__(self, source: str) -> str:
        self.shown.clear()
        await self.session.run(source)
        return "\n".join(self.shown)

    async def _edit(self, text: str) -> str:
        self.edited.append(text)
        return text.replace("1", "2") or "'new'"

    def _write(self, output: RenderableType) -> None:
        console = Console(file=io.StringIO(), width=300, color_system=None)
        console.print(output)
        assert isinstance(console.file, io.StringIO)
        self.shown.append(console.file.getvalue().rstrip())


@pytest.fixture
def prompt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Prompt:
    """In a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return Prompt()


async def test_help_lists_them_all(prompt: Prompt) -> None:
    """With an example each."""
    shown = await prompt("%help")

    assert all(name in shown for name in COMMANDS)


async def test_time_tells_how_long_it_took(prompt: Prompt) -> None:
    """Beside the result; what fails is told as ever."""
    shown = await prompt("%time 6 * 7")

    assert "42" in shown
    assert " ms, of which the processor worked " in shown
    assert "ZeroDivisionError" in await prompt("%time 1/0")


async def test_what_was_typed_is_saved_and_loaded(prompt: Prompt) -> None:
    """Definitions of one session are there in the next."""
    await prompt("def double(x):\n    return x * 2\n")
    await prompt("y = 21")
    assert "2 inputs are in" in await prompt("%save 'my notes.py'")

    other = Prompt()
    await other("%load 'my notes.py'")
    assert await other("double(y)") == "42"


async def test_save_replaces_nothing_unasked(prompt: Prompt, tmp_path: Path) -> None:
    """A slip must not cost a file."""
    (tmp_path / "a.py").write_text("precious")
    await prompt("1")

    assert "already exists" in await prompt("%save a.py")
    assert (tmp_path / "a.py").read_text() == "precious"
    await prompt("%save -f a.py")
    assert (tmp_path / "a.py").read_text() == "1\n"


async def test_edit_runs_what_the_editor_leaves(prompt: Prompt, tmp_path: Path) -> None:
    """The last input, or a file, which keeps the change."""
    await prompt("1 + 10")
    assert await prompt("%edit") == ">>> 2 + 20\n22"

    (tmp_path / "a.py").write_text("11")
    assert (await prompt("%edit a.py")).endswith("22")
    assert (tmp_path / "a.py").read_text() == "22\n"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("%nothing", "%nothing does not exist"),
        ("%load nowhere.py", "No such file"),
        ("%load", "Name one file"),
        ("%save 'a", "Name one file"),
        ("%save a.py", "nothing has been run yet"),
        ("%time", "Say what to run"),
    ],
)
async def test_mistakes_are_one_line(prompt: Prompt, typed: str, said: str) -> None:
    """With what would do."""
    shown = await prompt(typed)

    assert said in shown
    assert "\n" not in shown


async def test_a_task_that_exits_ends_only_itself(prompt: Prompt) -> None:
    """asyncio would end the event loop, and the bot with it."""
    await prompt("import asyncio\nasync def leave():\n    exit(3)\n")

    shown = await prompt("await asyncio.gather(asyncio.create_task(leave()), return_exceptions=True)")

    assert "raised SystemExit, which ends only itself" in shown
