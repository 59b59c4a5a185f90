"""How long the list of events takes with 100,000 events in it: to load, to page, to filter.

    uv run python benchmarks/console_events.py [--json FILE]

The pane is the real one in a running application; a time ends when the screen has been drawn. While a filter searches,
the bot has the loop between slices: the longest slice is printed as well.
"""

from __future__ import annotations

import asyncio
import itertools
import resource
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from result_files import parser, write
from textual.app import App, ComposeResult
from textual.pilot import Pilot

import machine_console.app
from machine.envelope import Envelope
from machine.settings import Settings
from machine.trace import Considered, EnvelopeReceived, HandlersConsidered, InvocationFinished, InvocationStarted
from machine_console.app.theme import DARK
from machine_console.history.history import History
from machine_console.panes.events.pane import EventsPane
from machine_console.runtime.runtime import Runtime
from machine_console.session.local_session import LocalSession

EVENTS = 100_000
FILTERS = ("error", "slow:>100ms", "user:U7", "message 4242", "kind:message plugin:greeter -user:U7", "nothing like it")
_START = datetime(2026, 1, 1, tzinfo=UTC)


class Host(App[None]):
    """The pane alone, in the console's style."""

    CSS_PATH = Path(machine_console.app.__file__).with_name("app.tcss")

    def __init__(self, pane: EventsPane) -> None:
        super().__init__()
        self.pane = pane
        self.register_theme(DARK)
        self.theme = DARK.name

    def compose(self) -> ComposeResult:
        """The pane."""
        yield self.pane


def fill(history: History) -> float:
    """Record the events; returns the microseconds each took, all of its records together."""
    started = time.perf_counter()
    for number in range(EVENTS):
        event = {"type": "message", "user": f"U{number % 50}", "channel": "C1", "text": f"message {number} for the bot"}
        envelope = Envelope(f"e{number}", "events_api", {"event": event})
        at = _START + timedelta(milliseconds=number)
        ids: dict[str, Any] = {"envelope_id": envelope.id, "at": at}
        history.record(EnvelopeReceived(envelope=envelope, **ids))
        considered = Considered("plugins.greeter.Greeter.hello", 'listen_to("bot")', is_match=True, reason="it matches")
        history.record(HandlersConsidered(matched=(considered,), explain=tuple, **ids))
        history.record(InvocationStarted(handler=considered.handler, invocation_id=f"i{number}", **ids))
        took = timedelta(milliseconds=number % 120)
        history.record(InvocationFinished(handler=considered.handler, duration=took, invocation_id=f"i{number}", **ids))
    return (time.perf_counter() - started) / EVENTS * 1e6


async def timed(pilot: Pilot[None], act: Callable[[], object]) -> float:
    """Milliseconds until the act is on screen."""
    started = time.perf_counter()
    act()
    await drawn(pilot)
    return (time.perf_counter() - started) * 1000


async def drawn(pilot: Pilot[None]) -> None:
    """Wait for the next repaint to have happened."""
    done = asyncio.Event()
    pilot.app.call_after_refresh(done.set)
    await done.wait()


async def main(file: Path | None) -> None:
    """Measure, print, and write the figures to a file."""
    session = LocalSession(Runtime(Settings.check({}), Path.cwd(), live=False))  # never started: it is told by hand
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    record_us = fill(session.history)
    memory_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    pane = EventsPane(session)
    results: dict[str, float] = {"record_us": record_us, "memory_mb": memory_mb}
    async with Host(pane).run_test(size=(160, 45)) as pilot:
        view = pane.main()
        results["load_ms"] = await timed(pilot, pane.sync)
        pages = [await timed(pilot, lambda: view.action_page(-1)) for _ in range(50)]
        results["page_up_ms"] = sorted(pages)[25]
        results["first_ms"] = await timed(pilot, view.action_first)
        results["last_ms"] = await timed(pilot, view.action_last)
        for round_name, text in itertools.product(("first", "again"), FILTERS):
            shown = await timed(pilot, lambda text=text: pane.set_filter(text))  # type: ignore[misc]  # bound default
            slices = [shown]
            while pane._events.is_searching:  # noqa: SLF001 - the end of the search is shown, not told
                started = time.perf_counter()
                pane._catch_up()  # noqa: SLF001 - what its timer does
                slices.append((time.perf_counter() - started) * 1000)
                await asyncio.sleep(0)
            name = f"{text} ({round_name})"
            print(
                f"filter {name:<50} shown {shown:6.1f} ms, all {sum(slices):6.1f} ms in {len(slices)} slices, "
                f"longest {max(slices):5.1f} ms, {view.row_count():,} found"
            )
            results[f"filter {name} shown_ms"], results[f"filter {name} all_ms"] = shown, sum(slices)
            results["longest_slice_ms"] = max(results.get("longest_slice_ms", 0), *slices[1:], 0)
            pane.set_filter("")
    for name in ("record_us", "memory_mb", "load_ms", "page_up_ms", "first_ms", "last_ms", "longest_slice_ms"):
        print(f"{name:<20} {results[name]:8.2f}")
    write("console_events", {"events": EVENTS, **results}, to=file)


if __name__ == "__main__":
    asyncio.run(main(parser(__doc__).parse_args().json))
