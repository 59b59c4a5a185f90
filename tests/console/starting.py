"""Starts `machine` processes: forked from one that has imported the console, or the executable where that says more."""

from __future__ import annotations

import ctypes
import fcntl
import functools
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import termios
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.console import fork_server

MACHINE = Path(sys.executable).parent / "machine"
FORKS = sys.platform == "linux" and os.environ.get("MACHINE_TESTS_FORK", "1") != "0"
"""Whether `machine` is forked; imports are most of what a process costs."""

_PR_SET_CHILD_SUBREAPER = 36


def _interpreter(environment: Mapping[str, str]) -> dict[str, str]:
    """What an interpreter reads when it starts, and never again."""
    return {name: value for name, value in environment.items() if name.startswith("PYTHON")}


_OWN = _interpreter(os.environ)


def start(
    command: Sequence[str | Path],
    folder: Path,
    environment: Mapping[str, str],
    files: tuple[int, int, int],
    *,
    takes_terminal: bool = False,
) -> int:
    """Start a process; returns its id, for which this process can wait with `os.waitpid`.

    Args:
        command: The program and its arguments. `MACHINE` is forked, unless `environment` is for the start of Python.
        folder: Where it runs.
        environment: All of its environment.
        files: Its standard input, output and error output.
        takes_terminal: Whether the terminal behind its standard input controls it, in a session of its own.
    """
    words = [str(word) for word in command]
    if FORKS and words[0] == str(MACHINE) and _interpreter(environment) == _OWN:
        request = fork_server.Request(
            command=words, folder=str(folder), environment=dict(environment), takes_terminal=takes_terminal
        )
        server = _fork_server()
        socket.send_fds(server, [json.dumps(request).encode()], files)
        return int(server.recv(64))
    process = subprocess.Popen(
        words,
        cwd=folder,
        env=environment,
        stdin=files[0],
        stdout=files[1],
        stderr=files[2],
        start_new_session=takes_terminal,
        preexec_fn=functools.partial(_begin, takes_terminal=takes_terminal),  # noqa: PLW1509 - it takes no lock
    )
    process.returncode = 0  # it is waited for by its id
    return process.pid


def run(
    command: Sequence[str | Path], folder: Path, environment: Mapping[str, str], *, script: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a process to its end, with a script at its standard input; see `start`."""
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        given.write(script.encode())
        given.seek(0)
        pid = start(command, folder, environment, (given.fileno(), out.fileno(), err.fileno()))
        _, status = os.waitpid(pid, 0)
        for file in (out, err):
            file.seek(0)
        code = os.waitstatus_to_exitcode(status)
        return subprocess.CompletedProcess(command, code, out.read().decode(), err.read().decode())


def _begin(*, takes_terminal: bool) -> None:
    if takes_terminal:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    # Tests may run in the background of a shell, which has its children ignore it.
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@functools.cache
def _fork_server() -> socket.socket:
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)  # what it forks is ours
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with its:
        command = [sys.executable, fork_server.__file__, str(its.fileno())]
        process = subprocess.Popen(command, pass_fds=[its.fileno()], stdin=subprocess.DEVNULL)
    process.returncode = 0  # it ends when this process does
    return ours
