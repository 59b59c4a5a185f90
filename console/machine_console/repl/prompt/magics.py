"""The magics of the prompt, as in IPython: `%help`, `%edit`, `%time`, `%save`, `%load`."""

from __future__ import annotations

import asyncio
import shlex
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import TypeAlias

from rich.console import RenderableType
from rich.text import Text

from machine.read_only import require_writable
from machine.redaction import redact
from machine_console.repl.language.errors import ReplError, describe
from machine_console.repl.language.evaluator import Evaluation, Evaluator
from machine_console.repl.prompt.echo import echo
from machine_console.repl.prompt.rendering import render, safe_text
from machine_console.repl.verbs.display import Rows
from machine_console.text.formatting import milliseconds

Edit: TypeAlias = Callable[[str], Awaitable[str]]
"""Lets the person change a text in their editor."""

COMMANDS: dict[str, str] = {
    "%help": "%help: this list; help lists the names at the prompt",
    "%edit": "%edit: change the last input in your editor, then run it; %edit FILE: the same with a file",
    "%time": "%time reload(): run something and tell how long it took",
    "%save": "%save FILE: write this session's inputs into a file; %save -f FILE: in place of what is there",
    "%load": "%load FILE: run a file at the prompt, with its names left behind",
}
"""What each does, as `%help` lists it."""

MAX_FILE = 1_000_000
"""Bytes of a file that is run; more is not a script."""


class Magics:
    """Runs them for one session.

    Args:
        evaluator: Runs code.
        write: Takes output.
        width: Cells of a line of it.
        edit: The person's editor; `None` where there is none.
        folder: In which names of files are looked for.
    """

    def __init__(
        self,
        evaluator: Evaluator,
        write: Callable[[RenderableType], None],
        width: Callable[[], int],
        edit: Edit | None,
        folder: Path | None = None,
    ) -> None:
        self._evaluator = evaluator
        self._write = write
        self._width = width
        self._edit = edit
        self._folder = folder or Path.cwd()
        self.inputs: list[str] = []

    async def run(self, source: str) -> Evaluation:
        """Do what `source` says; what prevents it becomes the outcome's error."""
        name, _, rest = source.strip().partition(" ")
        commands: dict[str, Callable[[str], Awaitable[Evaluation]]] = {
            "%help": self._help,
            "%edit": self._edited,
            "%time": self._time,
            "%save": self._save,
            "%load": self._load,
        }
        if name not in commands:
            return Evaluation(error=f"{name} does not exist. There are {', '.join(COMMANDS)}.")
        try:
            return await commands[name](rest.strip())
        except ReplError as error:
            return Evaluation(error=str(error))
        except OSError as error:
            return Evaluation(error=redact(f"{error.filename}: {error.strerror}"))
        except Exception as error:  # noqa: BLE001 - as with anything typed, the prompt must come back
            return Evaluation(error=describe(error))

    async def _help(self, _rest: str) -> Evaluation:
        rows = [text.split(": ", 1) for text in COMMANDS.values()]
        self._write(render(Rows(("for example", "what it does"), rows, "commands"), self._width()))
        return Evaluation()

    async def _time(self, source: str) -> Evaluation:
        if not source:
            raise ReplError("Say what to run: %time reload()")
        began, used = time.perf_counter(), time.process_time()
        outcome = await self._evaluator.evaluate(source)
        took, used = time.perf_counter() - began, time.process_time() - used
        whole, busy = (milliseconds(timedelta(seconds=seconds)) for seconds in (took, used))
        self._write(Text(f"{whole}, of which the processor worked {busy}", style="dim"))
        return outcome

    async def _edited(self, name: str) -> Evaluation:
        if self._edit is None:
            raise ReplError("%edit needs a terminal, and there is none here.")
        path = self._path(name) if name else None
        if path is not None:
            before = await asyncio.to_thread(_read, path) if path.exists() else ""
        else:
            before = self.inputs[-1] if self.inputs else ""
        source = (await self._edit(before)).rstrip()
        if path is not None and source != before.rstrip():
            require_writable("Writing a file")
            await asyncio.to_thread(path.write_text, f"{source}\n", encoding="utf-8")
        if not source.strip() or source.lstrip().startswith("%"):
            return Evaluation()
        self._write(echo(source))
        self.inputs.append(source)
        return await self._evaluator.evaluate(source)

    async def _save(self, rest: str) -> Evaluation:
        is_forced = rest.startswith("-f ")
        path = self._path(rest.removeprefix("-f "))
        require_writable("Writing a file")
        if path.exists() and not is_forced:
            raise ReplError(f"{path} already exists. %save -f {rest} replaces it.")
        if not self.inputs:
            raise ReplError("Nothing to save: nothing has been run yet.")
        text = "".join(f"{one}\n" for one in self.inputs)
        await asyncio.to_thread(path.write_text, text, encoding="utf-8")
        self._write(safe_text(f"{len(self.inputs)} inputs are in {path}.", "dim"))
        return Evaluation()

    async def _load(self, rest: str) -> Evaluation:
        source = await asyncio.to_thread(_read, self._path(rest))
        self.inputs.append(source.rstrip())
        return await self._evaluator.evaluate(source)

    def _path(self, text: str) -> Path:
        try:
            names = shlex.split(text)
        except ValueError:
            names = []
        if len(names) != 1:
            raise ReplError("Name one file: %save notes.py")
        return self._folder / Path(names[0]).expanduser()


def _read(path: Path) -> str:
    if path.stat().st_size > MAX_FILE:
        raise ReplError(f"{path} has more than {MAX_FILE:,} bytes, too many for a script.")
    return path.read_text(encoding="utf-8")
