"""The `machine` command as a process: started in a folder of its own, read line by line, ended by signals."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.console.terminal import MACHINE
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

    process: asyncio.subprocess.Process
    lines: list[str] = field(default_factory=list)
    waiter: Waiter = field(default_factory=Waiter)

    async def read(self) -> None:
        """Collect what it prints, until it ends."""
        assert self.process.stdout is not None
        async for line in self.process.stdout:
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
        """Send it a signal."""
        self.process.send_signal(number)

    async def ended(self) -> Ended:
        """Wait for its end."""
        assert self.process.stderr is not None
        async with asyncio.timeout(NET_S):
            err = await self.process.stderr.read()
            code = await self.process.wait()
            await self.waiter.until(lambda: self.process.stdout is None or self.process.stdout.at_eof(), "the end")
        return Ended(code, "".join(self.lines), err.decode())


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
    pipe = asyncio.subprocess.PIPE
    started = await asyncio.create_subprocess_exec(
        str(MACHINE),
        *arguments,
        cwd=folder,
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=pipe,
        stderr=pipe,
        preexec_fn=_hear_ctrl_c,
    )
    process = Process(started)
    reading = asyncio.create_task(process.read())
    reading.add_done_callback(process.waiter.notify)
    try:
        yield process
    finally:
        if started.returncode is None:
            started.kill()
            await started.wait()
        await reading
        transport = started._transport  # type: ignore[attr-defined]  # else closed only when collected, with a warning
        transport.close()


def _hear_ctrl_c() -> None:
    """Tests may run in the background of a shell, which has its children ignore it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


async def outcome(folder: Path, *arguments: str, **settings: str) -> Ended:
    """Run `machine` to its end."""
    async with machine(folder, *arguments, **settings) as process:
        return await process.ended()
