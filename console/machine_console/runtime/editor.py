"""Which command opens a person's editor, at a line."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path

_AT_LINE_AFTER = {"code", "code-insiders", "codium", "cursor", "windsurf"}
_COLON = {"hx", "helix", "subl", "zed", "micro"}
_WAITING = {"code", "code-insiders", "codium", "cursor", "windsurf", "subl", "zed"}
_FALLBACKS = ("nano", "vim", "vi")


def editor_command(environment: Mapping[str, str], path: Path, line: int = 1, *, waits: bool = False) -> list[str]:
    """The command that opens a file at a line: `$VISUAL`, `$EDITOR`, else what is there.

    Args:
        environment: Where the variables are read.
        path: The file.
        line: The line, counted from 1.
        waits: The command must not return before the file has been closed.

    Returns:
        The command and its arguments; empty where there is no editor.
    """
    wanted = environment.get("VISUAL") or environment.get("EDITOR") or ""
    try:
        command = shlex.split(wanted)
    except ValueError:  # an unclosed quote
        command = wanted.split()
    if not command:
        found = next((name for name in _FALLBACKS if shutil.which(name, path=environment.get("PATH"))), None)
        command = [found] if found else []
    if not command:
        return []
    name = Path(command[0]).name
    if waits and name in _WAITING and not {"--wait", "-w"} & set(command):
        command.append("--wait")
    if name in _AT_LINE_AFTER:
        return [*command, "--goto", f"{path}:{line}"]
    if name in _COLON:
        return [*command, f"{path}:{line}"]
    return [*command, f"+{line}", str(path)]
