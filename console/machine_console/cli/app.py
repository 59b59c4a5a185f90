"""The `machine` command: which commands there are, and how a mistake ends them."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from typing import Annotated, NoReturn

import typer

from machine import __version__
from machine.crashes import print_crash
from machine.errors import MachineError
from machine.terminal_text import visible
from machine_console.cli.dev import dev
from machine_console.cli.doctor import doctor
from machine_console.cli.init import init
from machine_console.cli.logs import logs
from machine_console.cli.manifest import manifest
from machine_console.cli.new import new
from machine_console.cli.plugins import plugins
from machine_console.cli.repl import repl
from machine_console.cli.replay import replay
from machine_console.cli.run import run
from machine_console.cli.sandbox import sandbox
from machine_console.cli.sign_storage import sign_storage

_UNWRITABLE = (errno.ENOSPC, errno.EPIPE, errno.EDQUOT, errno.EFBIG)

app = typer.Typer(
    name="machine",
    help="A Slack bot framework with a developer console.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # without Rich `machine --help` takes 0.12 s of processor time instead of 0.37 s
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)

for command in (dev, run, repl, logs, replay, sandbox, plugins, manifest, doctor, sign_storage, init):
    app.command()(command)  # named after its function; `sign_storage` is `sign-storage`
app.add_typer(new, name="new")


def main() -> None:
    """Run the `machine` command; a mistake of the user's ends it with a message and exit code 1."""
    sys.excepthook = print_crash
    try:
        app()
    except MachineError as error:
        for line in str(error).split("\n"):
            print(f"machine: {visible(line)}", file=sys.stderr)
        raise SystemExit(1) from None
    except OSError as error:
        if error.errno not in _UNWRITABLE:
            raise
        _say_no_more(error)


def _say_no_more(error: OSError) -> NoReturn:
    """End where standard output takes nothing: once told, and not again when Python flushes it at its end."""
    if error.errno != errno.EPIPE:  # unlike with `| head`, somebody wants to know
        with contextlib.suppress(OSError):
            print(f"machine: The output cannot be written: {visible(str(error))}.", file=sys.stderr)
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    raise SystemExit(1) from None


@app.callback(invoke_without_command=True)
def _root(version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False) -> None:
    if version:
        typer.echo(f"machine {__version__}")
        raise typer.Exit
