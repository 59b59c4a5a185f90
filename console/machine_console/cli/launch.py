"""How commands start what they run: the options they share, the bot, its log, and the exit code at the end.

What draws, or talks to Slack, is imported only by the command that needs it: `machine --help` is there at once.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import sys
from collections.abc import Coroutine, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TextIO

import typer

from machine.crashes import crashes_logged
from machine.errors import MachineError

if TYPE_CHECKING:
    from machine.settings import Settings
    from machine_console.app.layout import Layout
    from machine_console.history.recording import RecordedEvent
    from machine_console.runtime.headless import NewLoop
    from machine_console.runtime.runtime import Runtime

MIN_COLUMNS, MIN_LINES = 60, 15  # smaller than that, the console says so instead of showing panes
INTERRUPTED = 130
"""The exit code after Ctrl-C, as shells have it."""

Live = Annotated[
    bool | None,
    typer.Option(
        "--live/--sandbox", help="Slack itself, or the embedded workspace; Slack by default if tokens are set."
    ),
]

LayoutName = Annotated[
    str | None,
    typer.Option(
        "--layout",
        metavar="NAME",
        help="How many panes are seen at once: auto, wide (four), split (two) or single; remembered in the project.",
    ),
]


def layout_of(name: str | None, *, headless: bool) -> Layout | None:
    """The layout that was asked for.

    Raises:
        MachineError: There is no such layout, or nothing will be shown.
    """
    if name is None:
        return None
    if headless:
        raise MachineError("--layout is about the console. Leave it out with --headless.")
    from machine_console.app.layout import layout_named

    return layout_named(name)


def project_settings() -> tuple[Settings, Path]:
    """Settings and folder of the project, for a command that reports by itself what fails: it logs nothing."""
    from machine.logs import configure_logging
    from machine.settings import Settings

    configure_logging(logging.CRITICAL, sys.stderr)
    return Settings.load(Path.cwd()), Path.cwd()


def make_runtime(
    *,
    live: bool | None,
    watch: bool = False,
    listens: bool = True,
    loads_plugins: bool = True,
    overrides: Mapping[str, str | None] | None = None,
) -> Runtime:
    """The bot of this folder, not started; `overrides` are settings of the command line, which count for more."""
    from machine.settings import Settings
    from machine_console.runtime.runtime import Runtime

    project = Path.cwd()
    settings = Settings.load(project)
    given = {name: value for name, value in (overrides or {}).items() if value is not None}
    if given:
        settings = Settings.check({**settings.all, **given})
    return Runtime(settings, project, watch=watch, live=live, listens=listens, loads_plugins=loads_plugins)


def log_for(runtime: Runtime, stream: TextIO | None) -> None:
    """Log as the settings of a bot say; without a stream, into its trace only."""
    from machine.logs import configure_logging

    configure_logging(runtime.settings.loglevel, stream)


def require_terminal() -> None:
    """Make sure that the console can be shown.

    Raises:
        MachineError: There is no terminal, or it is too small.
    """
    if os.environ.get("TEXTUAL_DRIVER"):
        return  # it is shown by other means, as in a browser
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise MachineError("The console needs a terminal. Without one, use `machine run --headless`.")
    columns, lines = shutil.get_terminal_size()
    if columns < MIN_COLUMNS or lines < MIN_LINES:
        raise MachineError(
            f"The terminal has {columns} columns and {lines} lines; the console needs {MIN_COLUMNS} by {MIN_LINES}. "
            "Enlarge it, or use `machine run --headless`."
        )


def show_console(
    runtime: Runtime, *, title: str, recording: Sequence[RecordedEvent] | None = None, layout: Layout | None = None
) -> NoReturn:
    """Open the console with a bot inside, and end with it."""
    from machine_console.app.application import MachineApp
    from machine_console.session.local_session import LocalSession

    log_for(runtime, None)
    with crashes_logged():
        raise typer.Exit(MachineApp(LocalSession(runtime, recording), title=title, layout=layout).run() or 0)


def serve_headless(runtime: Runtime) -> NoReturn:
    """Run a bot without a console, and end with it; it logs to standard output."""
    from machine_console.runtime.headless import fast_loop, run_headless

    log_for(runtime, sys.stdout)
    with crashes_logged():
        finish(run_headless(runtime), fast_loop())


def finish(work: Coroutine[Any, Any, int], new_loop: NewLoop | None = None) -> NoReturn:
    """Do asynchronous work, and exit with the code that it returns."""
    import asyncio  # a third of what `machine --help` would import

    with contextlib.suppress(KeyboardInterrupt), asyncio.Runner(loop_factory=new_loop) as runner:
        raise SystemExit(runner.run(work))
    raise SystemExit(INTERRUPTED)


def socket_of(target: str | None) -> Path:
    """The socket of a bot that runs headless: by its name, its folder or the socket's path; by default this folder's.

    Raises:
        MachineError: No running bot has this name.
    """
    from machine_console.repl.remote.socket_path import DEFAULT_SOCKET, find_socket

    if target is not None:
        return find_socket(target, Path.cwd())
    usual = Path.cwd() / DEFAULT_SOCKET
    if usual.is_socket():
        return usual  # only where settings may name another one they are read, for which attaching need not wait
    from machine.settings import Settings
    from machine_console.repl.remote.service import socket_path

    return socket_path(Settings.load(Path.cwd()), Path.cwd()) or usual
