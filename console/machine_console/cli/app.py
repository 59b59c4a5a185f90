"""The `machine` command. Textual and prompt-toolkit are imported only by the commands that show something."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import signal
import sys
from collections.abc import Coroutine, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TextIO

import typer

from machine import __version__
from machine.crashes import crashes_logged, print_crash
from machine.errors import MachineError
from machine_console.cli.init import init, new
from machine_console.runtime.event_loop import NewLoop, fast_loop

if TYPE_CHECKING:
    from machine.settings import Settings
    from machine_console.app.layout import Layout
    from machine_console.history.recording import RecordedEvent
    from machine_console.runtime.runtime import Runtime

MIN_COLUMNS, MIN_LINES = 60, 15  # smaller than that, the console says so instead of showing panes

app = typer.Typer(
    name="machine",
    help="A Slack bot framework with a developer console.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # without Rich `machine --help` takes 0.12 s of processor time instead of 0.37 s
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)

app.command()(init)
app.add_typer(new, name="new")

Live = Annotated[
    bool | None,
    typer.Option(
        "--live/--sandbox", help="Slack itself, or the embedded workspace; Slack by default if tokens are set."
    ),
]

Shape = Annotated[
    str | None,
    typer.Option(
        "--layout",
        metavar="NAME",
        help="How many panes are seen at once: auto, wide (four), split (two) or single; remembered in the project.",
    ),
]


def main() -> None:
    """Run the `machine` command; a mistake of the user's ends it with a message and exit code 1."""
    sys.excepthook = print_crash
    try:
        app()
    except MachineError as error:
        _fail(error)


@app.callback(invoke_without_command=True)
def _root(version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False) -> None:
    if version:
        typer.echo(f"machine {__version__}")
        raise typer.Exit


@app.command()
def dev(
    headless: Annotated[bool, typer.Option("--headless", help="Hot reload without the console: logs only.")] = False,
    live: Live = None,
    layout: Shape = None,
    web: Annotated[bool, typer.Option("--web", help="The console in a browser, on 127.0.0.1.")] = False,
    port: Annotated[
        int | None, typer.Option(help="With --web: the port; 0 takes a free one. 8000 by default.", min=0, max=65535)
    ] = None,
) -> None:
    """Open the console with the bot inside; changed plugin files are taken over as they are saved."""
    shape = _layout(layout, headless=headless)
    if web:
        _serve_console(live=live, layout=shape, port=port, headless=headless)
    if port is not None:
        raise MachineError("--port is the port of the console in a browser. Add --web.")
    if headless:
        _run_headless(live=live, watch=True)
    _show(live=live, watch=True, layout=shape)


@app.command()
def run(
    headless: Annotated[bool, typer.Option("--headless", help="No console: logs go to standard output.")] = False,
    live: Live = None,
    health: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT", help="With --headless: serve /healthz, /readyz and /metrics here."),
    ] = None,
    http: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT", help="With --headless: take requests of Slack, and webhooks, here."),
    ] = None,
    layout: Shape = None,
) -> None:
    """Run the bot: in the console, or headless as in production."""
    shape = _layout(layout, headless=headless)
    if headless:
        _run_headless(live=live, watch=False, overrides={"HEALTH": health, "HTTP": http})
    if health is not None or http is not None:
        raise MachineError("--health and --http are served without the console only. Add --headless.")
    _show(live=live, watch=False, layout=shape)


@app.command()
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
    if attach or interrupt:
        _reach(target, code, wants_interrupt=interrupt, read_only=read_only, as_json=as_json, mode=mode)
    code = _script(target) if target is not None else code
    from machine_console.repl.standalone import run_code, run_repl  # noqa: PLC0415 - imports prompt-toolkit

    runtime = _runtime(live=live, watch=False, listens=False, loads_plugins=plugins)
    _configure_logging(runtime, None)
    if code is not None:
        _finish(run_code(runtime, code, as_json=as_json, read_only=read_only))
    _finish(run_repl(runtime, as_json=as_json, read_only=read_only, mode=mode))


