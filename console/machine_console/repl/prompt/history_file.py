"""The inputs of earlier sessions, in a file of the project."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from prompt_toolkit.history import FileHistory

from machine.private_files import make_private_file, make_private_folder
from machine.redaction import redact

MAX_INPUTS = 5_000
_SLACK = 500
"""How many more there may be before the file is written anew."""
MAX_INPUT_LENGTH = 20_000
"""Characters; something longer was pasted and is not worth keeping."""


class HistoryFile(FileHistory):
    """Keeps inputs in a file that only its owner can read; inputs with secrets in them are not kept.

    A file that cannot be read or written costs the history and nothing else.

    Args:
        path: The file; its folder is made when the first input is kept.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        super().__init__(str(path))

    def load_history_strings(self) -> Iterable[str]:
        """The inputs of earlier sessions, newest first."""
        try:
            inputs = list(super().load_history_strings())
        except OSError:
            return []
        if len(inputs) > MAX_INPUTS + _SLACK:
            self._trim(inputs[:MAX_INPUTS])
        return inputs[:MAX_INPUTS]

    def store_string(self, string: str) -> None:
        """Keep an input."""
        text = string.encode(errors="replace").decode()
        if len(text) > MAX_INPUT_LENGTH or redact(text) != text:
            return
        try:
            make_private_folder(self._path.parent)
            make_private_file(self._path)
            super().store_string(text)
        except OSError:
            return

    def _trim(self, newest: list[str]) -> None:
        """Write the file anew with these inputs, newest first; what is written meanwhile may be lost, no more."""
        trimmed = HistoryFile(self._path.with_name(f"{self._path.name}.{os.getpid()}"))
        try:
            for one in reversed(newest):
                trimmed.store_string(one)
            trimmed._path.replace(self._path)
        except OSError:
            return
