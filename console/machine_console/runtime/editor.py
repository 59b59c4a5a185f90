"""The person's own editor: `$VISUAL`, `$EDITOR`, else what is there."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from machine.errors import MachineError

if TYPE_CHECKING:  # a prompt on a plain terminal does without Textual
    from textual.app import App

_VS_CODE = ("code", "code-insiders", "codium", "vscodium", "cursor", "windsurf", "positron")
_JETBRAINS = (
    "idea", "pycharm", "webstorm", "phpstorm", "goland", "clion", "rubymine", "rustrover", "rider", "datagrip", "charm",
)  # fmt: skip
_SUBLIME = ("subl", "sublime_text")
_ZED = ("zed", "zeditor")

_WAITING: Mapping[str, str] = {
    **dict.fromkeys(
        (*_VS_CODE, *_JETBRAINS, *_SUBLIME, *_ZED, "atom", "pulsar", "mate", "bbedit", "gedit", "pluma", "xed"),
        "--wait",
    ),
    "kate": "--block",
    "gvim": "--nofork",
    "mvim": "--nofork",
}
"""What makes editors wait that otherwise return at once and leave the file to their window."""
_SAME_AS_WAITING = {"--wait": {"-w"}, "--block": {"-b"}, "--nofork": {"-f"}}

_LINE_AFTER_COLON = {*_SUBLIME, *_ZED, "hx", "helix", "micro", "atom", "pulsar"}
_LINE_AS_OPTION = {*_JETBRAINS, "mate", "kate"}
_FALLBACKS = ("nano", "vim", "vi")


class EditorError(MachineError):
    """There is no editor, it cannot be started, or it failed: what it should have changed is as it was."""


def editor_command(environment: Mapping[str, str], path: Path, line: int = 1, *, waits: bool = False) -> list[str]:
    """The command that opens a file at a line.

    Args:
        environment: Where `VISUAL`, `EDITOR` and `PATH` are read.
        path: The file.
        line: The line, counted from 1.
        waits: The command must not return before the file has been closed.

    Returns:
        The command and its arguments; empty where there is no editor.

    Raises:
        EditorError: A quote is not closed in the variable that names the editor.
    """
    variable = "VISUAL" if environment.get("VISUAL") else "EDITOR"
    wanted = environment.get(variable) or ""
    try:
        command = shlex.split(wanted)
    except ValueError:
        raise EditorError(f"{variable} has an unclosed quote: {wanted}. Correct it, or set it to nano.") from None
    if not command:
        found = next((name for name in _FALLBACKS if shutil.which(name, path=environment.get("PATH"))), None)
        command = [found] if found else []
    if not command:
        return []
    name = Path(command[0]).name
    flag = _WAITING.get(name)
    if waits and flag and not {flag, *_SAME_AS_WAITING[flag]} & set(command):
        command.append(flag)
    return [*command, *_place(name, path, line)]


def _place(name: str, path: Path, line: int) -> Sequence[str]:
    if line == 1:
        return (str(path),)
    if name in _VS_CODE:
        return ("--goto", f"{path}:{line}")
    if name in _LINE_AFTER_COLON:
        return (f"{path}:{line}",)
    if name in _LINE_AS_OPTION:
        return ("--line", str(line), str(path))
    return (f"+{line}", str(path))


async def edit_file(path: Path, line: int = 1, *, terminal: AbstractContextManager[object] | None = None) -> None:
    """Let the person change a file, and wait until they have closed it; the event loop runs on meanwhile.

    Args:
        path: The file.
        line: Where the editor opens it, counted from 1.
        terminal: Entered while the editor has the terminal. Nothing is raised inside, as an application would not get
            its terminal back then.

    Raises:
        EditorError: There is no editor, it cannot be started, or it ended with an error.
    """
    command = editor_command(os.environ, path, line, waits=True)
    if not command:
        raise EditorError("There is no editor. Set EDITOR, for example to nano.")
    with terminal or contextlib.nullcontext():
        problem = await _run(command)
    if problem:
        raise EditorError(problem)


async def edit_text(
    text: str, *, name: str = "input.py", terminal: AbstractContextManager[object] | None = None
) -> str:
    """Let the person change a text; see `edit_file`.

    Args:
        text: What the editor shows first.
        name: How the file is called, by which the editor knows the language.
        terminal: See `edit_file`.

    Returns:
        What the editor left.

    Raises:
        EditorError: See `edit_file`.
    """
    with tempfile.TemporaryDirectory(prefix="machine-") as folder:  # the folder is this user's alone
        path = Path(folder) / name
        await asyncio.to_thread(path.write_text, text, encoding="utf-8")
        await edit_file(path, terminal=terminal)
        return await asyncio.to_thread(path.read_text, encoding="utf-8", errors="replace")


@contextlib.contextmanager
def lent_terminal(app: App[Any]) -> Iterator[None]:
    """The terminal of an application, which draws nothing meanwhile; its event loop runs on.

    Raises:
        SuspendNotSupported: The application has no terminal to lend, as in a browser.
    """
    # Without batch_update, repainting would fill the queue of the stopped writer and wait for ever.
    with app.batch_update(), app.suspend():
        yield


async def _run(command: Sequence[str]) -> str:
    """Run an editor to its end; returns what went wrong."""
    try:
        process = await asyncio.create_subprocess_exec(*command)
        code = await process.wait()
    except OSError as error:
        return f"{command[0]} cannot be started: {error.strerror or error}. Set EDITOR to your editor."
    return f"{command[0]} ended with code {code}." if code else ""
