"""`machine init` and `machine new`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

_FIRST_STEPS = """
Go on with:
  cd {name}
  python3 -m venv .venv && . .venv/bin/activate
  pip install -r requirements.lock
  pip install -r requirements-dev.txt
  python -m pytest
  machine dev"""

new = typer.Typer(help="Add to the project in this folder.", no_args_is_help=True)


def init(name: Annotated[str, typer.Argument(help="What the bot is called; its folder is made here.")]) -> None:
    """Make a new project: a plugin with its test, settings, a workspace, and what it takes to run it elsewhere."""
    from machine_console.project.creating import create_project  # noqa: PLC0415 - not for other commands

    created = create_project(name, Path.cwd() / name)
    _tell(created)
    typer.echo(_FIRST_STEPS.format(name=name))


@new.callback()
def _new() -> None:
    """Keeps `plugin` a word of its own while it is the only one."""


@new.command()
def plugin(name: Annotated[str, typer.Argument(help="The name of its module, as in release_notes.")]) -> None:
    """Write a new plugin into the plugin folder, and a test of it where there are tests."""
    from machine.settings import Settings  # noqa: PLC0415 - pydantic is not needed for --help
    from machine_console.project.creating import create_plugin  # noqa: PLC0415 - not for other commands

    _tell(create_plugin(name, Path.cwd(), Path(Settings.load(Path.cwd()).plugin_dir)))


def _tell(created: list[Path]) -> None:
    for path in created:
        typer.echo(f"  {path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path}")
