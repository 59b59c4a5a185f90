"""Accepting connections, also when the process has no file descriptors left."""

from __future__ import annotations

import asyncio
import resource
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from structlog.testing import capture_logs

from machine.accepting import Acceptor
from tests.waiting import Waiter


@contextmanager
def no_file_descriptors() -> Iterator[None]:
    """This process can open nothing more."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    with socket.socket() as lowest:
        free = lowest.fileno()
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


async def test_without_file_descriptors_it_says_so_once_and_waits_a3(monkeypatch: pytest.MonkeyPatch) -> None:
    """A3: the kernel calls the socket readable all the time; who waits is served when there is room again."""
    monkeypatch.setattr("machine.accepting.RETRY_S", 0.01)
    waiter = Waiter()
    accepted: list[socket.socket] = []
    loop = asyncio.get_running_loop()

    def take(connection: socket.socket) -> None:
        accepted.append(connection)
        waiter.notify()

    with socket.create_server(("127.0.0.1", 0)) as listening, socket.socket() as client:
        acceptor = Acceptor(listening, take, "HTTP")
        with capture_logs() as logs, no_file_descriptors():
            client.connect(listening.getsockname())  # the kernel does so by itself
            acceptor._accept()
            is_looking = loop.remove_reader(listening)
            acceptor._accept()
        await waiter.until(lambda: accepted, "a connection")
        acceptor.close()
        accepted[0].close()

    assert not is_looking
    [line] = logs
    assert (line["server"], line["reason"], line["log_level"]) == ("HTTP", "Too many open files", "error")
    assert "ulimit -n" in line["event"]
