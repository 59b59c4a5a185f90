"""Answers a second, and processor time per message, from Slack's message to Slack's having the bot's answer.

    uv run python benchmarks/throughput.py [--json FILE] [BOT ...]

Each bot is a process of its own; this one is Slack, with 64 messages outstanding. Beside the framework, with 1 to 5,000
handlers, stand slack_sdk alone and aiohttp alone, which do the same with no framework (`echo_bots.py`). All bots take
turns, round by round, so that what else the machine does hits them alike; a ratio is the median of the rounds' ratios.
Processor time, of all threads of the bot, says more than answers a second, for which Slack's part competes. A minute.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from echo_bots import BOTS
from measured_process import MeasuredProcess
from plain_slack import PlainSlack
from result_files import Wanted, parser, ratio, spread, write

OUTSTANDING = 64
MESSAGES, WARM_UP, ROUNDS = 1_000, 300, 7
FLOOR, ONE, MOST = "slack_sdk, one shared session", "machine, 1 handler", "machine, 5,000 handlers"
PATIENCE_S = 30.0


class Measured:
    """A bot in its process, and a Slack of its own."""

    def __init__(self, slack: PlainSlack, process: MeasuredProcess, handlers: int) -> None:
        self._slack = slack
        self._process = process
        self._handlers = handlers
        self._sent = 0
        self.rates: list[float] = []
        self.cpu_ms: list[float] = []

    async def run(self, messages: int) -> tuple[float, float]:
        """Have so many messages answered; returns seconds, and seconds of the bot's processor time."""
        slack, free = self._slack, asyncio.Semaphore(OUTSTANDING)
        slack.on_answer = free.release
        cpu_s, began = self._process.cpu_s, time.perf_counter()
        async with asyncio.timeout(PATIENCE_S):
            for number in range(self._sent, self._sent + messages):
                await free.acquire()
                # 7,919 is a prime: the one handler that matches is another each time, near and far.
                await slack.say(f"command number {number * 7_919 % self._handlers} say {number}", str(number))
            for _ in range(OUTSTANDING):
                await free.acquire()
        self._sent += messages
        return time.perf_counter() - began, self._process.cpu_s - cpu_s

    async def measure(self) -> None:
        """One round."""
        took_s, cpu_s = await self.run(MESSAGES)
        self.rates.append(MESSAGES / took_s)
        self.cpu_ms.append(cpu_s / MESSAGES * 1000)


async def start(bot: str, resources: AsyncExitStack) -> Measured:
    """Start a bot; what is imported or connected at first use is not what is measured."""
    slack = await resources.enter_async_context(PlainSlack())
    script = Path(__file__).with_name("echo_bots.py")
    process = resources.enter_context(MeasuredProcess(script, bot, slack.api_url))
    async with asyncio.timeout(PATIENCE_S):
        await slack.connected()
    handlers = re.search(r"[\d,]*\d", bot)
    measured = Measured(slack, process, int(handlers[0].replace(",", "")) if handlers else 1)
    await measured.run(WARM_UP)
    return measured


async def measure(bots: Sequence[str], rounds: int) -> dict[str, Measured]:
    """All rounds of these bots."""
    async with AsyncExitStack() as resources:
        running = {bot: await start(bot, resources) for bot in bots}
        order = list(running.values())
        for _ in range(rounds):
            for one in order:
                await one.measure()
            order.reverse()  # so that none always has the same one before it
    return running


def row(measured: Measured, floor: Measured, one: Measured) -> dict[str, Any]:
    """The figures of a bot, and its ratios to the floor and to the framework with one handler."""
    return {
        "replies_per_s": spread(measured.rates),
        "cpu_ms": spread(measured.cpu_ms),
        "to_floor": ratio(measured.cpu_ms, floor.cpu_ms),
        "to_one_handler": ratio(measured.cpu_ms, one.cpu_ms),
    }


def show(name: str, figures: dict[str, Any]) -> None:
    """Print one line."""
    cpu, floor, one = figures["cpu_ms"], figures["to_floor"], figures["to_one_handler"]
    print(
        f"{name:<31}{figures['replies_per_s']['median']:>8,.0f}/s{cpu['median']:>8.3f} ms"
        f" ({cpu['min']:.3f} to {cpu['max']:.3f}){floor['median']:>7.2f}{one['median']:>7.2f}"
    )


async def main(bots: Sequence[str], rounds: int, file: Path | None) -> None:
    """Measure, print, and write the figures to a file."""
    measured = await measure(list(dict.fromkeys([FLOOR, ONE, *bots])), rounds)
    # In the order in which they are listed: floors first.
    rows = {bot: row(measured[bot], measured[FLOOR], measured[ONE]) for bot in BOTS if bot in measured}
    print(f"{'':<31}{'replies':>10}{'CPU per message':>28}{'floor':>9}{'one':>7}")
    for bot, figures in rows.items():
        show(bot, figures)
    wanted = [Wanted("CPU per message at 1 handler, to slack_sdk alone", rows[ONE]["to_floor"]["median"], 1.2)]
    if MOST in rows:
        most = rows[MOST]["to_one_handler"]["median"]
        wanted.append(Wanted("CPU per message at 5,000 handlers, to 1 handler", most, 1.5))
    write("throughput", {"rows": rows, "messages": MESSAGES, "rounds": rounds}, to=file, wanted=wanted)


if __name__ == "__main__":
    arguments = parser(__doc__)
    arguments.add_argument("bots", nargs="*", metavar="BOT", choices=[*BOTS, []], help=f"of {', '.join(BOTS)}")
    arguments.add_argument("--rounds", type=int, default=ROUNDS)
    given = arguments.parse_args()
    asyncio.run(main(given.bots or list(BOTS), given.rounds, given.json))
