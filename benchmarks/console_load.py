"""What showing the console costs the bot, and how quickly it answers keys under load.

    uv run python benchmarks/console_load.py [--json FILE]

Three things are measured, the console each time in a process of its own on a pseudo-terminal of 160x45 that is read:

- throughput: a workspace in another process posts 1,000 messages at once, until each has been answered by the bot;
  headless, and with the console shown, in turn, 4 times each and 8 bursts each time. Wanted: at least 0.9 of headless.
- keys: the cursor of the list of events is moved while 1,000 events a second arrive; from the driver having the key to
  the repaint having been handed to the terminal. Wanted: p99 below 50 ms.
- stall: the same load while nobody reads the terminal for 8 s; the longest time the event loop ran nothing. Wanted:
  below 100 ms. A second figure is the same without a stall, which is what the load itself takes.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import pty
import select
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from result_files import Wanted, parser, write
from textual.events import Key
from textual.message import Message
from textual.screen import Screen

from machine.envelope import Envelope
from machine.logs import configure_logging
from machine.sandbox import Sandbox, Workspace
from machine.sandbox.state.changes import Change, MessagePosted
from machine.settings import Settings
from machine.trace import (
    Considered,
    EnvelopeAcknowledged,
    EnvelopeReceived,
    HandlersConsidered,
    InvocationFinished,
    InvocationStarted,
    Trace,
)
from machine_console.app.application import MachineApp
from machine_console.app.driver import SafeDriver
from machine_console.runtime.runtime import Runtime
from machine_console.session.local_session import LocalSession

MESSAGES, TURNS, BURSTS = 1_000, 4, 8
SETTLE_S = 5.0  # the console reads ahead for its completions at first, on a thread
EVENTS_PER_S, KEYS, KEYS_PER_S = 1_000, 200, 20
STALL_S = 8.0
PLUGIN = """
from machine.plugins import MachineBasePlugin
from machine.plugins.decorators import listen_to

class Echo(MachineBasePlugin):
    @listen_to(r"^say (?P<what>.+)")
    async def echo(self, msg, what):
        await msg.say(what)
"""


class Posting:
    """The workspace, in a process of its own: posts messages and sees when they have been answered."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._workspace = sandbox.workspace
        self._answers = 0
        self._wanted = 0
        self._all_there = asyncio.Event()
        self._workspace.subscribe(self._happened)

    def _happened(self, change: Change) -> None:
        if isinstance(change, MessagePosted) and not change.message.text.startswith("say "):
            self._answers += 1
            if self._answers >= self._wanted:
                self._all_there.set()

    async def burst(self, messages: int) -> float:
        """Post so many; returns the seconds until the last has been answered."""
        self._answers, self._wanted = 0, messages
        self._all_there.clear()
        started = time.perf_counter()
        for number in range(messages):
            self._workspace.post("alice", "general", f"say number {number}")
        await self._all_there.wait()
        return time.perf_counter() - started


async def serve(result: Path) -> None:
    """Serve a workspace, wait for the bot, and measure."""
    async with Sandbox(Workspace.default()) as sandbox:
        print(json.dumps([sandbox.api_url, sandbox.bot_token, sandbox.app_token]), flush=True)
        posting = Posting(sandbox)
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(posting.burst(1), 0.5)
                break
        await asyncio.sleep(SETTLE_S)
        result.write_text(json.dumps([await posting.burst(MESSAGES) for _ in range(BURSTS)]))


async def load(trace: Trace, until: Callable[[], bool]) -> None:
    """Let events arrive, as records of the trace."""
    began, count = time.perf_counter(), 0
    while not until():
        due = int((time.perf_counter() - began) * EVENTS_PER_S)
        for number in range(count, due):
            emit_event(trace, number)
        count = due
        await asyncio.sleep(0.005)


def emit_event(trace: Trace, number: int) -> None:
    """One event with one handler, as the dispatcher would tell of it."""
    event = {"type": "message", "user": "U1", "channel": "C1", "text": f"message {number} for everybody to read"}
    envelope = Envelope(f"load{number}", "events_api", {"event": event})
    ids: dict[str, Any] = {"envelope_id": envelope.id}
    handler = "plugins.echo.Echo.echo"
    trace.emit(EnvelopeReceived(envelope=envelope, **ids))
    trace.emit(EnvelopeAcknowledged(answer=None, duration=timedelta(milliseconds=1), **ids))
    considered = Considered(handler, 'listen_to("message")', is_match=True, reason="the pattern is in the text")
    trace.emit(HandlersConsidered(matched=(considered,), explain=lambda: (considered,), **ids))
    trace.emit(InvocationStarted(handler=handler, invocation_id=f"l{number}", **ids))
    took = timedelta(milliseconds=3)
    trace.emit(InvocationFinished(handler=handler, duration=took, invocation_id=f"l{number}", **ids))


