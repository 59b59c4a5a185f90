"""What the console remembers of a project: theme, layout, pane, zoom and the filters."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = ".machine/console.json"


@dataclass(frozen=True, slots=True)
class Preferences:
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


def read_preferences(project: Path) -> Preferences:
    """What was remembered; nothing where the file is missing or damaged."""
    try:
        kept = json.loads((project / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return Preferences()
    if not isinstance(kept, dict):
        return Preferences()
    known = asdict(Preferences())
    return Preferences(**{name: kept[name] for name, value in known.items() if type(kept.get(name)) is type(value)})


def write_preferences(project: Path, preferences: Preferences) -> None:
    """Remember this; a folder that cannot be written to is no reason to fail."""
    path = project / FILE
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(preferences), indent=2) + "\n", encoding="utf-8")
    except OSError:
        return
