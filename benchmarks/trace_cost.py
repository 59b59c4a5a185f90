"""What the trace costs: dispatching a message with 0, 1 and 10 subscribers, against code that traces nothing.

    uv run python benchmarks/trace_cost.py [--json FILE]

"No trace" is a dispatcher that has `None` for it, so that asking whether anybody listens costs as little as a test can.
Subscribers keep the last 1,000 records, which is the least that one does; the console's history is shown as well.
There is no network, so the cost of a whole message is smaller in proportion (`throughput.py`). Half a minute.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from pathlib import Path
from typing import Any

from dispatch import PATTERNS, dispatcher, envelope
from result_files import Wanted, parser, ratio, spread, write

from machine.logs import configure_logging
from machine.trace import Record, Trace
from machine_console.history.history import History

MESSAGES, ROUNDS = 300, 60
HANDLERS = (1, 100)
NOTHING, NOBODY = "no trace", "no subscriber"
KEPT = 1_000


def traces() -> dict[str, Any]:
    """What is compared, by name."""
    return {NOTHING: None, NOBODY: Trace(), "1 subscriber": heard(1), "10 subscribers": heard(10), "console": told()}


def heard(subscribers: int) -> Trace:
    """A trace with so many subscribers."""
    trace = Trace()
    for _ in range(subscribers):
        kept: deque[Record] = deque(maxlen=KEPT)
        trace.subscribe(kept.append)
    return trace


def told() -> Trace:
    """A trace that the console's history subscribes to."""
    trace, history = Trace(), History(limit=KEPT)
    trace.subscribe(history.record)
    return trace


async def measure(made: Any, first: int) -> float:
    """Microseconds of processor time a message, over a round."""
    envelopes = [envelope(first + number) for number in range(MESSAGES)]
    began = time.process_time()
    for one in envelopes:
        for task in await made.dispatch(one):
            await task
    return (time.process_time() - began) / MESSAGES * 1e6


async def compare(handlers: int) -> dict[str, dict[str, Any]]:
    """All rounds with so many handlers, one of which matches."""
    made = {name: dispatcher(PATTERNS["anchored"], handlers, trace) for name, trace in traces().items()}
    numbers = iter(range(0, 10**9, MESSAGES))
    times: dict[str, list[float]] = {name: [] for name in made}
    for one in made.values():
        await measure(one, next(numbers))
    for _ in range(ROUNDS):
        for name, one in made.items():
            times[name].append(await measure(one, next(numbers)))
    return {name: {"us": spread(found), "ratio": ratio(found, times[NOTHING])} for name, found in times.items()}


async def main(file: Path | None) -> None:
    """Measure, print, and write the figures to a file."""
    configure_logging(logging.WARNING, None)
    rows = {str(handlers): await compare(handlers) for handlers in HANDLERS}
    for handlers, found in rows.items():
        for name, row in found.items():
            us = row["us"]
            print(
                f"{handlers:>4} handlers, {name:<16}{us['median']:>8.1f} µs ({us['min']:.1f} to {us['max']:.1f})"
                f"{row['ratio']['median']:>8.3f}"
            )
    cost = (rows["1"][NOBODY]["ratio"]["median"] - 1) * 100
    wanted = [Wanted("Trace without subscriber, of dispatching at 1 handler", cost, 1, "%")]
    write("trace_cost", {"rows": rows, "rounds": ROUNDS, "messages": MESSAGES}, to=file, wanted=wanted)


if __name__ == "__main__":
    asyncio.run(main(parser(__doc__).parse_args().json))
