"""A real terminal for the application: tmux, its screen read as text, waited for without polling."""

from __future__ import annotations

import os
import select
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from tests.waiting import NET_S

MACHINE = Path(sys.executable).parent / "machine"


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
        self._exit_file = scratch / "exit-code"
        self._output = scratch / "output"
        os.mkfifo(self._output)
        self._reader = os.open(self._output, os.O_RDONLY | os.O_NONBLOCK)
        # Kept open for writing, so that the end of one writer is not the end of the stream.
        self._writer = os.open(self._output, os.O_WRONLY)
        settings = " ".join(f"{name}={shlex.quote(value)}" for name, value in (environment or {}).items())
        program = f"{settings} {shlex.join(map(str, command))}; echo $? > {shlex.quote(str(self._exit_file))}"
        hold = f"read -r _; {program}; echo ended; read -r _"
        size = ("-x", str(columns), "-y", str(lines))
        self._tmux("-f", "/dev/null", "new-session", "-d", *size, "-c", str(folder), "sh", "-c", hold)
        self._tmux("pipe-pane", f"cat > {shlex.quote(str(self._output))}")
        self.press("Enter")  # the program starts only now, when its output is watched

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._tmux("kill-server")
        os.close(self._reader)
        os.close(self._writer)

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
        self.wait_for(lambda screen: "ended" in screen and self._exit_file.exists())
        return int(self._exit_file.read_text())

    def _tmux(self, *arguments: str) -> str:
        # The size is tmux's to tell, and the settings of whoever runs the tests are none of the bot's.
        foreign = ("COLUMNS", "LINES", "TMUX")
        environment = {
            name: value for name, value in os.environ.items() if name not in foreign and not name.startswith("SM_")
        }
        command = ["tmux", "-S", str(self._socket), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
        return done.stdout


def _require_tmux() -> None:
    if shutil.which("tmux") is None:
        if os.environ.get("MACHINE_REQUIRE_SERVICES") == "1":
            pytest.fail("tmux is not installed")
        pytest.skip("tmux is not installed")
