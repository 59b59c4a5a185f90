"""What the console remembers of a project: theme, layout, pane, zoom and the filters."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from machine.private_files import make_private_file, make_private_folder

FILE = ".machine/console.json"


@dataclass(frozen=True, slots=True)
class Habits:
    """How the window was left.

    Attributes:
        theme: The name of the theme.
        pane: The id of the active pane.
        is_zoomed: Whether it had the whole window.
        events_filter: The filter of the events.
        layout: The name of the layout.
        logs_filter: The filter of the log.
    """

    theme: str = ""
    pane: str = ""
    is_zoomed: bool = False
    events_filter: str = ""
    layout: str = ""
    logs_filter: str = ""


def read_habits(project: Path) -> Habits:
    """What was remembered; nothing where the file is missing or damaged."""
    try:
        kept = json.loads((project / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return Habits()
    if not isinstance(kept, dict):
        return Habits()
    known = asdict(Habits())
    return Habits(**{name: kept[name] for name, value in known.items() if type(kept.get(name)) is type(value)})


def write_habits(project: Path, habits: Habits) -> None:
    """Remember this; a folder that cannot be written to is no reason to fail."""
    path = project / FILE
    try:
        make_private_folder(path.parent)
        make_private_file(path)
        path.write_text(json.dumps(asdict(habits), indent=2) + "\n", encoding="utf-8")
    except OSError:
        return
