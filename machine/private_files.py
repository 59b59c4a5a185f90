"""Files and folders that nobody else on the machine can read, whatever the umask is.

What bots store, record and remember is what people wrote. It lies in `.machine`, a folder that is closed to others
whoever makes it first.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

OWN_FOLDER = ".machine"


def make_private_folder(folder: Path) -> None:
    """Make a folder that only its owner can enter, and those above it that are missing.

    A folder that is there stays as it is, unless it is the framework's own, `.machine` or below it, which is closed.

    Raises:
        OSError: It cannot be made.
    """
    is_own = OWN_FOLDER in folder.parts
    if is_own or not folder.parent.is_dir():
        make_private_folder(folder.parent)
    try:
        folder.mkdir(mode=0o700)
    except OSError:
        if not folder.is_dir():
            raise
        if is_own:
            _close_to_others(folder, 0o700)
    else:
        folder.chmod(0o700)  # the umask may have taken away something from us


def make_private_file(path: Path) -> None:
    """Make an empty file that only its owner can read; one that is there keeps its content, and is closed to others.

    Raises:
        OSError: It cannot be made.
    """
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        close_to_others(path)
    else:
        path.chmod(0o600)


def close_to_others(path: Path) -> None:
    """Let nobody but its owner read or write a file; without effect where there is none, or it is somebody else's."""
    if not path.is_dir():
        _close_to_others(path, 0o600)


def _close_to_others(path: Path, most: int) -> None:
    with contextlib.suppress(OSError):  # not there, or somebody else's, whose affair it is
        mode = path.stat().st_mode
        if mode & 0o077:
            path.chmod(mode & most)
