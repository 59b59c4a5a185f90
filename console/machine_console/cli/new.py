"""`machine new`: additions to the project in this folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from machine_console.cli.init import tell_created

new = typer.Typer(help="Add to the project in this folder.", no_args_is_help=True)


@new.callback()
def _new() -> None:
    """Keeps `plugin` a word of its own while it is the only one."""


@new.command()
def plugin(name: Annotated[str, typer.Argument(help="The name of its module, as in release_notes.")]) -> None:
    """Write a new plugin into the plugin folder, and a test of it where there are tests."""
    from machine.settings import Settings
    from machine_console.project.creating import create_plugin

    tell_created(create_plugin(name, Path.cwd(), Path(Settings.load(Path.cwd()).plugin_dir)))
