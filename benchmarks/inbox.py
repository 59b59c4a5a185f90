"""What it costs to note each event in the inbox before it is acknowledged.

    uv run python benchmarks/inbox.py

First the inbox alone: an event noted and struck off, one at a time and 25 at a time. Then a bot in a process of its own
that answers 2,000 messages at once, in turns with `INBOX = "off"` and `"report"`: events a second, and processor time
per event. The inbox is written in the current folder, as in memory it would cost less. Takes about half a minute.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from acknowledgement import Load, until, warm_up
from plain_slack import CHANNEL, PERSON, SETTINGS, PlainSlack

from machine.bot import Machine
from machine.envelope import Envelope
from machine.inbox.inbox import Inbox
from machine.inbox.policy import InboxPolicy
from machine.logs import configure_logging
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


@contextmanager
def bot(slack: PlainSlack, policy: str, folder: Path) -> Iterator[int]:
    """The id of a process in which a bot runs."""
    command = [sys.executable, Path(__file__).resolve(), "--bot", slack.api_url, "--inbox", policy]
    process = subprocess.Popen(command, cwd=folder)
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()


async def burst(policy: str) -> tuple[float, float]:
    """Events a second, and milliseconds of processor time per event."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        async with PlainSlack() as slack:
            with bot(slack, policy, Path(folder)) as process:
                await slack.connected()
                await warm_up(slack)
                before, begins = cpu_s(process), time.perf_counter()
                for number in range(BURST):
                    await slack.say(f"number {number}", str(number))
                await until(lambda: len(slack.answered) >= BURST + 10)
                took_s, used_s = time.perf_counter() - begins, cpu_s(process) - before
                if len(slack.answered) < BURST + 10:
                    raise SystemExit(f"Only {len(slack.answered) - 10} of {BURST} messages were answered in time.")
    return BURST / took_s, used_s / BURST * 1000


def cpu_s(process: int) -> float:
    """Processor time that a process has used, all of its threads together."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


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


async def main() -> None:
    """Measure and print."""
    for at_a_time in (1, TOGETHER):
        print(f"inbox alone, {at_a_time:>2} at a time: {await alone(at_a_time):6.1f} µs per event", flush=True)
    found: dict[str, list[tuple[float, float]]] = {"off": [], "report": []}
    for _ in range(ROUNDS):
        for policy, figures in found.items():
            figures.append(await burst(policy))
    for policy, figures in found.items():
        rates, used = zip(*figures, strict=True)
        print(
            f"INBOX {policy:<6}  {statistics.median(rates):6.0f} events/s ({min(rates):.0f} to {max(rates):.0f})"
            f"   {statistics.median(used):.2f} ms of processor time per event ({min(used):.2f} to {max(used):.2f})"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--bot", metavar="URL", help=argparse.SUPPRESS)
    parser.add_argument("--inbox", default="report", help=argparse.SUPPRESS)
    given = parser.parse_args()
    asyncio.run(serve(given.bot, given.inbox) if given.bot else main())
