"""`machine init`: a new project."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer


def init(name: Annotated[str, typer.Argument(help="What the bot is called; its folder is made here.")]) -> None:
    """Make a new project: a plugin with its test, settings, a workspace, and what it takes to run it elsewhere."""
    from machine_console.project.creating import create_project

    tell_created(create_project(name, Path.cwd() / name))
    typer.echo(f"\nGo on with: cd {name} && python -m pytest && machine dev")


def tell_created(paths: Iterable[Path]) -> None:
    """List files that were written."""
    for path in paths:
        typer.echo(f"  {path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path}")
