"""The person's own editor, on this terminal."""

from __future__ import annotations

import asyncio
import os
import shlex
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from machine_console.repl.language.errors import ReplError

if TYPE_CHECKING:  # a prompt on a plain terminal does without Textual
    from textual.app import App


async def edit_here(text: str) -> str:
    """Let the person change a text in `$VISUAL` or `$EDITOR`; the event loop runs on meanwhile.

    Raises:
        ReplError: There is no such editor.
    """
    editor = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
    with tempfile.TemporaryDirectory(prefix="machine-repl-") as folder:
        file = Path(folder) / "input.py"
        file.write_text(text, encoding="utf-8")
        try:
            process = await asyncio.create_subprocess_exec(*editor, str(file))
        except OSError as error:
            raise ReplError(f"{editor[0]} cannot be started: {error.strerror}. Set EDITOR to your editor.") from None
        await process.wait()
        return file.read_text(encoding="utf-8", errors="replace")


async def edit_suspending(app: App[Any], text: str) -> str:
    """The same inside an application: it gives the terminal to the editor and draws nothing; the bot runs on.

    Raises:
        ReplError: There is no such editor.
    """
    failure: ReplError | None = None
    changed = text
    # without batch_update, repainting would fill the queue of the stopped writer and wait for ever
    with app.batch_update(), app.suspend():
        try:  # nothing may get out before the application has its terminal again
            changed = await edit_here(text)
        except ReplError as error:
            failure = error
    if failure is not None:
        raise failure
    return changed
