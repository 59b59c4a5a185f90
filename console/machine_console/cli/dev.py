"""`machine dev`: the bot in the console, in a browser, or headless, reloaded as its plugins are saved."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NoReturn

import typer

from machine.errors import MachineError
from machine_console.cli.launch import (
    LayoutName,
    Live,
    finish,
    layout_of,
    make_runtime,
    require_terminal,
    serve_headless,
    show_console,
)


def dev(
    headless: Annotated[bool, typer.Option("--headless", help="Hot reload without the console: logs only.")] = False,
    live: Live = None,
    layout: LayoutName = None,
    web: Annotated[bool, typer.Option("--web", help="The console in a browser, on 127.0.0.1.")] = False,
    port: Annotated[
        int | None, typer.Option(help="With --web: the port; 0 takes a free one. 8000 by default.", min=0, max=65535)
    ] = None,
) -> None:
    """Open the console with the bot inside; plugins reload when you save them."""
    shape = layout_of(layout, headless=headless)
    if web:
        if headless:
            raise MachineError("--web shows the console, --headless does without it. Leave out one of them.")
        _show_in_browser(live, layout, port)
    if port is not None:
        raise MachineError("--port is the port of the console in a browser. Add --web.")
    if headless:
        serve_headless(make_runtime(live=live, watch=True))
    require_terminal()
    show_console(make_runtime(live=live, watch=True), title="machine dev", layout=shape)


def _show_in_browser(live: bool | None, layout: str | None, port: int | None) -> NoReturn:
    from machine.settings import Settings
    from machine_console.cli.web import DEFAULT_PORT, serve_console  # needs the extra `web`

    Settings.load(Path.cwd())  # what is wrong with them is told here, where one looks
    arguments = ["dev", *([] if live is None else ["--live" if live else "--sandbox"])]
    arguments += [] if layout is None else ["--layout", layout]
    finish(serve_console(arguments, DEFAULT_PORT if port is None else port, typer.echo))
