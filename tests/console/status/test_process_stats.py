"""The state of the process, as the top line shows it."""

from __future__ import annotations

import asyncio
import time

from textual.app import App, ComposeResult

from machine_console.app.status_bar import StatusBar
from machine_console.status.bot_status import Status
from machine_console.status.process_stats import LoopLag, memory_bytes


async def test_code_that_holds_up_the_loop_shows_as_lag() -> None:
    """Busy code, which nobody else can run beside."""
    lag, done = LoopLag(), asyncio.Event()
    lag.start()
    loop = asyncio.get_running_loop()

    def compute() -> None:
        end = time.perf_counter() + 0.3
        while time.perf_counter() < end:
            pass
        loop.call_soon(loop.call_soon, done.set)

    loop.call_soon(compute)
    await done.wait()
    lag.stop()

    assert lag.take_worst_ms() > 100
    assert lag.take_worst_ms() == 0


def test_memory_is_what_the_process_takes() -> None:
    """Python alone takes some megabytes."""
    assert 5_000_000 < memory_bytes() < 100_000_000_000


class Bar(App[None]):
    """The top line alone."""

    def __init__(self, status: Status) -> None:
        super().__init__()
        self.bar = StatusBar("machine", status)

    def compose(self) -> ComposeResult:
        yield self.bar


async def test_the_top_line_shows_lag_memory_and_rate_limits() -> None:
    """Each says at a glance why the bot answers late."""
    status = Status(connection="connected", lag_ms=140, memory_mb=85, limited="chat.postMessage waits 12 s")
    async with Bar(status).run_test(size=(120, 5)) as pilot:
        text = pilot.app.query_one(StatusBar).render().plain

        assert "lag 140 ms" in text
        assert "85 MB" in text
        assert "chat.postMessage waits 12 s" in text
