"""A program under test, in a process of its own: the processor time and the memory that it takes."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self


class MeasuredProcess:
    """A Python program, killed at the end of the block.

    It runs in an empty folder of its own, which goes with it. That is made in the current folder: where temporary files
    are kept in memory, writing would cost less than it does.

    Args:
        script: The program.
        arguments: Its arguments.
    """

    def __init__(self, script: str | Path, *arguments: str) -> None:
        self._folder = TemporaryDirectory(dir=Path.cwd(), prefix="benchmark-")
        command = [sys.executable, Path(script).resolve(), *arguments]
        self._process = subprocess.Popen(command, cwd=self._folder.name)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        self._folder.cleanup()

    @property
    def cpu_s(self) -> float:
        """Seconds of processor time that it has used, all of its threads together, to the nanosecond."""
        # A process's clock has a number made of the process's: clock_getcpuclockid(3), which Python does not offer.
        return time.clock_gettime((~self._process.pid << 3) | 2)

    @property
    def peak_mb(self) -> float:
        """The most memory that it had, in MB."""
        return peak_mb(self._process.pid)


def peak_mb(process_id: int) -> float:
    """The most memory that a running process had, in MB."""
    status = Path(f"/proc/{process_id}/status").read_text(encoding="utf-8")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024
