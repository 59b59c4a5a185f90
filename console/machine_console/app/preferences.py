"""What the console remembers of a project: theme, layout, pane, zoom and the filters."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from machine.private_files import make_private_file, make_private_folder
from machine_console.app.layout import Layout

if TYPE_CHECKING:
    from machine_console.app.application import MachineApp

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
        make_private_folder(path.parent)
        make_private_file(path)
        path.write_text(json.dumps(asdict(preferences), indent=2) + "\n", encoding="utf-8")
    except OSError:
        return


def preferences_to_begin_with(project: Path, *, is_live: bool, layout: Layout | None) -> Preferences:
    """As it was left; a stranger finds the cursor where one talks to the bot, unless real people would read it.

    Args:
        project: The folder of the bot.
        is_live: Whether the workspace is a real one.
        layout: Counts for more than the remembered one.
    """
    kept = read_preferences(project)
    pane = kept.pane or "chat"
    return replace(kept, pane="events" if is_live and pane == "chat" else pane, layout=str(layout or kept.layout))


def preferences_of(app: MachineApp) -> Preferences:
    """How the window stands."""
    return Preferences(
        theme=app.theme,
        pane=str(app.active.id),
        is_zoomed=app.grid.arrangement.is_zoomed,
        events_filter=app.events_pane.filter_text,
        layout=str(app.grid.arrangement.wanted),
        logs_filter=app.logs_pane.filter_text,
    )


def restore(app: MachineApp, kept: Preferences) -> None:
    """Arrange the window as it was left."""
    if kept.theme in app.available_themes:
        app.theme = kept.theme
    if kept.layout in set(Layout):
        app.grid.arrangement.wanted = Layout(kept.layout)
    app.grid.arrangement.is_zoomed = kept.is_zoomed
    if kept.events_filter:
        app.events_pane.set_filter(kept.events_filter)
    if kept.logs_filter:
        app.logs_pane.set_filter(kept.logs_filter)
    app.go_to(next((pane for pane in app.grid.panes if pane.id == kept.pane), app.active))
