"""What it costs to dispatch one message to its handler, without any network, by number of handlers.

    uv run python benchmarks/dispatch.py [--json FILE]

One handler matches and the others do not; patterns are anchored, unanchored, without regard to case, or alternatives.
Rounds of all numbers take turns, so that what else the machine does hits them alike; of each the best and the median
round are printed, in microseconds a message, and the median's ratio to that of a single handler. What a task costs that
does nothing is in all of them. Takes half a minute.
"""

from __future__ import annotations

import asyncio
import logging
import statistics
import time
from pathlib import Path
from typing import Any

from result_files import Wanted, parser, write

from machine.dispatch.bot_mention import Addressing
from machine.dispatch.dispatcher import Dispatcher
from machine.dispatch.matching import Reader
from machine.dispatch.registry import Handler, Registry
from machine.envelope import Envelope
from machine.loading.handler_discovery import handlers_of
from machine.logs import configure_logging
from machine.models import Channel, User
from machine.plugins import MachineBasePlugin
from machine.plugins.decorators import listen_to
from machine.trace import Trace

COUNTS = (1, 10, 100, 1_000, 5_000)
MESSAGES, ROUNDS = 300, 7
PATTERNS = {
    "anchored": r"^command number {} (.*)$",
    "unanchored": r"number {} (.*)",
    "any case": r"(?i)^Command Number {} (.*)$",
    "alternatives": r"^(?:command|task) (?:number|no) {} (.*)$",
}
TEXT = "command number 0 hello world"


class Directory:
    """Knows the one person and the one channel."""

    users, channels = {"U1": User(id="U1", name="alice")}, {"C1": Channel(id="C1", name="general")}

    def update(self, _envelope: Envelope) -> None:
        """Learn nothing."""


class Client:
    """As much of the bot's client as dispatching touches."""

    directory = Directory()
    users, channels = Directory.users, Directory.channels


def plugin(pattern: str, count: int) -> list[Handler]:
    """The handlers of a plugin with so many."""

    def handler() -> Any:
        async def handle(_self: MachineBasePlugin, _message: Any, *_groups: Any) -> None:
            """Do nothing."""

        return handle

    methods = {f"handle_{number}": listen_to(pattern.format(number))(handler()) for number in range(count)}
    kind = type("Many", (MachineBasePlugin,), methods)
    return list(handlers_of(kind(Client(), {}, None)))  # type: ignore[arg-type]  # as much of them as is touched


def dispatcher(pattern: str, count: int, trace: Trace | None) -> Dispatcher:
    """A dispatcher with so many handlers."""
    reader = Reader("UBOT", "BBOT", Addressing("UBOT", ["machine"]))
    made = Dispatcher(Client(), reader, trace)  # type: ignore[arg-type]  # as much of it as is touched
    made.registry = Registry(plugin(pattern, count))
    return made


def envelope(number: int) -> Envelope:
    """A message."""
    event = {"type": "message", "user": "U1", "channel": "C1", "text": TEXT, "ts": f"{number}.1"}
    return Envelope(str(number), "events_api", {"event_id": f"Ev{number}", "event": event})


async def measure(made: Dispatcher, first: int) -> float:
    """Microseconds a message, over a round."""
    envelopes = [envelope(first + number) for number in range(MESSAGES)]
    began = time.perf_counter()
    for one in envelopes:
        tasks = await made.dispatch(one)
        assert len(tasks) == 1
        await tasks[0]
    return (time.perf_counter() - began) / MESSAGES * 1e6


async def floor() -> float:
    """Microseconds of a task that does nothing, and of the turn of the event loop in which it does."""

    async def nothing() -> None:
        pass

    began = time.perf_counter()
    for _ in range(MESSAGES):
        await asyncio.create_task(nothing())
    return (time.perf_counter() - began) / MESSAGES * 1e6


async def main(file: Path | None) -> None:
    """Measure, print, and write the figures to a file."""
    configure_logging(logging.WARNING, None)
    numbers = iter(range(0, 10**9, MESSAGES))
    results: dict[str, dict[int, dict[str, float]]] = {}
    floor_us = statistics.median([await floor() for _ in range(ROUNDS * len(COUNTS))])
    print(f"a task that does nothing, and a turn of the event loop: {floor_us:.1f} µs")
    print(f"{'patterns':<14}{'handlers':>9}{'best µs':>10}{'median µs':>11}{'ratio':>8}")
    for name, pattern in PATTERNS.items():
        made = {count: dispatcher(pattern, count, Trace()) for count in COUNTS}
        for one in made.values():
            await measure(one, next(numbers))
        rounds = [{count: await measure(one, next(numbers)) for count, one in made.items()} for _ in range(ROUNDS)]
        medians = {count: statistics.median(result[count] for result in rounds) for count in COUNTS}
        for count in COUNTS:
            best, median = min(result[count] for result in rounds), medians[count]
            print(f"{name:<14}{count:>9,}{best:>10.1f}{median:>11.1f}{median / medians[1]:>8.2f}")
            results.setdefault(name, {})[count] = {"best_us": best, "median_us": median}
    one, thousand = (results["anchored"][count]["median_us"] for count in (1, 1_000))
    wanted = [
        Wanted("Dispatching a message, 1 handler", one, 25, "µs"),
        Wanted("Dispatching a message, 1,000 handlers", thousand, 60, "µs"),
    ]
    write("dispatch", {"floor_us": floor_us, "rows": results}, to=file, wanted=wanted)


if __name__ == "__main__":
    asyncio.run(main(parser(__doc__).parse_args().json))
