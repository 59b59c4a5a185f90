"""The `machine` command as a process: started in a folder of its own, read line by line, ended by signals."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.console.starting import MACHINE, start
from tests.waiting import NET_S, Waiter


@dataclass(frozen=True)
class Ended:
    """How a process ended."""

    code: int
    out: str
    err: str

    @property
    def everything(self) -> str:
        """Whatever it wrote."""
        return self.out + self.err


@dataclass
class Process:
    """A running `machine` command."""

    pid: int
    stdout: asyncio.StreamReader = field(default_factory=asyncio.StreamReader)
    stderr: asyncio.StreamReader = field(default_factory=asyncio.StreamReader)
    lines: list[str] = field(default_factory=list)
    waiter: Waiter = field(default_factory=Waiter)

    def __post_init__(self) -> None:
        # In a thread of its own: those of the loop are for the bots under test.
        self.ending = asyncio.get_running_loop().run_in_executor(ThreadPoolExecutor(1), os.waitpid, self.pid, 0)

    async def read(self) -> None:
        """Collect what it prints, until it ends."""
        async for line in self.stdout:
            self.lines.append(line.decode())
            self.waiter.notify()

    async def line(self, condition: Callable[[str], bool], what: str) -> str:
        """The first line for which `condition` holds, when it is there."""
        return await self.waiter.until(lambda: next(filter(condition, self.lines), None), what)

    async def event(self, name: str) -> dict[str, Any]:
        """The first JSON line with this event, when it is there."""
        line = await self.line(lambda line: line.startswith("{") and json.loads(line).get("event") == name, name)
        return dict(json.loads(line))

    def kill(self, number: signal.Signals) -> None:
        """Send it a signal, unless it has ended."""
        if not self.ending.done():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    async def ended(self) -> Ended:
        """Wait for its end."""
        async with asyncio.timeout(NET_S):
            err = await self.stderr.read()
            _, status = await asyncio.shield(self.ending)
            await self.waiter.until(self.stdout.at_eof, "the end")
        return Ended(os.waitstatus_to_exitcode(status), "".join(self.lines), err.decode())


def clean_environment(given: Mapping[str, str] = {}) -> dict[str, str]:
    """This process's environment without settings of a bot, and with those given."""
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith("SM_")}
    return {**kept, "COLUMNS": "100", **given}


def save(path: Path, text: str) -> None:
    """Write a file by rename: another process never finds half of it, however long this one is held up."""
    scratch = path.with_name(f".{path.name}.saving")
    scratch.write_text(text, encoding="utf-8")
    scratch.replace(path)


@contextlib.asynccontextmanager
async def machine(folder: Path, *arguments: str, **settings: str) -> AsyncIterator[Process]:
    """Run `machine` with arguments in a folder, with settings in the environment; killed at the end if need be."""
    environment = clean_environment({f"SM_{name}": value for name, value in settings.items()})
    async with contextlib.AsyncExitStack() as pipes:
        (out, stdout), (err, stderr), nothing = os.pipe(), os.pipe(), os.open(os.devnull, os.O_RDONLY)
        try:
            process = Process(start([MACHINE, *arguments], folder, environment, (nothing, stdout, stderr)))
        finally:
            for file in (nothing, stdout, stderr):
                os.close(file)
        for file, reader in ((out, process.stdout), (err, process.stderr)):
            await _connect(file, reader, pipes)
        reading = asyncio.create_task(process.read())
        reading.add_done_callback(process.waiter.notify)
        try:
            yield process
        finally:
            process.kill(signal.SIGKILL)
            await process.ending
            await reading


async def _connect(file: int, reader: asyncio.StreamReader, pipes: contextlib.AsyncExitStack) -> None:
    """Have a reader read a pipe."""
    protocol = asyncio.StreamReaderProtocol(reader)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, os.fdopen(file, "rb"))
    pipes.callback(transport.close)


async def outcome(folder: Path, *arguments: str, **settings: str) -> Ended:
    """Run `machine` to its end."""
    async with machine(folder, *arguments, **settings) as process:
        return await process.ended()
