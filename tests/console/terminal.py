"""Real terminals for the application: tmux, whose screen is read as text, and a pseudo-terminal for a dialogue."""

from __future__ import annotations

import os
import select
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pexpect
import pytest
from ptyprocess import PtyProcess

from tests.console.starting import FORKS, start
from tests.waiting import NET_S

LENDER = """
import fcntl, os, signal, socket, sys, termios
signal.signal(signal.SIGHUP, signal.SIG_IGN)
fcntl.ioctl(0, termios.TIOCNOTTY)
with socket.socket(socket.AF_UNIX) as connection:
    connection.connect(sys.argv[1])
    environment = "\\0".join(f"{name}={value}" for name, value in os.environ.items())
    socket.send_fds(connection, [environment.encode()], [0])
    connection.recv(1)
"""
"""Run in a terminal that another process is to have: lends it, with its environment, until the borrower hangs up."""


class Terminal:
    """A program in a tmux session of its own.

    Args:
        command: The program and its arguments.
        folder: Where it is started; the session's own files go to `scratch`.
        scratch: A folder for the session's own files.
        columns: Width of the terminal, in characters; `lines` is its height.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        folder: Path,
        scratch: Path,
        *,
        columns: int = 160,
        lines: int = 45,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        _require_tmux()
        self._socket = scratch / "tmux"
        self._output = scratch / "output"
        os.mkfifo(self._output)
        self._reader = os.open(self._output, os.O_RDONLY | os.O_NONBLOCK)
        # Kept open for writing, so that the end of one writer is not the end of the stream.
        self._files = [self._reader, os.open(self._output, os.O_WRONLY)]
        self._environment = environment or {}
        self._exit_file = scratch / "exit-code"
        self._pid: int | None = None
        size = ("-x", str(columns), "-y", str(lines))
        if FORKS:
            self._lend(command, folder, scratch / "lender", size)
        else:
            self._open(folder, size, "sh", "-c", self._script(command))
            self.press("Enter")  # the program starts only now, when its output is watched

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._pid is not None:
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
        self._tmux("kill-server")
        for file in self._files:
            os.close(file)

    @property
    def screen(self) -> str:
        """What the terminal shows, a line per row."""
        return self._tmux("capture-pane", "-p")

    def type(self, text: str) -> None:
        """Type a text, as it is."""
        self._tmux("send-keys", "-l", text)

    def press(self, *keys: str) -> None:
        """Press keys by their tmux names: `Enter`, `C-q`, `F6`."""
        self._tmux("send-keys", *keys)

    def resize(self, columns: int, lines: int) -> None:
        """Change the size of the terminal."""
        self._tmux("resize-window", "-x", str(columns), "-y", str(lines))

    def wait_for(self, what: str | Callable[[str], bool]) -> str:
        """Wait until the screen shows a text, or satisfies a condition; returns the screen."""
        condition = (lambda screen: what in screen) if isinstance(what, str) else what
        deadline = time.monotonic() + NET_S
        while not condition(screen := self.screen):
            left = deadline - time.monotonic()
            if left <= 0:
                pytest.fail(f"The screen never showed {what!r}; it shows:\n{screen}")
            if select.select([self._reader], [], [], min(left, 1.0))[0]:
                os.read(self._reader, 1 << 20)
        return screen

    def wait_for_exit(self) -> int:
        """Wait until the program has ended; returns its exit code."""
        if self._pid is not None:
            if not _has_ended(self._pid):
                pytest.fail(f"The program has not ended; the screen shows:\n{self.screen}")
            _, status = os.waitpid(self._pid, 0)
            self._pid = None
            self._exit_file.write_text(str(os.waitstatus_to_exitcode(status)))
            os.write(self._files[-1], b"ended\r\n")
        self.wait_for(lambda screen: "ended" in screen and self._exit_file.exists())
        return int(self._exit_file.read_text())

    def _open(self, folder: Path, size: Sequence[str], *command: str) -> None:
        self._tmux("-f", "/dev/null", "new-session", "-d", *size, "-c", str(folder), *command)
        self._tmux("pipe-pane", f"cat > {shlex.quote(str(self._output))}")

    def _script(self, command: Sequence[str | Path]) -> str:
        settings = " ".join(f"{name}={shlex.quote(value)}" for name, value in self._environment.items())
        program = f"{settings} {shlex.join(map(str, command))}; echo $? > {shlex.quote(str(self._exit_file))}"
        return f"read -r _; {program}; echo ended; read -r _"

    def _lend(self, command: Sequence[str | Path], folder: Path, path: Path, size: Sequence[str]) -> None:
        """Have a process in the terminal give it up, and start the program there in its place."""
        with socket.create_server(str(path), family=socket.AF_UNIX) as server:
            self._open(folder, size, sys.executable, "-I", "-S", "-c", LENDER, str(path))
            server.settimeout(NET_S)
            connection, _ = server.accept()
        environment, (tty,), _, _ = socket.recv_fds(connection, 1 << 16, 1)
        self._files += [connection.detach(), tty]
        given = dict(line.split("=", 1) for line in environment.decode().split("\0"))
        self._pid = start(command, folder, {**given, **self._environment}, (tty, tty, tty), takes_terminal=True)

    def _tmux(self, *arguments: str) -> str:
        # The size is tmux's to tell, and the settings of whoever runs the tests are none of the bot's.
        foreign = ("COLUMNS", "LINES", "TMUX")
        environment = {
            name: value for name, value in os.environ.items() if name not in foreign and not name.startswith("SM_")
        }
        command = ["tmux", "-S", str(self._socket), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
        return done.stdout


class Dialogue(pexpect.spawn):  # type: ignore[misc]  # pexpect has no types
    """A `machine` command in a pseudo-terminal, to be talked to line by line."""

    def _spawnpty(
        self,
        args: Sequence[bytes],
        *,
        cwd: str,
        env: Mapping[str, str] | None,
        dimensions: tuple[int, int] = (24, 80),
        **_: Any,
    ) -> PtyProcess:
        ours, its = os.openpty()
        termios.tcsetwinsize(its, dimensions)
        self.delaybeforesend = None  # nothing is sent before what is waited for
        try:
            command = [os.fsdecode(word) for word in args]
            pid = start(command, Path(cwd), os.environ if env is None else env, (its, its, its), takes_terminal=True)
        finally:
            os.close(its)
        return PtyProcess(pid, ours)


def _has_ended(pid: int) -> bool:
    """Wait for the end of a process, which need not be a child of this one."""
    with os.fdopen(os.pidfd_open(pid)) as process:
        return bool(select.select([process], [], [], NET_S)[0])


def _require_tmux() -> None:
    if shutil.which("tmux") is None:
        if os.environ.get("MACHINE_REQUIRE_SERVICES") == "1":
            pytest.fail("tmux is not installed")
        pytest.skip("tmux is not installed")
