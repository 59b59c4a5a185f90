"""`machine sandbox`: the embedded workspace for bots in other processes, and its people played by hand."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import typer

from machine.sandbox import Recording, Sandbox, Workspace, kept_state
from machine.settings import Settings
from machine_console.runtime.runtime import WORKSPACE_FILE, Runtime


@dataclass(frozen=True, slots=True)
class Served:
    """What is served, and how.

    Attributes:
        port: On 127.0.0.1; 0 for a free one.
        as_json: Tell the address as one line of JSON.
        state: Where the workspace is kept.
        record: Where what happens is written down.
        users: How many people are generated.
    """

    port: int
    as_json: bool
    state: Path | None
    record: Path | None
    users: int | None


async def serve(served: Served, stop_signals: Callable[[], asyncio.Event]) -> int:
    """Serve the workspace until a signal comes."""
    stop = stop_signals()
    async with _sandbox(served):
        await stop.wait()
    return 0


async def serve_in_console(served: Served) -> int:
    """Serve the workspace, and show it in the console for people to be played there."""
    from machine_console.app.application import MachineApp  # noqa: PLC0415 - imports Textual

    async with _sandbox(served) as sandbox:
        return await MachineApp(_host(sandbox), title="machine sandbox").run_async() or 0


async def serve_in_repl(served: Served) -> int:
    """Serve the workspace, and take Python that plays people."""
    from machine_console.repl.standalone import run_repl  # noqa: PLC0415 - imports prompt-toolkit

    async with _sandbox(served) as sandbox:
        talk = asyncio.create_task(run_repl(_host(sandbox)))
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, talk.cancel)  # the state is saved then, too
        try:
            return await talk
        except asyncio.CancelledError:
            return 0


@contextlib.asynccontextmanager
async def _sandbox(served: Served) -> AsyncIterator[Sandbox]:
    """The workspace, served, with its address told."""
    description = Path.cwd() / WORKSPACE_FILE
    is_described = description.exists()
    users = served.users
    workspace = Workspace.from_toml(description, users=users) if is_described else Workspace.default(users=users)
    with contextlib.ExitStack() as stack:
        if served.state is not None:
            stack.enter_context(kept_state(workspace, served.state))
        witness = None if served.record is None else stack.enter_context(Recording(served.record))
        async with Sandbox(workspace, port=served.port, witness=witness) as sandbox:
            _tell(sandbox, as_json=served.as_json)
            yield sandbox


def _tell(sandbox: Sandbox, *, as_json: bool) -> None:
    facts = {"api_url": sandbox.api_url, "bot_token": sandbox.bot_token, "app_token": sandbox.app_token}
    if as_json:
        control = {"control_url": sandbox.control_url, "control_token": sandbox.control_token}
        print(json.dumps({**facts, **control, "user_tokens": sandbox.user_tokens}), flush=True)
        return
    typer.echo(f"The workspace {sandbox.workspace.team.name} is at {sandbox.api_url}")
    typer.echo("Give these to any Slack SDK, or to a bot of this framework (Ctrl-C stops the workspace):\n")
    for name, value in facts.items():
        typer.echo(f"  export SM_SLACK_{name.upper()}={value}")
    name, token = next(iter(sandbox.user_tokens.items()))
    typer.echo(f"\nTo act as a person, call the Web API with their token; that of {name} is {token}")
    typer.echo(f"To click, run commands and submit modals as one, POST to {sandbox.control_url}")
    typer.echo(f"with the token {sandbox.control_token}, or add --console or --repl")


def _host(sandbox: Sandbox) -> Runtime:
    settings = Settings.check({"STORAGE_BACKEND": "machine.storage.backends.memory.MemoryStorage"})
    return Runtime(settings, Path.cwd(), hosting=sandbox)
