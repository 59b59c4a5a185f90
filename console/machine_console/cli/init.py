"""`machine init`: a new project."""

from __future__ import annotations

from collections.abc import Iterable
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


def init(name: Annotated[str, typer.Argument(help="What the bot is called; its folder is made here.")]) -> None:
    """Make a new project: a plugin with its test, settings, a workspace, and what it takes to run it elsewhere."""
    from machine_console.project.creating import create_project

    tell_created(create_project(name, Path.cwd() / name))
    typer.echo(_FIRST_STEPS.format(name=name))


def tell_created(paths: Iterable[Path]) -> None:
    """List files that were written."""
    for path in paths:
        typer.echo(f"  {path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path}")
