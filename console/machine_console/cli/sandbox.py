"""`machine sandbox`: the embedded Slack workspace alone."""

from __future__ import annotations

import contextlib
import json
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from machine_console.cli.launch import finish

if TYPE_CHECKING:
    from machine.sandbox import Sandbox


def sandbox(
    port: Annotated[int, typer.Option(help="The port on 127.0.0.1; 0 takes a free one.", min=0, max=65535)] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
    state: Annotated[
        Path | None, typer.Option(help="Go on from this file, and save the workspace there at the end.")
    ] = None,
    record: Annotated[Path | None, typer.Option(help="Add what happens to this file, as JSON lines.")] = None,
    users: Annotated[int | None, typer.Option(help="Generate so many people.", min=0, max=1_000_000)] = None,
) -> None:
    """Serve the embedded Slack workspace alone, for any Slack SDK."""
    finish(_serve(port, as_json=as_json, state=state, record=record, users=users))


async def _serve(port: int, *, as_json: bool, state: Path | None, record: Path | None, users: int | None) -> int:
    import asyncio  # see `finish`

    from machine.sandbox import Recording, Sandbox, kept_state
    from machine_console.runtime.runtime import workspace_of

    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    workspace = workspace_of(Path.cwd(), users)
    with contextlib.ExitStack() as stack:
        if state is not None:
            stack.enter_context(kept_state(workspace, state))
        witness = None if record is None else stack.enter_context(Recording(record))
        async with Sandbox(workspace, port=port, witness=witness) as server:
            _tell(server, as_json=as_json)
            await stop.wait()
    return 0


def _tell(server: Sandbox, *, as_json: bool) -> None:
    facts = {"api_url": server.api_url, "bot_token": server.bot_token, "app_token": server.app_token}
    if as_json:
        print(json.dumps({**facts, "user_tokens": server.user_tokens}), flush=True)
        return
    typer.echo(f"The workspace {server.workspace.team.name} is at {server.api_url}")
    typer.echo("Give these to any Slack SDK, or to a bot of this framework (Ctrl-C stops the workspace):\n")
    for name, value in facts.items():
        typer.echo(f"  export SM_SLACK_{name.upper()}={value}")
    name, token = next(iter(server.user_tokens.items()))
    typer.echo(f"\nTo act as a person, call the Web API with their token; that of {name} is {token}")
