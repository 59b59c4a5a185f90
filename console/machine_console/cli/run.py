"""`machine run`: the bot in the console, or headless as in production."""

from __future__ import annotations

from typing import Annotated

import typer

from machine.errors import MachineError
from machine_console.cli.launch import (
    LayoutName,
    Live,
    layout_of,
    make_runtime,
    require_terminal,
    serve_headless,
    show_console,
)


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
    layout: LayoutName = None,
) -> None:
    """Run the bot: in the console, or headless as in production."""
    shape = layout_of(layout, headless=headless)
    if headless:
        serve_headless(make_runtime(live=live, overrides={"HEALTH": health, "HTTP": http}))
    if health is not None or http is not None:
        raise MachineError("--health and --http are served without the console only. Add --headless.")
    require_terminal()
    show_console(make_runtime(live=live), title="machine run", layout=shape)
