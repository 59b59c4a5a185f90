"""Files that hold what people wrote: for this user alone, and out of git's sight."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TextIO

from machine import private_files


def make_ignored_folder(folder: Path) -> None:
    """Make a folder that only its owner can enter, and that git ignores."""
    private_files.make_private_folder(folder)
    ignore = folder / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", encoding="utf-8")


def open_private(path: Path, *, is_new: bool = False) -> TextIO:
    """Open a file to write at its end; only its owner can read it, from the start.

    Raises:
        FileExistsError: It should be new and is not.
    """
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | (os.O_EXCL if is_new else 0)
    return open(os.open(path, flags, 0o600), "a", encoding="utf-8")  # noqa: PTH123 - a mode from the start
