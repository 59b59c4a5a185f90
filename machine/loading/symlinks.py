"""Where the files of a bot really are that lie behind symbolic links, or outside of the folders that are watched."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path


def behind_symlinks(files: Iterable[Path], root: Path, folders: Iterable[Path]) -> Mapping[Path, set[Path]]:
    """Where files really are, and by which names the bot knows them; those that are watched anyway are left out.

    Args:
        files: By the names that the bot knows.
        root: Watched itself, without what is below.
        folders: Watched with all that is below.
    """
    watched = tuple(folders)
    found: dict[Path, set[Path]] = {}
    real_folders: dict[Path, Path] = {}
    for file in files:
        folder = file.parent
        if folder not in real_folders:  # one look for each folder: there may be thousands of files
            real_folders[folder] = Path(os.path.realpath(folder))
        real = Path(os.path.realpath(file)) if file.is_symlink() else real_folders[folder] / file.name
        if real != file or not (folder == root or any(folder.is_relative_to(known) for known in watched)):
            found.setdefault(real, set()).add(file)
    return found
