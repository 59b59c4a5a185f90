"""Giving the terminal to $EDITOR, while the bot goes on."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from textual.app import App, SuspendNotSupported

from machine_console.runtime.editor import editor_command


async def edit_in_terminal(app: App[Any], path: Path, line: int = 1) -> str:
    """Open a file at a line, and wait until the editor is left; returns what went wrong, or nothing."""
    command = editor_command(os.environ, path, line, waits=True)
    if not command:
        return "There is no editor. Set EDITOR, for example to nano."
    problem = ""
    try:
        # A repaint while the terminal is not ours would fill the driver's queue.
        with app.batch_update(), app.suspend():
            problem = await _run_editor(command)
    except SuspendNotSupported:
        problem = f"An editor needs a terminal of its own. The place is {path}:{line}."
    return problem


async def _run_editor(command: Sequence[str]) -> str:
    """Run an editor to its end; returns what went wrong, and never raises while the terminal is not ours."""
    try:
        process = await asyncio.create_subprocess_exec(*command)
        code = await process.wait()
    except OSError as error:
        return f"{command[0]} cannot be started: {error.strerror or error}. Set EDITOR to your editor."
    return f"{command[0]} ended with code {code}." if code else ""
