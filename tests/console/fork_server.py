"""Forks `machine` processes that need not import the console: `starting.py` runs one such server in each worker."""

from __future__ import annotations

import atexit
import fcntl
import gc
import importlib
import json
import os
import signal
import socket
import sys
import termios
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

MODULES = (
    "machine_console.app.application",
    "machine_console.cli.doctor",
    "machine_console.cli.logs",
    "machine_console.cli.manifest",
    "machine_console.cli.plugins",
    "machine_console.cli.replay",
    "machine_console.cli.sign_storage",
    "machine_console.repl.remote.client",
    "machine_console.repl.standalone",
    "machine_console.runtime.headless",
)
"""What the commands import when they are used."""


class Request(TypedDict):
    """A process to start; its standard files come with the request."""

    command: Sequence[str]
    folder: str
    environment: dict[str, str]
    takes_terminal: bool


def wait_to_be_forked(control: socket.socket) -> None:
    """Fork for each request, and answer with the child's id; returns in the children only."""
    while True:
        message, files, _, _ = socket.recv_fds(control, 1 << 20, 3)
        if not message:
            os._exit(0)  # the tests are over
        reading, writing = os.pipe()
        # Whoever runs the tests adopts a child whose parent has gone, and can wait for it like for one of its own.
        between = os.fork()
        if between == 0:
            pid = os.fork()
            if pid == 0:
                for file in (reading, writing, control.detach()):
                    os.close(file)
                return _become(json.loads(message), files)
            os.write(writing, str(pid).encode())
            os._exit(0)
        os.close(writing)
        os.waitpid(between, 0)
        control.send(os.read(reading, 64))
        for file in (reading, *files):
            os.close(file)


def _become(request: Request, files: Sequence[int]) -> None:
    """Turn this process into one that was started as requested."""
    if request["takes_terminal"]:
        os.setsid()
        fcntl.ioctl(files[0], termios.TIOCSCTTY, 0)
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv = list(request["command"])
    sys.path[0] = str(Path(sys.argv[0]).parent)
    # As the interpreter opens them when it starts.
    sys.stdin = sys.__stdin__ = os.fdopen(0, encoding="utf-8", closefd=False)  # type: ignore[misc]
    is_terminal = os.isatty(1)
    sys.stdout = sys.__stdout__ = os.fdopen(1, "w", 1 if is_terminal else -1, "utf-8", closefd=False)  # type: ignore[misc]
    sys.stderr = sys.__stderr__ = os.fdopen(2, "w", 1, "utf-8", "backslashreplace", closefd=False)  # type: ignore[misc]


class Ending:
    """Ends a child without taking apart all that was imported, which takes longer than most commands.

    Attributes:
        code: The exit code, once `machine` has exited with one.
    """

    code: object = None

    def leave(self) -> None:
        """Do what the interpreter does, too: complain of what was not closed, and write out what was printed."""
        if isinstance(self.code, int):
            gc.collect()
            try:
                sys.stdout.flush()
                sys.stderr.flush()
            except OSError:
                return  # the interpreter has its own way of saying so
            os._exit(self.code)


if __name__ == "__main__":
    ending = Ending()
    atexit.register(ending.leave)  # before the imports: what was registered first comes last
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for pytest, which then closes the socket
    for module in MODULES:
        importlib.import_module(module)
    gc.collect()
    gc.freeze()
    wait_to_be_forked(socket.socket(fileno=int(sys.argv[1])))
    # In a child from here on, just as the installed script does it: what ends a process ends this one.
    from machine_console.__main__ import main

    try:
        main()
        sys.exit()
    except SystemExit as left:
        ending.code = 0 if left.code is None else left.code
        raise
