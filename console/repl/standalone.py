"""The REPL on a plain terminal, and without one: `machine repl`, `machine repl -c CODE`, `machine repl < script`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, TextIO

from prompt_toolkit.patch_stdout import patch_stdout
from rich.console import Console, RenderableType
from rich.text import Text

from console.history import History
from console.repl.completion import ReplCompleter, warm_up
from console.repl.conversation import Conversation
from console.repl.interrupt import interruptible
from console.repl.namespace import build_namespace
from console.repl.output import routed_output
from console.repl.rendering import render_error
from console.repl.session import Prompt
from console.runtime import Runtime
from machine.bot import Machine
from machine.errors import MachineError

HISTORY_FILE = ".machine/repl_history"
CANCELLED = 130
_PIPE_WIDTH = 160
"""Cells of a line where there is no terminal."""


async def run_repl(runtime: Runtime) -> int:
    """Start the bot and talk to it until the person leaves; without a terminal, run the script on standard input.

    Returns:
        The exit code: 0, or what `exit(code)` said; for a script 1 if it failed and 130 if it was interrupted.

    Raises:
        MachineError: The bot cannot start; the message says what to do.
    """
    if not sys.stdin.isatty():
        return await run_code(runtime, await asyncio.to_thread(sys.stdin.read))
    async with _running(runtime) as namespace:
        return await _talk(runtime, namespace)


async def run_code(runtime: Runtime, code: str) -> int:
    """Start the bot, run `code`, show what its last expression comes to, and stop the bot.

    Results and what the code prints go to standard output, errors to standard error.

    Returns:
        The exit code, as for `run_repl`.

    Raises:
        MachineError: The bot cannot start; the message says what to do.
    """
    async with _running(runtime) as namespace:
        results, errors = _console(sys.stdout), _console(sys.stderr)
        conversation = Conversation(
            namespace, _printer(results), lambda: results.width, write_error=_printer(errors), takes_sigint=True
        )
        with routed_output():
            outcome = await conversation.run(code)
    if outcome.exit_code is not None:
        return outcome.exit_code
    return CANCELLED if outcome.is_cancelled else int(bool(outcome.error))


async def _talk(runtime: Runtime, namespace: dict[str, Any]) -> int:
    warm_up()
    machine = runtime.machine
    direct = _console(sys.stdout)
    with patch_stdout(raw=True), interruptible(_ignore):
        above_prompt = _console(sys.stdout)

        def write(output: RenderableType) -> None:
            # what is printed while the prompt is there must be put above it
            _printer(above_prompt if prompt.app.is_running else direct)(output)

        with routed_output():
            conversation = Conversation(namespace, write, lambda: direct.width, takes_sigint=True)
            prompt = Prompt(
                ReplCompleter(conversation.namespace),
                runtime.project / HISTORY_FILE,
                label=machine.workspace_name if runtime.is_live else "",
                is_live=runtime.is_live,
            )
            write(_greeting(runtime))
            watching = asyncio.create_task(_tell_when_stopped(machine, write), name="repl-watch")
            try:
                return await _converse(prompt, conversation)
            finally:
                watching.cancel()


async def _tell_when_stopped(machine: Machine, write: Callable[[RenderableType], None]) -> None:
    """The prompt outlives the bot's connection, so say that it is gone."""
    try:
        await machine.wait_until_stopped()
    except MachineError as error:
        write(render_error(f"The bot has stopped: {error}"))


async def _converse(prompt: Prompt, conversation: Conversation) -> int:
    while True:
        try:
            source = await prompt.ask()
        except EOFError:
            return 0
        if source.strip():
            outcome = await conversation.run(source)
            if outcome.exit_code is not None:
                return outcome.exit_code


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
    return Console(file=stream, highlight=False, width=None if stream.isatty() else _PIPE_WIDTH)


def _printer(console: Console) -> Callable[[RenderableType], None]:
    return lambda output: console.print(output, soft_wrap=isinstance(output, Text))


def _ignore() -> None:
    """Ctrl-C in the moments in which neither a prompt nor an input is there to take it."""
