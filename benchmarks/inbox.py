"""What it costs to note each event in the inbox before it is acknowledged.

    uv run python benchmarks/inbox.py [--json FILE]

First the inbox alone: an event noted and struck off, one at a time and 25 at a time. Then a bot in a process of its own
that answers 2,000 messages at once, in turns with `INBOX = "off"` and `"report"`: events a second, and processor time
per event. The inbox is written in the current folder, as in memory it would cost less. Takes about half a minute.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import tempfile
import time
from pathlib import Path

from acknowledgement import Load, until, warm_up
from measured_process import MeasuredProcess
from plain_slack import CHANNEL, PERSON, SETTINGS, PlainSlack
from result_files import parser, ratio, spread, write

from machine.bot import Machine
from machine.envelope import Envelope
from machine.logs import configure_logging
from machine.receiving.inbox import Inbox
from machine.settings import InboxPolicy
from machine.trace import Trace

BURST, ROUNDS = 2_000, 4
ALONE = 5_000
TOGETHER = 25


async def serve(api_url: str, policy: str) -> None:
    """Be the bot, until the process is ended."""
    configure_logging(logging.ERROR, sys.stderr)
    storage = "machine.storage.backends.memory.MemoryStorage"
    settings = {"SLACK_API_URL": api_url, "PLUGINS": [], "STORAGE_BACKEND": storage, "LOG_HANDLED_MESSAGES": False}
    async with Machine({**SETTINGS, **settings, "INBOX": policy}, project=Path.cwd(), plugins=[Load]) as machine:
        await machine.wait_until_stopped()


async def burst(policy: str) -> tuple[float, float]:
    """Events a second, and milliseconds of processor time per event."""
    async with PlainSlack() as slack:
        with MeasuredProcess(__file__, "--bot", slack.api_url, "--inbox", policy) as process:
            await slack.connected()
            await warm_up(slack)
            before, begins = process.cpu_s, time.perf_counter()
            for number in range(BURST):
                await slack.say(f"number {number}", str(number))
            await until(lambda: len(slack.answered) >= BURST + 10)
            took_s, used_s = time.perf_counter() - begins, process.cpu_s - before
            if len(slack.answered) < BURST + 10:
                raise SystemExit(f"Only {len(slack.answered) - 10} of {BURST} messages were answered in time.")
    return BURST / took_s, used_s / BURST * 1000


async def alone(at_a_time: int) -> float:
    """Microseconds to note an event and to strike it off."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        inbox = Inbox(Path(folder), InboxPolicy.REPORT, Trace())
        inbox.keep([envelope(-1)])  # opens the file
        begins = time.perf_counter()
        for first in range(0, ALONE, at_a_time):
            envelopes = [envelope(number) for number in range(first, first + at_a_time)]
            inbox.keep(envelopes)
            for one in envelopes:
                inbox.handled(one, [])
            await asyncio.sleep(0)  # where they are struck off together
        took_s = time.perf_counter() - begins
        await inbox.close()
    return took_s / ALONE * 1e6


def envelope(number: int) -> Envelope:
    """A message, as Slack sends it."""
    event = {"type": "message", "user": PERSON, "channel": CHANNEL, "text": f"number {number}", "ts": f"17.{number}"}
    payload = {"type": "event_callback", "team_id": "T1", "event_id": f"Ev{number}", "event": event}
    return Envelope(id=f"id-{number}", kind="events_api", payload=payload)


async def main(file: Path | None) -> None:
    """Measure, print, and write the figures to a file."""
    by_itself = {at_a_time: await alone(at_a_time) for at_a_time in (1, TOGETHER)}
    for at_a_time, took_us in by_itself.items():
        print(f"inbox alone, {at_a_time:>2} at a time: {took_us:6.1f} µs per event", flush=True)
    found: dict[str, list[tuple[float, float]]] = {"off": [], "report": []}
    for _ in range(ROUNDS):
        for policy, figures in found.items():
            figures.append(await burst(policy))
    cpu_ms = {policy: [used for _, used in figures] for policy, figures in found.items()}
    rows = {
        policy: {
            "events_per_s": spread([rate for rate, _ in figures]),
            "cpu_ms": spread(cpu_ms[policy]),
            "to_off": ratio(cpu_ms[policy], cpu_ms["off"]),
        }
        for policy, figures in found.items()
    }
    for policy, row in rows.items():
        rates, used = row["events_per_s"], row["cpu_ms"]
        print(
            f"INBOX {policy:<6}  {rates['median']:6.0f} events/s ({rates['min']:.0f} to {rates['max']:.0f})"
            f"   {used['median']:.2f} ms of processor time per event ({used['min']:.2f} to {used['max']:.2f})"
        )
    write("inbox", {"alone_us": by_itself, "rows": rows}, to=file)


if __name__ == "__main__":
    arguments = parser(__doc__)
    arguments.add_argument("--bot", metavar="URL", help=argparse.SUPPRESS)
    arguments.add_argument("--inbox", default="report", help=argparse.SUPPRESS)
    given = arguments.parse_args()
    asyncio.run(serve(given.bot, given.inbox) if given.bot else main(given.json))
