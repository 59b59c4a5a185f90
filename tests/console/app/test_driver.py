"""A terminal that reads nothing costs frames, and never holds up the bot."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.waiting import NET_S

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]

APPLICATION = """
import sys
from pathlib import Path

from textual.app import App, ComposeResult
from textual.widgets import Static

from machine_console.app.driver import SafeDriver


class Noisy(App[int]):
    def compose(self) -> ComposeResult:
        yield Static(id="text")

    def on_mount(self) -> None:
        self.beats = 0
        self.set_interval(0.01, self.beat)

    def beat(self) -> None:
        self.beats += 1
        rows = (f"beat {self.beats} " + chr(65 + (self.beats + row) % 26) * 60 for row in range(22))
        self.query_one("#text", Static).update("\\n".join(rows))
        Path(sys.argv[1]).write_text(f"{self.beats} {self._driver.frames_dropped}")

    def action_quit(self) -> None:
        self.exit(0)

    def on_safe_driver_terminal_gone(self) -> None:
        self.exit(3)


sys.exit(Noisy(driver_class=SafeDriver).run())
"""


class Terminal:
    """A pseudo-terminal with an application in it, which is read only when asked to."""

    def __init__(self, report: Path) -> None:
        self._controller, follower = pty.openpty()
        environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24", "PYTHONPATH": str(ROOT)}
        self.process = subprocess.Popen(
            [sys.executable, "-c", APPLICATION, str(report)],
            stdin=follower,
            stdout=follower,
            stderr=follower,
            env=environment,
            cwd=ROOT,
        )
        os.close(follower)
        self._report = report

    def counts(self) -> tuple[int, int]:
        """How often the application's loop came round, and how many frames it left out."""
        words = self._report.read_text().split() if self._report.exists() else []
        return (int(words[0]), int(words[1])) if len(words) == 2 else (0, 0)

    def read_until(self, is_enough: Callable[[bytes], bool]) -> bytes:
        """Read what the application draws."""
        seen = b""
        deadline = time.monotonic() + NET_S
        while not is_enough(seen):
            assert time.monotonic() < deadline, seen[-500:]
            if select.select([self._controller], [], [], 0.1)[0]:
                try:
                    seen += os.read(self._controller, 65536)
                except OSError:  # the application has gone
                    return seen
        return seen

    def type(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self._controller, keys)

    def close(self) -> None:
        """Leave nothing behind."""
        self.process.kill()
        self.process.wait()
        if self._controller >= 0:
            self.hang_up()

    def hang_up(self) -> None:
        """Close the terminal; it is not the application's controlling one, so no signal tells of it."""
        os.close(self._controller)
        self._controller = -1


def wait_until(is_true: Callable[[], bool]) -> None:
    """Wait for something that happens in the other process."""
    deadline = time.monotonic() + NET_S
    while not is_true():
        assert time.monotonic() < deadline, "it did not come to pass"
        select.select([], [], [], 0.02)


def test_a_terminal_that_stops_reading_does_not_stop_the_loop(tmp_path: Path) -> None:
    """Ctrl-S or a hung ssh must not make the bot deaf; Textual's own driver blocks after some thirty writes."""
    terminal = Terminal(tmp_path / "report")
    try:
        terminal.read_until(lambda seen: b"beat" in seen)

        wait_until(lambda: terminal.counts()[1] > 100)
        beats, _ = terminal.counts()
        wait_until(lambda: terminal.counts()[0] > beats + 100)

        caught_up = terminal.counts()[0]
        numbers = range(caught_up, caught_up + 100_000)
        terminal.read_until(lambda seen: any(b"beat %d " % number in seen for number in numbers[:400]))
        terminal.type(b"\x11")
        terminal.read_until(lambda seen: b"\x1b[?1049l" in seen)
        assert terminal.process.wait(NET_S) == 0
    finally:
        terminal.close()


def test_a_terminal_that_is_gone_ends_the_application(tmp_path: Path) -> None:
    """Else it would go on unseen, with a thread that reads the terminal's end for ever."""
    terminal = Terminal(tmp_path / "report")
    try:
        terminal.read_until(lambda seen: b"beat" in seen)
        terminal.hang_up()

        assert terminal.process.wait(NET_S) == 3
    finally:
        terminal.close()


def test_quitting_with_a_stalled_terminal_ends_the_process(tmp_path: Path) -> None:
    """Nothing hangs."""
    terminal = Terminal(tmp_path / "report")
    try:
        terminal.read_until(lambda seen: b"beat" in seen)
        wait_until(lambda: terminal.counts()[1] > 100)
        terminal.type(b"\x11")

        wait_until(lambda: terminal.process.poll() is not None)
    finally:
        terminal.close()
