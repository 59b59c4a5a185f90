"""Which files a bot is made of, by their names: for the watcher, and for the loader, which must not disagree.

Editors and other tools put files of their own beside the one that is saved, and some of them look like modules.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

# Hidden ones aside: .git, .venv, .idea, Jupyter's .ipynb_checkpoints, Syncthing's .stversions.
_FOREIGN_FOLDERS = frozenset({"__pycache__", "node_modules", "site-packages"})
# What ends in .py and is a copy: Emacs' flycheck and flymake make one to check what is not saved yet, git's mergetool
# one of each side, Syncthing one of what was changed in two places, and some write the new content to a.tmp.py first.
_COPIES = re.compile(
    r"""
    flycheck_.*
    | .*_flymake
    | .*_(BACKUP|BASE|LOCAL|REMOTE)_\d+
    | .*\.(tmp|temp|bak|orig|swp)
    | .*\.sync-conflict-.*
    """,
    re.VERBOSE,
)


def is_source(path: Path, folders: Iterable[Path]) -> bool:
    """Whether a file below one of these folders is source code (`*.py`) or configuration (`*.toml`) of the bot.

    Where the folders themselves lie does not matter.
    """
    return (
        path.suffix in (".py", ".toml")
        and not path.name.startswith(".")  # Emacs' .#tea.py, which is a link to nowhere
        and not _COPIES.fullmatch(path.stem)
        and any(path.is_relative_to(folder) and not is_foreign(path, folder) for folder in folders)
    )


def is_foreign(path: Path, folder: Path) -> bool:
    """Whether a path below `folder` leads through one that tools put there: a virtual environment, say."""
    return any(part.startswith(".") or part in _FOREIGN_FOLDERS for part in path.relative_to(folder).parts)


def sources_in(folder: Path) -> Iterator[Path]:
    """The modules in a folder, and in the folders below."""
    return (path for path in folder.rglob("*.py") if is_source(path, [folder]))