class TimedDriver(SafeDriver):
    """Notes when a key came in."""

    pressed_at = 0.0

    def process_message(self, message: Message) -> None:
        """Note a key, and pass it on."""
        if isinstance(message, Key):
            self.pressed_at = time.perf_counter()
        super().process_message(message)


class Measured(MachineApp):
    """The console, measuring itself while it does one of the three things."""

    def __init__(self, runtime: Runtime, task: str, result: Path) -> None:
        super().__init__(LocalSession(runtime), title="benchmark")
        self._trace = runtime.trace
        self._task_name = task
        self._result = result
        self._answered: list[float] = []
        self._awaited = 0.0
        self._gap = 0.0

    def get_driver_class(self) -> type[SafeDriver]:
        """The console's own driver, with a clock."""
        return TimedDriver

    def on_mount(self) -> None:
        """Begin once the bot is connected."""
        self.run_worker(self._measure())

    async def _measure(self) -> None:
        while self.status.connection != "connected":
            await asyncio.sleep(0.05)
        await asyncio.sleep(1)
        measured = await {"keys": self._keys, "stall": self._stall, "calm": self._stall}[self._task_name]()
        self._result.write_text(json.dumps(measured))
        await self.action_quit()

    async def _keys(self) -> list[float]:
        self.go_to(self.events_pane)
        is_over = threading.Event()
        pressing = threading.Thread(target=self._press, args=(is_over,), daemon=True)
        loading = asyncio.ensure_future(load(self._trace, is_over.is_set))
        await asyncio.sleep(2)
        pressing.start()
        await loading
        return self._answered

    def _press(self, is_over: threading.Event) -> None:
        driver = self._driver
        for number in range(KEYS):
            if isinstance(driver, TimedDriver):
                driver.process_message(Key("up" if number % 20 < 10 else "down", None))
                self._awaited = driver.pressed_at
            time.sleep(1 / KEYS_PER_S)
        is_over.set()

    def _display(self, screen: Screen[Any], renderable: Any) -> None:
        super()._display(screen, renderable)
        driver = self._driver
        if isinstance(driver, TimedDriver) and driver.pressed_at and self.events_pane.main().moved:  # type: ignore[attr-defined]  # set below
            self._answered.append((time.perf_counter() - driver.pressed_at) * 1000)
            driver.pressed_at = 0.0
            self.events_pane.main().moved = False  # type: ignore[attr-defined]  # set below

    async def _stall(self) -> list[float]:
        print("stalling", file=sys.__stdout__, flush=True)
        end = time.perf_counter() + STALL_S + 2
        loop = asyncio.get_running_loop()
        self._beat(loop, loop.time())
        await load(self._trace, lambda: time.perf_counter() > end)
        return [self._gap * 1000]

    def _beat(self, loop: asyncio.AbstractEventLoop, last: float) -> None:
        now = loop.time()
        self._gap = max(self._gap, now - last)
        loop.call_later(0.005, self._beat, loop, now)


def watch_moves() -> None:
    """Have the list say when a key has moved its cursor."""
    from machine_console.panes.events.pane import EventList  # noqa: PLC0415 - only here

    move = EventList.action_move

    def action_move(self: EventList, rows: int) -> None:
        move(self, rows)
        self.moved = True  # type: ignore[attr-defined]  # for the benchmark alone

    EventList.moved = False  # type: ignore[attr-defined]  # for the benchmark alone
    EventList.action_move = action_move  # type: ignore[method-assign,assignment]  # for the benchmark alone


def child(task: str, project: Path, result: Path) -> None:
    """One measurement, in this process."""
    os.chdir(project)
    settings = Settings.check({"PLUGINS": [], "STORAGE_BACKEND": "machine.storage.backends.memory.MemoryStorage"})
    configure_logging(settings.loglevel, None)
    runtime = Runtime(settings, project, live=False)
    watch_moves()
    Measured(runtime, task, result).run()


