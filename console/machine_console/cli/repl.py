"""`machine repl`: the REPL alone, a script, or a bot that runs elsewhere."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from machine.errors import MachineError
from machine_console.cli.launch import Live, finish, log_for, make_runtime, socket_of


def repl(
    target: Annotated[
        str | None,
        typer.Argument(metavar="[SCRIPT|BOT]", help="A script to run; with --attach, a bot's name, folder or socket."),
    ] = None,
    code: Annotated[str | None, typer.Option("--code", "-c", help="Run this, print the result and exit.")] = None,
    attach: Annotated[bool, typer.Option("--attach", help="Talk to a bot that runs headless.")] = False,
    interrupt: Annotated[
        bool, typer.Option("--interrupt", help="Stop an input that holds up a bot that runs headless.")
    ] = False,
    read_only: Annotated[bool, typer.Option("--read-only", help="Refuse what would change anything.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    plugins: Annotated[
        bool, typer.Option("--plugins", help="Against Slack, load the plugins, to simulate events for them.")
    ] = False,
    vi: Annotated[bool | None, typer.Option("--vi/--emacs", help="The keys of the prompt.")] = None,
    live: Live = None,
) -> None:
    """Open the REPL, alone or attached to a running bot; code may come from -c, a script, or standard input."""
    mode = "" if vi is None else "vi" if vi else "emacs"
    if interrupt:
        _interrupt(socket_of(target))
    if attach:
        _attach(socket_of(target), code, read_only=read_only, as_json=as_json, mode=mode)
    code = _script(target) if target is not None else code
    from machine_console.repl.standalone import run_code, run_repl  # imports prompt-toolkit

    runtime = make_runtime(live=live, listens=False, loads_plugins=plugins)
    log_for(runtime, None)
    if code is not None:
        finish(run_code(runtime, code, as_json=as_json, read_only=read_only))
    finish(run_repl(runtime, as_json=as_json, read_only=read_only, mode=mode))


def _interrupt(path: Path) -> NoReturn:
    from machine_console.repl.remote.client import interrupt

    typer.echo(interrupt(path))
    raise typer.Exit


def _attach(path: Path, code: str | None, *, read_only: bool, as_json: bool, mode: str) -> NoReturn:
    from machine_console.repl.remote.client import attach

    if code is None and not sys.stdin.isatty():
        code = sys.stdin.read()
    raise typer.Exit(attach(path, code=code, is_read_only=read_only, as_json=as_json, mode=mode))


def _script(name: str) -> str:
    try:
        return Path(name).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise MachineError(f"The script {name} cannot be read: {reason}.") from None
