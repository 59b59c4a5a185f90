"""`machine sandbox`: the embedded Slack workspace for bots in other processes, and its people played by hand."""

from __future__ import annotations

import contextlib
import json
import logging
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from machine.errors import MachineError
from machine_console.cli.launch import finish, require_terminal

if TYPE_CHECKING:
    from machine.sandbox import Sandbox
    from machine_console.runtime.runtime import Runtime


@dataclass(frozen=True, slots=True)
class Served:
    """What is served, and how: the options of the command."""

    port: int
    as_json: bool
    state: Path | None
    record: Path | None
    users: int | None


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
    served = Served(port, as_json, state, record, users)
    if console and repl:
        raise MachineError("--console and --repl are two ways to play people. Leave out one of them.")
    if not (console or repl):
        finish(_serve(served))
    from machine.crashes import crashes_logged
    from machine.logs import configure_logging

    if console:
        require_terminal()
    configure_logging(logging.INFO, None)
    with crashes_logged():
        finish(_serve_in_console(served) if console else _serve_in_repl(served))


async def _serve(served: Served) -> int:
    """Serve until a signal comes."""
    import asyncio  # see `finish`

    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with _sandbox(served):
        await stop.wait()
    return 0


async def _serve_in_console(served: Served) -> int:
    """Serve while the console is open."""
    from machine_console.app.application import MachineApp
    from machine_console.session.local_session import LocalSession

    async with _sandbox(served) as server:
        return await MachineApp(LocalSession(runtime_around(server)), title="machine sandbox").run_async() or 0


async def _serve_in_repl(served: Served) -> int:
    """Serve while there is input."""
    import asyncio

    from machine_console.repl.standalone import run_repl

    async with _sandbox(served) as server:
        talk = asyncio.create_task(run_repl(runtime_around(server)))
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, talk.cancel)  # the state is saved then, too
        try:
            return await talk
        except asyncio.CancelledError:
            return 0


def runtime_around(server: Sandbox) -> Runtime:
    """What console and REPL need to play the people of a workspace that is served; it stores nothing."""
    from machine.settings import Settings
    from machine_console.runtime.runtime import Runtime

    settings = Settings.check({"STORAGE_BACKEND": "machine.storage.backends.memory.MemoryStorage"})
    return Runtime(settings, Path.cwd(), hosting=server)


@contextlib.asynccontextmanager
async def _sandbox(served: Served) -> AsyncIterator[Sandbox]:
    """The workspace, served, with its address told."""
    from machine.sandbox import Recording, Sandbox, kept_state
    from machine_console.runtime.runtime import workspace_of

    workspace = workspace_of(Path.cwd(), served.users)
    with contextlib.ExitStack() as stack:
        if served.state is not None:
            stack.enter_context(kept_state(workspace, served.state))
        witness = None if served.record is None else stack.enter_context(Recording(served.record))
        async with Sandbox(workspace, port=served.port, witness=witness) as server:
            _tell(server, as_json=served.as_json)
            yield server


def _tell(server: Sandbox, *, as_json: bool) -> None:
    facts = {"api_url": server.api_url, "bot_token": server.bot_token, "app_token": server.app_token}
    if as_json:
        control = {"control_url": server.control_url, "control_token": server.control_token}
        print(json.dumps({**facts, **control, "user_tokens": server.user_tokens}), flush=True)
        return
    typer.echo(f"The workspace {server.workspace.team.name} is at {server.api_url}")
    typer.echo("Give these to any Slack SDK, or to a bot of this framework (Ctrl-C stops the workspace):\n")
    for name, value in facts.items():
        typer.echo(f"  export SM_SLACK_{name.upper()}={value}")
    name, token = next(iter(server.user_tokens.items()))
    typer.echo(f"\nTo act as a person, call the Web API with their token; that of {name} is {token}")
    typer.echo(f"To click, run commands and submit modals as one, POST to {server.control_url}")
    typer.echo(f"with the token {server.control_token}, or add --console or --repl")
