"""What a test with the kit costs: 500 tests, each with a bot of its own that is spoken to and answers.

    uv run python benchmarks/test_kit.py [--json FILE] [TESTS]

Runs pytest on generated tests, and prints the time per test after the first (which also imports everything), once for
tests that start a bot and speak with it, and once for tests that do nothing, to show pytest's own share.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

import pytest
from result_files import parser, write

TESTS = 500

PLUGIN = '''
from machine.plugins import MachineBasePlugin, Message
from machine.plugins.decorators import respond_to

class Greeter(MachineBasePlugin):
    """Greetings"""

    @respond_to(r"^hello")
    async def hello(self, msg: Message) -> None:
        await msg.say("Hi!")
'''

WITH_BOT = """
@pytest.mark.parametrize("number", range({count}))
async def test_greeting(bot, number):
    reply = await bot.user("alice").says("@machine hello", channel="#ops")
    assert reply.text == "Hi!"
"""

EMPTY = """
@pytest.mark.parametrize("number", range({count}))
async def test_nothing(number):
    pass
"""


class Stopwatch:
    """Adds up the phases of each test."""

    def __init__(self) -> None:
        self.durations: dict[str, float] = {}
        self.failed = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """One phase (setup, call or teardown) of one test has ended."""
        self.durations[report.nodeid] = self.durations.get(report.nodeid, 0.0) + report.duration
        self.failed += report.failed


def measure(name: str, source: str, folder: Path) -> list[float]:
    """The seconds that each test of a file takes."""
    file = folder / f"test_{name}.py"
    file.write_text(source, encoding="utf-8")
    stopwatch = Stopwatch()
    options = ["-q", "--no-header", "--no-summary", "-o", "asyncio_mode=auto", "-p", "no:cacheprovider"]
    with (folder / "output.txt").open("w") as output:
        stdout, sys.stdout = sys.stdout, output
        try:
            pytest.main([*options, f"--rootdir={folder}", "-c", "/dev/null", str(file)], plugins=[stopwatch])
        finally:
            sys.stdout = stdout
    if stopwatch.failed:
        raise SystemExit((folder / "output.txt").read_text())
    return list(stopwatch.durations.values())


def main(count: int, to: Path | None) -> None:
    """Measure, print, and write the figures to a file."""
    header = f"import pytest\n{PLUGIN}\n@pytest.fixture\ndef machine_plugins():\n    return [Greeter]\n"
    with tempfile.TemporaryDirectory() as folder:
        first, *later = measure("greeting", header + WITH_BOT.format(count=count), Path(folder))
        _, *empty = measure("nothing", header + EMPTY.format(count=count), Path(folder))
    ordered = sorted(later)
    figures = {
        "first": first * 1000,
        "mean": statistics.fmean(later) * 1000,
        "median": statistics.median(later) * 1000,
        "p99": ordered[int(len(ordered) * 0.99)] * 1000,
        "slowest": ordered[-1] * 1000,
        "empty": statistics.fmean(empty) * 1000,
    }
    print(f"{count} tests, each with a bot that is spoken to and answers")
    print(f"first test         {figures['first']:8.1f} ms (imports the framework)")
    print(f"mean of the others {figures['mean']:8.1f} ms")
    print(f"median             {figures['median']:8.1f} ms")
    print(f"99th percentile    {figures['p99']:8.1f} ms")
    print(f"slowest            {figures['slowest']:8.1f} ms")
    print(f"an empty test      {figures['empty']:8.1f} ms (pytest and pytest-asyncio alone)")
    write("test_kit", {"tests": count, "ms": figures}, to=to)


if __name__ == "__main__":
    arguments = parser(__doc__)
    arguments.add_argument("tests", nargs="?", type=int, default=TESTS, metavar="TESTS")
    given = arguments.parse_args()
    main(given.tests, given.json)
