"""The REPL on a plain terminal, and without one: `machine repl`, `machine repl script.py`, `machine repl < script`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, TextIO

from prompt_toolkit.patch_stdout import patch_stdout
from rich.console import Console, RenderableType
from rich.text import Text

from machine.bot import Machine
from machine.errors import MachineError
from machine.read_only import is_read_only
from machine_console.history.history import History
from machine_console.repl.language.interrupt import interruptible
from machine_console.repl.language.output import routed_output
from machine_console.repl.prompt.completion import ReplCompleter, warm_up
from machine_console.repl.prompt.plain_output import PlainOutput
from machine_console.repl.prompt.prompt import Prompt
from machine_console.repl.prompt.rendering import render_error
from machine_console.repl.prompt.session import Session, converse
from machine_console.repl.remote.service import HISTORY_FILE, editing_mode
from machine_console.repl.verbs.namespace import build_namespace
from machine_console.runtime.editor import edit_text
from machine_console.runtime.runtime import Runtime


async def run_repl(runtime: Runtime, *, as_json: bool = False, read_only: bool = False, mode: str = "") -> int:
    """Start the bot and talk to it until the person leaves; without a terminal, run the script on standard input.

    Args:
        runtime: The bot, not started.
        as_json: Of a script, print the result as JSON.
        read_only: Refuse what would change anything.
        mode: The keys are those of `vi` or of `emacs`; by default as the settings say.

    Returns:
        The exit code: 0, or what `exit(code)` said; for a script 1 if it failed and 130 if it was interrupted.

    Raises:
        MachineError: The bot cannot start; the message says what to do.
    """
    if not sys.stdin.isatty():
        code = await asyncio.to_thread(sys.stdin.read)
        return await run_code(runtime, code, as_json=as_json, read_only=read_only)
    async with _running(runtime) as namespace:
        is_read_only.set(read_only)
        return await _talk(runtime, namespace, mode or editing_mode(runtime.settings))


async def run_code(runtime: Runtime, code: str, *, as_json: bool = False, read_only: bool = False) -> int:
    """Start the bot, run `code`, show what its last expression comes to, and stop the bot.

    Results and what the code prints go to standard output, errors to standard error.

    Args:
        runtime: The bot, not started.
        code: What to run.
        as_json: Print the result as JSON; what the code prints goes to standard error then.
        read_only: Refuse what would change anything.

    Returns:
        The exit code, as for `run_repl`.

    Raises:
        MachineError: The bot cannot start; the message says what to do.
    """
    async with _running(runtime) as namespace:
        is_read_only.set(read_only)
        output = PlainOutput(sys.stdout, sys.stderr, as_json=as_json)
        session = Session(
            namespace,
            output.write,
            lambda: output.width,
            write_error=output.write_error,
            takes_sigint=True,
            display=output.display,
        )
        with routed_output():
            return (await session.run(code)).status


async def _talk(runtime: Runtime, namespace: dict[str, Any], mode: str) -> int:
    warm_up()
    machine = runtime.machine
    direct = _console(sys.stdout)
    with patch_stdout(raw=True), interruptible(_ignore):
        above_prompt = _console(sys.stdout)

        def write(output: RenderableType) -> None:
            # what is printed while the prompt is there must be put above it
            _printer(above_prompt if prompt.app.is_running else direct)(output)

        with routed_output():
            session = Session(
                namespace,
                write,
                lambda: direct.width,
                takes_sigint=True,
                ask=lambda question: prompt.confirm(question),  # noqa: PLW0108 - the prompt comes into being below
                edit=edit_text,
            )
            prompt = Prompt(
                ReplCompleter(session.namespace),
                runtime.project / HISTORY_FILE,
                label=machine.workspace_name if runtime.is_live else "",
                is_live=runtime.is_live,
                mode=mode,
                names=session.namespace,
            )
            write(_greeting(runtime))
            watching = asyncio.create_task(_tell_when_stopped(machine, write), name="repl-watch")
            try:
                return await converse(prompt, session)
            finally:
                watching.cancel()


async def _tell_when_stopped(machine: Machine, write: Callable[[RenderableType], None]) -> None:
    """The prompt outlives the bot's connection, so say that it is gone."""
    try:
        await machine.wait_until_stopped()
    except MachineError as error:
        write(render_error(f"The bot has stopped: {error}"))


def _greeting(runtime: Runtime) -> Text:
    machine = runtime.machine
    where = "LIVE in" if runtime.is_live else "in the sandbox"
    return Text.assemble(
        (f"{machine.identity.name} {where} {machine.workspace_name}", "bold red" if runtime.is_live else "bold"),
        (". help lists the verbs, Ctrl-D leaves.", "dim"),
    )


@asynccontextmanager
async def _running(runtime: Runtime) -> AsyncIterator[dict[str, Any]]:
    """The started bot's names; it is stopped afterwards."""
    history = History()
    unsubscribe = runtime.trace.subscribe(history.record)
    try:
        await runtime.start()
        workspace = runtime.sandbox.workspace if runtime.sandbox is not None else None
        yield build_namespace(runtime.machine, history, workspace)
    finally:
        await runtime.stop()
        unsubscribe()


def _console(stream: TextIO) -> Console:
    return Console(file=stream, highlight=False)


def _printer(console: Console) -> Callable[[RenderableType], None]:
    return lambda output: console.print(output, soft_wrap=isinstance(output, Text))


def _ignore() -> None:
    """Ctrl-C in the moments in which neither a prompt nor an input is there to take it."""
