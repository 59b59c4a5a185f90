"""How quickly Slack is told that an event has arrived, whatever handlers do with the event loop.

    uv run python benchmarks/acknowledgement.py [--json FILE]

A bot in a process of its own answers 50 and 200 messages a second while one of its handlers sleeps, computes or blocks,
and while the Web API takes 2 s for each call; then 3,000 messages come at once. Takes about a minute.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from measured_process import MeasuredProcess
from plain_slack import SETTINGS, PlainSlack
from result_files import Wanted, parser, write

from machine.bot import Machine
from machine.logs import configure_logging
from machine.plugins import MachineBasePlugin, Message
from machine.plugins.decorators import listen_to

RATES = (50, 200)
CASES = {
    "idle": "idle",
    "sleep": "a handler in asyncio.sleep",
    "compute": "a handler computes 300 ms at a time",
    "block": "a handler in time.sleep(5)",
    "slow": "the Web API takes 2 s",
}
ROW_S, BLOCK_S, COMPUTE_S, SLOW_CALL_S = 4.0, 5.0, 0.3, 2.0
BURST = 3_000
WANTED_MS = 25.0
PATIENCE_S = 10.0


class Load(MachineBasePlugin):
    """Answers, and does what bots should not."""

    @listen_to(r"^number (?P<number>\d+)$")
    async def answer(self, msg: Message, number: str) -> None:
        """Answer at once."""
        await msg.say(f"answer {number}")

    @listen_to("^sleep$")
    async def sleep(self, msg: Message) -> None:  # noqa: ARG002 - what handlers are given
        """Wait as one should."""
        await asyncio.sleep(3600)

    @listen_to("^compute$")
    async def compute(self, msg: Message) -> None:  # noqa: ARG002 - what handlers are given
        """Hold the interpreter, most of the time."""
        while True:
            ends, count = time.perf_counter() + COMPUTE_S, 0
            while time.perf_counter() < ends:
                count += 1
            await asyncio.sleep(0.05)

    @listen_to("^block$")
    async def block(self, msg: Message) -> None:  # noqa: ARG002 - what handlers are given
        """Hold the event loop."""
        time.sleep(BLOCK_S)


async def serve(api_url: str) -> None:
    """Be the bot, until the process is ended."""
    configure_logging(logging.ERROR, sys.stderr)
    storage = "machine.storage.backends.memory.MemoryStorage"
    settings = {"SLACK_API_URL": api_url, "PLUGINS": [], "STORAGE_BACKEND": storage, "LOG_HANDLED_MESSAGES": False}
    async with Machine({**SETTINGS, **settings}, project=Path.cwd(), plugins=[Load]) as machine:
        await machine.wait_until_stopped()


async def measure(case: str, rate: int) -> dict[str, Any]:
    """One row: a fresh bot, and messages at a rate."""
    async with PlainSlack(SLOW_CALL_S if case == "slow" else 0.0) as slack:
        with MeasuredProcess(__file__, "--bot", slack.api_url):
            await slack.connected()
            await warm_up(slack)
            if case in ("sleep", "compute", "block"):
                await slack.say(case, case)
            numbers = await send(slack, rate)
            may_stay = case == "slow"  # more come than can be answered
            await until(lambda: all(number in slack.acknowledged for number in numbers))
            if not may_stay:
                await until(lambda: all(number in slack.answered for number in numbers))
    acks = latencies(slack, numbers, slack.acknowledged)
    replies = latencies(slack, numbers, {number: times[0] for number, times in slack.answered.items()})
    row = {"case": case, "rate": rate, "ack_ms": figures(acks), "reply_ms": figures(replies), "sent": len(numbers)}
    return row | {"acknowledged": len(acks), "answered": len(replies), "most_calls": slack.most_calls}


async def warm_up(slack: PlainSlack) -> None:
    """What is imported or connected at first use is not what is measured."""
    for number in range(900_000, 900_010):
        await slack.say(f"number {number}", str(number))
    await until(lambda: len(slack.answered) == 10)
    await asyncio.sleep(slack.call_takes_s + 0.1)


async def send(slack: PlainSlack, rate: int) -> list[str]:
    """Send messages evenly; returns their numbers."""
    begins = time.perf_counter()
    numbers = [str(number) for number in range(int(ROW_S * rate))]
    for position, number in enumerate(numbers):
        await asyncio.sleep(max(0.0, begins + position / rate - time.perf_counter()))
        await slack.say(f"number {number}", number)
    return numbers


async def burst() -> dict[str, Any]:
    """3,000 messages at once."""
    async with PlainSlack() as slack:
        with MeasuredProcess(__file__, "--bot", slack.api_url) as bot:
            await slack.connected()
            await warm_up(slack)
            numbers = [str(number) for number in range(BURST)]
            begins = time.perf_counter()
            for number in numbers:
                await slack.say(f"number {number}", number)
            sent_s = time.perf_counter() - begins
            await until(lambda: len(slack.answered) >= BURST + 10 and len(slack.acknowledged) >= BURST + 10)
            took_s = time.perf_counter() - begins
            peak_mb = bot.peak_mb
    acks = [slack.acknowledged[number] - begins for number in numbers if number in slack.acknowledged]
    return {
        "events": BURST,
        "sent_s": round(sent_s, 3),
        "slowest_ack_s": round(max(acks), 3),
        "not_acknowledged": BURST - len(acks),
        "lost": sum(number not in slack.answered for number in numbers),
        "doubled": sum(len(slack.answered.get(number, ())) > 1 for number in numbers),
        "handled_s": round(took_s, 3),
        "peak_mb": round(peak_mb, 1),
    }


async def until(condition: Any) -> None:
    """Wait for something, and give up quietly: what is missing shows in the figures."""
    ends = time.perf_counter() + PATIENCE_S
    while not condition() and time.perf_counter() < ends:
        await asyncio.sleep(0.02)


def latencies(slack: PlainSlack, numbers: Sequence[str], ends: dict[str, float]) -> list[float]:
    """Milliseconds from each message being sent."""
    return sorted((ends[number] - slack.sent[number]) * 1000 for number in numbers if number in ends)


def figures(values: Sequence[float]) -> dict[str, float]:
    """p50, p99 and maximum of sorted values."""
    if not values:
        return {}
    p99 = values[min(len(values) - 1, int(len(values) * 0.99))]
    return {
        name: round(value, 2)
        for name, value in zip(("p50", "p99", "max"), (statistics.median(values), p99, values[-1]), strict=True)
    }


def show(row: dict[str, Any]) -> None:
    """Print one row."""
    ack, reply = row["ack_ms"], row["reply_ms"]
    verdict = "" if ack.get("p99", 1e9) < WANTED_MS else f"  over {WANTED_MS:.0f} ms"
    missing = "" if row["acknowledged"] == row["sent"] else f"  {row['sent'] - row['acknowledged']} NOT ACKNOWLEDGED"
    print(
        f"{CASES[row['case']]:<38} {row['rate']:>4}/s  ack {_line(ack)}  reply {_line(reply)}"
        f"  {row['most_calls']:>3} calls at once{verdict}{missing}",
        flush=True,
    )


def _line(values: dict[str, float]) -> str:
    return "/".join(f"{values.get(name, float('nan')):.1f}" for name in ("p50", "p99", "max"))


async def main(file: Path | None) -> None:
    """Measure, print, and write the figures to a file."""
    print("milliseconds as p50/p99/max")
    rows = []
    for case in CASES:
        for rate in RATES:
            rows.append(await measure(case, rate))
            show(rows[-1])
    together = await burst()
    print(
        f"{BURST} events at once: slowest acknowledgement {together['slowest_ack_s']} s, all handled after "
        f"{together['handled_s']} s, lost {together['lost']}, doubled {together['doubled']}, "
        f"not acknowledged {together['not_acknowledged']}, peak memory {together['peak_mb']} MB"
    )
    slowest = {case: max(row["ack_ms"]["p99"] for row in rows if row["case"] == case) for case in CASES}
    wanted = [
        Wanted("Acknowledgement while a handler computes, p99", slowest["compute"], WANTED_MS, "ms"),
        Wanted("Acknowledgement while a handler is in time.sleep(5), p99", slowest["block"], WANTED_MS, "ms"),
        Wanted("Acknowledgement while the Web API takes 2 s, p99", slowest["slow"], WANTED_MS, "ms"),
        Wanted("Slowest acknowledgement of 3,000 events at once", together["slowest_ack_s"], 1.0, "s"),
        Wanted("Lost or doubled of 3,000 events at once", together["lost"] + together["doubled"], 0),
    ]
    write("acknowledgement", {"rows": rows, "burst": together}, to=file, wanted=wanted)


if __name__ == "__main__":
    arguments = parser(__doc__)
    arguments.add_argument("--bot", metavar="URL", help=argparse.SUPPRESS)
    given = arguments.parse_args()
    asyncio.run(serve(given.bot) if given.bot else main(given.json))
