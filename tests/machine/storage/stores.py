"""The storage backends as the tests drive them: each with its own way to open it and to let time pass."""

from __future__ import annotations

import asyncio
import importlib
import os
import shutil
import socket
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import pytest

from machine.errors import StorageError
from machine.storage.backends.base import MachineBaseStorage


class FakeClock:
    """A clock that stands still until it is told to move on."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now

    async def advance(self, seconds: float) -> None:
        self.now += seconds


@dataclass(frozen=True)
class Store:
    """One kind of backend over one set of data.

    Attributes:
        new: Makes a backend that is not yet initialised; several share the data where `is_persistent`.
        advance: Lets time pass for what is stored.
        is_persistent: The data is still there after closing and opening again.
    """

    name: str
    new: Callable[[], MachineBaseStorage]
    advance: Callable[[float], Awaitable[None]]
    is_persistent: bool = True


def skip_or_fail(reason: str) -> NoReturn:
    """Where services are promised (in CI), a missing one is a failure."""
    if os.environ.get("MACHINE_REQUIRE_SERVICES") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def optional_module(name: str) -> Any:
    """A module that needs an extra or a service's package; without it the test is skipped."""
    try:
        return importlib.import_module(name)
    except (ImportError, StorageError) as error:
        skip_or_fail(str(error))


@contextmanager
def running_redis(folder: Path) -> Iterator[dict[str, Any]]:
    """A real redis-server of our own, as `{"port": ..., "socket": ...}`; it keeps nothing on disk."""
    program = shutil.which("redis-server")
    if program is None:
        skip_or_fail("redis-server is not installed")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    unix_socket = folder / "redis.sock"
    configuration = folder / "redis.conf"
    configuration.write_text(
        f"bind 127.0.0.1\nport {port}\nunixsocket {unix_socket}\ndir {folder}\n"
        'save ""\nappendonly no\nuser ada on >p@ss/word ~* &* +@all\n'
    )
    server = subprocess.Popen([program, str(configuration)], stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    try:
        log: list[str] = []
        for line in server.stdout:
            log.append(line)
            if "eady to accept connections" in line:
                break
        else:
            pytest.fail("redis-server did not start:\n" + "".join(log))
        yield {"port": port, "socket": unix_socket}
    finally:
        server.terminate()
        server.stdout.close()
        server.wait()


async def shorten_lifetimes(url: str, prefix: str, seconds: float) -> None:
    """Let time pass for the keys of a Redis: its clock cannot be set, but lifetimes can."""
    async with optional_module("redis.asyncio").Redis.from_url(url) as client:
        async for key in client.scan_iter(match=f"{prefix}*"):
            left_ms = await client.pttl(key)
            if left_ms >= 0:
                await client.pexpire(key, left_ms - int(seconds * 1000))


async def gather_all(*operations: Awaitable[Any]) -> list[Any]:
    """The results of operations that run at once."""
    return list(await asyncio.gather(*operations))