@app.command("logs")
def show_log(
    target: Annotated[str | None, typer.Argument(metavar="[BOT]", help="A bot's name, folder or socket.")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with each line as it is written.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", help="How many of the newest lines come first.", min=0)] = 100,
    level: Annotated[
        str | None, typer.Option(metavar="LEVEL", help="Leave out lines below debug, info, warning, error or critical.")
    ] = None,
    plugin: Annotated[
        str, typer.Option(metavar="NAME", help="Only lines of plugins and handlers whose name holds this.")
    ] = "",
    as_json: Annotated[
        bool | None, typer.Option("--json/--text", help="One JSON object a line; the default when it is piped.")
    ] = None,
) -> None:
    """Show the log of a bot that runs headless."""
    from machine_console.cli.logs import level_number, read_log  # noqa: PLC0415 - not for other commands
    from machine_console.history.log_stream import LogWish  # noqa: PLC0415

    wish = LogWish(lines, follow, level_number(level), plugin)
    raise typer.Exit(
        read_log(_socket_of(target), wish, as_json=not sys.stdout.isatty() if as_json is None else as_json)
    )


@app.command()
def replay(
    file: Annotated[Path, typer.Argument(help="A recording, for example one of .machine/recordings.")],
    headless: Annotated[bool, typer.Option("--headless", help="Print a report; no console.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON; implies --headless.")] = False,
) -> None:
    """Run recorded events against the plugins, in a sandbox; exit code 1 where anything differs."""
    from machine.settings import Settings  # noqa: PLC0415 - pydantic is not needed for --help

    project = Path.cwd()
    settings = Settings.load(project)
    if headless or as_json:
        from machine.logs import configure_logging  # noqa: PLC0415 - structlog is not needed for --help
        from machine_console.cli.replay import run_replay  # noqa: PLC0415

        configure_logging(logging.CRITICAL, sys.stderr)  # what fails is in the report
        _finish(run_replay(file, settings, project, as_json=as_json))
    _require_terminal()
    from machine_console.history.recording import read_recording  # noqa: PLC0415 - pydantic is not needed for --help
    from machine_console.runtime.replay_runtime import ReplayRuntime  # noqa: PLC0415

    _show_runtime(ReplayRuntime(settings, project), title="machine replay", recording=read_recording(file))


@app.command()
def sandbox(
    port: Annotated[int, typer.Option(help="The port on 127.0.0.1; 0 takes a free one.", min=0, max=65535)] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
    state: Annotated[
        Path | None, typer.Option(help="Go on from this file, and save the workspace there at the end.")
    ] = None,
    record: Annotated[Path | None, typer.Option(help="Add what happens to this file, as JSON lines.")] = None,
    users: Annotated[int | None, typer.Option(help="Generate so many people.", min=0, max=1_000_000)] = None,
    console: Annotated[
        bool, typer.Option("--console", help="Play the people of the workspace in the console.")
    ] = False,
    repl: Annotated[bool, typer.Option("--repl", help="Play the people of the workspace in the REPL.")] = False,
) -> None:
    """Serve the embedded Slack workspace alone, for any Slack SDK."""
    from machine.logs import configure_logging  # noqa: PLC0415 - structlog is not needed for --help
    from machine_console.cli.sandbox import Served, serve, serve_in_console, serve_in_repl  # noqa: PLC0415

    served = Served(port, as_json, state, record, users)
    if console and repl:
        raise MachineError("--console and --repl are two ways to play people. Leave out one of them.")
    if not (console or repl):
        _finish(serve(served, _stop_signals))
    configure_logging(logging.INFO, None)
    if repl:
        _finish(serve_in_repl(served))
    _require_terminal()
    with crashes_logged():
        _finish(serve_in_console(served))


@app.command("plugins")
def list_plugins(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the plugins that would be loaded, with their handlers; exit code 1 if one fails to load."""
    from machine_console.cli.plugins import list_plugins as listing  # noqa: PLC0415 - not for other commands

    settings, project = _quiet_project()
    _finish(listing(settings, project, as_json=as_json))


@app.command("sign-storage")
def sign_stored_values(
    remove: Annotated[bool, typer.Option("--remove", help="Take the signatures off again.")] = False,
) -> None:
    """Sign what was stored before STORAGE_SECRET was set; stop the bot meanwhile."""
    from machine_console.cli.sign_storage import sign_storage  # noqa: PLC0415 - not for other commands

    settings, project = _quiet_project()
    _finish(sign_storage(settings, project, removes=remove))


@app.command("manifest")
def show_manifest(
    diff: Annotated[
        Path | None, typer.Option(help="Tell what the manifest in this file lacks or has besides; exit code 1 if any.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="What the app is called; by default as in workspace.toml.")] = None,
    http: Annotated[
        str | None, typer.Option(metavar="URL", help="Have Slack send to this address instead of over Socket Mode.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json/--yaml", help="Print JSON, or YAML (the default).")] = False,
) -> None:
    """Print the Slack app manifest that the plugins need: events, commands, shortcuts, scopes."""
    from machine_console.cli.manifest import print_manifest  # noqa: PLC0415 - not for other commands

    settings, project = _quiet_project()
    _finish(print_manifest(settings, project, name=name, http=http, diff=diff, as_json=as_json))


@app.command()
def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Look at tokens, scopes, Socket Mode, plugins, storage and clock; exit code 1 if something is wrong."""
    from machine.logs import configure_logging  # noqa: PLC0415
    from machine_console.cli.doctor import run_doctor  # noqa: PLC0415 - not for other commands

    configure_logging(logging.CRITICAL, sys.stderr)  # what fails is among the findings
    _finish(run_doctor(Path.cwd(), as_json=as_json))


def _quiet_project() -> tuple[Settings, Path]:
    """Settings and folder for a command that reports itself, and logs nothing."""
    from machine.logs import configure_logging  # noqa: PLC0415 - structlog is not needed for --help
    from machine.settings import Settings  # noqa: PLC0415

    configure_logging(logging.CRITICAL, sys.stderr)
    return Settings.load(Path.cwd()), Path.cwd()


def _reach(
    target: str | None, code: str | None, *, wants_interrupt: bool, read_only: bool, as_json: bool, mode: str
) -> NoReturn:
    from machine_console.repl.remote.client import attach, interrupt  # noqa: PLC0415 - not for other commands

    path = _socket_of(target)
    if wants_interrupt:
        typer.echo(interrupt(path))
        raise typer.Exit
    if code is None and not sys.stdin.isatty():
        code = sys.stdin.read()
    raise typer.Exit(attach(path, code=code, is_read_only=read_only, as_json=as_json, mode=mode))


def _socket_of(target: str | None) -> Path:
    from machine_console.repl.remote.socket_path import find_socket  # noqa: PLC0415 - not for other commands

    return _own_socket() if target is None else find_socket(target, Path.cwd())


def _own_socket() -> Path:
    """The socket of the bot in this folder; where settings name another one, they are asked."""
    from machine.settings import Settings  # noqa: PLC0415
    from machine_console.repl.remote.service import socket_path  # noqa: PLC0415 - reads settings, for which attaching need not wait
    from machine_console.repl.remote.socket_path import DEFAULT_SOCKET  # noqa: PLC0415

    usual = Path.cwd() / DEFAULT_SOCKET
    if usual.is_socket():
        return usual
    return socket_path(Settings.load(Path.cwd()), Path.cwd()) or usual


def _script(name: str) -> str:
    try:
        return Path(name).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise MachineError(f"The script {name} cannot be read: {reason}.") from None


def _layout(name: str | None, *, headless: bool) -> Layout | None:
    if name is None:
        return None
    if headless:
        raise MachineError("--layout is about the console. Leave it out with --headless.")
    from machine_console.app.layout import layout_named  # noqa: PLC0415 - not for other commands

    return layout_named(name)


def _serve_console(*, live: bool | None, layout: Layout | None, port: int | None, headless: bool) -> NoReturn:
    if headless:
        raise MachineError("--web shows the console, --headless does without it. Leave out one of them.")
    from machine.settings import Settings  # noqa: PLC0415 - pydantic is not needed for --help
    from machine_console.cli.web import DEFAULT_PORT, serve_console  # noqa: PLC0415 - needs the extra `web`

    Settings.load(Path.cwd())  # what is wrong with them is told here, where one looks
    arguments = ["dev", *([] if live is None else ["--live" if live else "--sandbox"])]
    arguments += [] if layout is None else ["--layout", layout]
    _finish(serve_console(arguments, DEFAULT_PORT if port is None else port, typer.echo))


def _show(*, live: bool | None, watch: bool, layout: Layout | None) -> None:
    _require_terminal()
    title = "machine dev" if watch else "machine run"
    _show_runtime(_runtime(live=live, watch=watch), title=title, layout=layout)


def _require_terminal() -> None:
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


def _show_runtime(
    runtime: Runtime,
    *,
    title: str,
    recording: Sequence[RecordedEvent] | None = None,
    layout: Layout | None = None,
) -> NoReturn:
    from machine_console.app.application import MachineApp  # noqa: PLC0415 - imports Textual

    _configure_logging(runtime, None)
    with crashes_logged():
        raise typer.Exit(MachineApp(runtime, title=title, recording=recording, layout=layout).run() or 0)


def _run_headless(*, live: bool | None, watch: bool, overrides: Mapping[str, str | None] | None = None) -> NoReturn:
    from machine_console.runtime.headless import run_headless  # noqa: PLC0415 - aiohttp and slack_sdk are not needed for --help

    runtime = _runtime(live=live, watch=watch, overrides=overrides)
    _configure_logging(runtime, sys.stdout)
    with crashes_logged():
        _finish(run_headless(runtime), fast_loop())


def _runtime(
    *,
    live: bool | None,
    watch: bool,
    listens: bool = True,
    loads_plugins: bool = True,
    overrides: Mapping[str, str | None] | None = None,
) -> Runtime:
    from machine.settings import Settings  # noqa: PLC0415
    from machine_console.runtime.runtime import Runtime  # noqa: PLC0415 - aiohttp and slack_sdk are not needed for --help

    project = Path.cwd()
    settings = Settings.load(project)
    given = {name: value for name, value in (overrides or {}).items() if value is not None}
    if given:  # what the command line says counts for more than settings do
        settings = Settings.check({**settings.all, **given})
    return Runtime(settings, project, watch=watch, live=live, listens=listens, loads_plugins=loads_plugins)


def _configure_logging(runtime: Runtime, stream: TextIO | None) -> None:
    from machine.logs import configure_logging  # noqa: PLC0415 - structlog is not needed for --help

    configure_logging(runtime.settings.loglevel, stream)


def _stop_signals() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop


def _finish(work: Coroutine[Any, Any, int], new_loop: NewLoop | None = None) -> NoReturn:
    with contextlib.suppress(KeyboardInterrupt), asyncio.Runner(loop_factory=new_loop) as runner:
        raise SystemExit(runner.run(work))
    raise SystemExit(130)


def _fail(error: MachineError) -> NoReturn:
    for line in str(error).splitlines():
        print(f"machine: {line}", file=sys.stderr)
    raise SystemExit(1)
