"""How quickly Slack is told that an event has arrived, while a plugin stores, logs and fails with large values.

    uv run python benchmarks/held_values.py [--json FILE]

A bot in a process of its own answers 200 messages a second, while one of its handlers does each of these with values of
several shapes, ten times a second. The trace is watched, as the console does. Takes about a minute and a half.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from acknowledgement import WANTED_MS, figures, latencies, send, until, warm_up
from measured_process import MeasuredProcess
from plain_slack import SETTINGS, PlainSlack
from result_files import Wanted, parser, write

from machine.bot import Machine
from machine.logger import get_logger
from machine.logs import configure_logging
from machine.plugins import MachineBasePlugin, Message
from machine.plugins.decorators import listen_to

RATE = 200
EVERY_S = 0.1
WORD = "w" * 400


class Shown:
    """Shows all that it holds."""

    def __init__(self, held: object) -> None:
        self.held = held

    def __repr__(self) -> str:
        return f"Shown({self.held!r})"


VALUES: dict[str, Callable[[], object]] = {
    "a word, to compare with": lambda: WORD,
    "nested lists of words": lambda: [[[WORD] * 12] * 12] * 12,
    "1 MB of text": lambda: "x y=" * 250_000,
    "100,000 numbers": lambda: list(range(100_000)),
    "an object of 1 MB": lambda: Shown([WORD] * 2_500),
    "quotes": lambda: """a='b="c\\\\""" * 100_000,
}
DEEDS = ("store", "log", "fail")


class Load(MachineBasePlugin):
    """Answers, and does what `DEED` says with the value that `VALUE` names."""

    @listen_to(r"^number (?P<number>\d+)$")
    async def answer(self, msg: Message, number: str) -> None:
        """Answer at once."""
        await msg.say(f"answer {number}")

    @listen_to("^store$")
    async def store(self, msg: Message) -> None:  # noqa: ARG002 - what handlers are given
        """Store the value, and read it."""
        value = VALUES[os.environ["VALUE"]]()
        while True:
            await asyncio.sleep(EVERY_S)
            await self.storage.set("value", value)
            await self.storage.get("value")

    @listen_to("^log$")
    async def log(self, msg: Message) -> None:  # noqa: ARG002 - what handlers are given
        """Log the value, in each way."""
        value = VALUES[os.environ["VALUE"]]()
        while True:
            await asyncio.sleep(EVERY_S)
            get_logger("load").error("A value", value=value)
            logging.getLogger("load").error("A value: %s", value)

    @listen_to("^fail")
    async def fail(self, msg: Message) -> None:  # noqa: ARG002 - what handlers are given
        """Fail with the value, and while holding it."""
        value = VALUES[os.environ["VALUE"]]()
        raise ValueError(value)


async def serve(api_url: str) -> None:
    """Be the bot, until the process is ended."""
    with Path(os.devnull).open("w") as nowhere:
        configure_logging(logging.ERROR, nowhere)
        storage = "machine.storage.backends.memory.MemoryStorage"
        settings = {"SLACK_API_URL": api_url, "PLUGINS": [], "STORAGE_BACKEND": storage, "LOG_HANDLED_MESSAGES": False}
        async with Machine({**SETTINGS, **settings}, project=Path.cwd(), plugins=[Load]) as machine:
            machine.trace.subscribe(lambda _: None)
            await machine.wait_until_stopped()


async def measure(deed: str, value: str) -> dict[str, Any]:
    """One row: a fresh bot, and messages at a rate."""
    os.environ["VALUE"] = value
    async with PlainSlack() as slack:
        with MeasuredProcess(__file__, "--bot", slack.api_url):
            await slack.connected()
            await warm_up(slack)
            failing = asyncio.create_task(_fail(slack)) if deed == "fail" else None
            if failing is None:
                await slack.say(deed, deed)
            numbers = await send(slack, RATE)
            await until(lambda: all(number in slack.acknowledged for number in numbers))
            if failing is not None:
                failing.cancel()
    acks = latencies(slack, numbers, slack.acknowledged)
    return {"deed": deed, "value": value, "sent": len(numbers), "acknowledged": len(acks), "ack_ms": figures(acks)}


async def _fail(slack: PlainSlack) -> None:
    number = 0
    while True:
        number += 1
        await slack.say(f"fail {number}", f"fail {number}")
        await asyncio.sleep(EVERY_S)


async def main(file: Path | None) -> None:
    """Measure, print, and write the figures to a file."""
    print("milliseconds as p50/p99/max")
    began, rows = time.monotonic(), []
    for deed in DEEDS:
        for value in VALUES:
            rows.append(row := await measure(deed, value))
            ack = row["ack_ms"]
            shown = "/".join(f"{ack.get(name, float('nan')):.1f}" for name in ("p50", "p99", "max"))
            print(f"{deed:<6} {value:<24} ack {shown}  {row['acknowledged']} of {row['sent']}", flush=True)
    print(f"{time.monotonic() - began:.0f} s")
    wanted = [
        Wanted(f"Acknowledgement while a plugin does this with large values: {deed}, p99", worst, WANTED_MS, "ms")
        for deed in DEEDS
        for worst in [max(row["ack_ms"].get("p99", 1e9) for row in rows if row["deed"] == deed)]
    ]
    write("held_values", {"rows": rows}, to=file, wanted=wanted)


if __name__ == "__main__":
    arguments = parser(__doc__)
    arguments.add_argument("--bot", metavar="URL", help=argparse.SUPPRESS)
    given = arguments.parse_args()
    asyncio.run(serve(given.bot) if given.bot else main(given.json))