def throughput(*arguments: str) -> float:
    """Run `machine` with these arguments against a workspace in another process; the median seconds of a burst."""
    with tempfile.TemporaryDirectory() as folder:
        project, result = make_project(Path(folder)), Path(folder) / "result.json"
        command = [sys.executable, __file__, "--serve", str(result)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=project) as serving:
            api_url, bot_token, app_token = json.loads(serving.stdout.readline() if serving.stdout else "")
            settings = {
                "SM_SLACK_API_URL": api_url,
                "SM_SLACK_BOT_TOKEN": bot_token,
                "SM_SLACK_APP_TOKEN": app_token,
                "SM_STORAGE_BACKEND": "machine.storage.backends.memory.MemoryStorage",
            }
            run = "from machine_console.__main__ import main; main()"
            command = [sys.executable, "-c", run, *arguments]
            with on_terminal(command, project, settings, output=subprocess.DEVNULL) as (process, controller):
                while serving.poll() is None:
                    drain(controller, 0.1)
                process.terminate()
                while process.poll() is None:
                    drain(controller, 0.1)
        return float(statistics.median(json.loads(result.read_text())))


def make_project(project: Path) -> Path:
    """A folder with one plugin."""
    (project / "plugins").mkdir()
    (project / "plugins" / "echo.py").write_text(PLUGIN)
    return project


@contextlib.contextmanager
def on_terminal(
    command: Sequence[str], folder: Path, settings: Mapping[str, str], *, output: int = subprocess.PIPE
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Start a program on a pseudo-terminal of its own; yields it, and where its terminal can be read."""
    controller, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 45, 160, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    environment |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", **settings}
    try:
        with subprocess.Popen(
            command, stdin=follower, stdout=output, stderr=follower, env=environment, cwd=folder
        ) as process:
            os.close(follower)
            if process.stdout is not None:
                os.set_blocking(process.stdout.fileno(), False)
            yield process, controller
    finally:
        os.close(controller)


def drain(controller: int, seconds: float) -> None:
    """Read what the terminal is sent, as a terminal would."""
    if select.select([controller], [], [], seconds)[0]:
        with contextlib.suppress(OSError):
            os.read(controller, 65536)


def measure(task: str) -> list[float]:
    """Run a measurement on a terminal of its own, which is read except for the stall."""
    with tempfile.TemporaryDirectory() as folder:
        project, result = make_project(Path(folder)), Path(folder) / "result.json"
        command = [sys.executable, __file__, "--child", task, str(project), str(result)]
        with on_terminal(command, project, {}) as (process, controller):
            while process.poll() is None:
                said = process.stdout.read() if process.stdout else None
                if said and task == "stall":
                    time.sleep(STALL_S)
                drain(controller, 0.1)
        values: list[float] = json.loads(result.read_text())
        return values


def main(file: Path | None) -> None:
    """Measure, print, and write the figures to a file."""
    turns = [(throughput("run", "--headless"), throughput("run")) for _ in range(TURNS)]
    without, shown = (statistics.median(times) for times in zip(*turns, strict=True))
    keys = sorted(measure("keys"))
    gap, calm = max(measure("stall")), max(measure("calm"))
    p50, p99 = statistics.median(keys), keys[min(int(len(keys) * 0.99), len(keys) - 1)]
    ratio = without / shown
    fast, slow = MESSAGES / without, MESSAGES / shown
    print(f"throughput: {fast:,.0f} messages/s headless, {slow:,.0f} with the console: {ratio:.2f}")
    print(f"{len(keys)} keys under {EVENTS_PER_S:,} events/s: p50 {p50:.1f}, p99 {p99:.1f}, worst {keys[-1]:.1f} ms")
    print(f"terminal not read for {STALL_S:.0f} s: longest gap of the loop {gap:.1f} ms ({calm:.1f} ms if read)")
    figures = {"headless_s": without, "console_s": shown, "ratio": ratio, "key_p50_ms": p50, "key_p99_ms": p99}
    wanted = [
        Wanted("Showing the console, of throughput", (1 - ratio) * 100, 10, "%"),
        Wanted("A key in the console under 1,000 events/s, p99", p99, 50, "ms"),
        Wanted("Longest gap of the loop while the terminal is not read", gap, 100, "ms"),
    ]
    write("console_load", {**figures, "gap_ms": gap, "calm_gap_ms": calm}, to=file, wanted=wanted)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
    elif sys.argv[1:2] == ["--serve"]:
        asyncio.run(serve(Path(sys.argv[2])))
    else:
        main(parser(__doc__).parse_args().json)
