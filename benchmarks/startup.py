"""How soon a bot answers after its process has started, and how much memory it takes, by the size of the workspace.

    uv run python benchmarks/startup.py [--json FILE]

The sandbox runs here, the bot in a process of its own: started in an empty folder, and a second time with what the
first left there. Beside it `machine run --headless`, and the least that is needed for an answer: `first_answers.py`.
Also the times of imports. Takes about a minute and a half.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from measured_process import peak_mb
from result_files import Wanted, parser, write

if TYPE_CHECKING:
    from machine.sandbox import Sandbox

SIZES = (100, 10_000, 100_000)
IMPORTS = {
    "python": ["-c", "pass"],
    "import machine": ["-c", "import machine"],
    "import machine.plugins": ["-c", "import machine.plugins"],
    "import machine.bot": ["-c", "import machine.bot"],
    "machine --help": ["-m", "machine", "--help"],
}
IMPORT_RUNS = 5
HEADLESS = ["-m", "machine", "run", "--headless"]
FIRST_ANSWERS = ("plain aiohttp", "slack_sdk")
COMPARED_RUNS = 5
ASKED_EVERY_S = 0.01
PATIENCE_S = 40.0


async def serve(api_url: str, bot_token: str, app_token: str) -> None:
    """Be the bot, until the process is ended."""
    from machine.bot import Machine  # noqa: PLC0415 - what it takes to import is measured, but not in the sandbox
    from machine.logs import configure_logging  # noqa: PLC0415
    from machine.plugins import MachineBasePlugin, Message  # noqa: PLC0415
    from machine.plugins.decorators import listen_to  # noqa: PLC0415

    class Greeter(MachineBasePlugin):
        """Answers with what it knows of the sender."""

        @listen_to("^hi ")
        async def greet(self, msg: Message) -> None:
            """Answer by name."""
            await msg.say(f"hello {msg.sender.name} in {msg.channel.name}")

    configure_logging(logging.ERROR, sys.stderr)
    tokens = {"SLACK_BOT_TOKEN": bot_token, "SLACK_APP_TOKEN": app_token}
    async with Machine({"SLACK_API_URL": api_url, "PLUGINS": [], **tokens}, plugins=[Greeter]) as machine:
        while machine.slack.directory.is_listing:
            await asyncio.sleep(ASKED_EVERY_S)
        Path("listed").write_text(str(len(machine.slack.users)), encoding="utf-8")
        await machine.wait_until_stopped()


async def measure(users: int) -> dict[str, Any]:
    """The first and the second start in a workspace of this size."""
    from machine.sandbox import Sandbox, Workspace  # noqa: PLC0415 - the bot's process does without

    async with Sandbox(Workspace.default(users=users)) as sandbox:
        with tempfile.TemporaryDirectory() as folder:
            first = await start(sandbox, Path(folder), until_listed=True)
            second = await start(sandbox, Path(folder), until_listed=False)
            snapshot = sum(file.stat().st_size for file in Path(folder, ".machine").glob("directory.*"))
    return {"users": users, "first": first, "second": second, "snapshot_mb": round(snapshot / 1e6, 1)}


async def compare() -> dict[str, dict[str, float]]:
    """Medians of what else answers a first message, in a workspace of 100 people."""
    from machine.sandbox import Sandbox, Workspace  # noqa: PLC0415 - as above

    found: dict[str, list[dict[str, float]]] = {}
    async with Sandbox(Workspace.default(users=100)) as sandbox:
        floor = str(Path(__file__).with_name("first_answers.py"))
        tokens = [sandbox.api_url, sandbox.bot_token, sandbox.app_token]
        programs = {name: [floor, name, *tokens] for name in FIRST_ANSWERS} | {"machine run --headless": HEADLESS}
        for _ in range(COMPARED_RUNS):
            for name, program in programs.items():
                with tempfile.TemporaryDirectory() as folder:
                    figures = await start(sandbox, Path(folder), program, text="ping", until_listed=False)
                found.setdefault(name, []).append(figures)
    return {
        name: {figure: statistics.median(run[figure] for run in runs) for figure in runs[0]}
        for name, runs in found.items()
    }


async def start(
    sandbox: Sandbox, folder: Path, program: list[str] | None = None, *, text: str = "hi there", until_listed: bool
) -> dict[str, float]:
    """Start a bot, greet it until it answers, and end it."""
    tokens = [sandbox.api_url, sandbox.bot_token, sandbox.app_token]
    workspace = sandbox.workspace
    person = [one for one in workspace.people.values() if not one.is_bot][-1]
    answered = len([message for message in workspace.history("general") if message.is_by_bot])
    began, cpu_before = time.perf_counter(), _children_cpu_s()
    process = subprocess.Popen(
        [sys.executable, *(program or [__file__, "--bot", *tokens])],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": str(Path(__file__).parents[1]),
            "SM_LOGLEVEL": "ERROR",
            **dict(zip(("SM_SLACK_API_URL", "SM_SLACK_BOT_TOKEN", "SM_SLACK_APP_TOKEN"), tokens, strict=True)),
        },
    )
    try:
        workspace.post(person, "general", text)  # kept by the sandbox until the bot is connected
        await until(lambda: sum(message.is_by_bot for message in workspace.history("general")) > answered)
        figures = {"answered_s": time.perf_counter() - began, "peak_mb": peak_mb(process.pid)}
        if until_listed:
            await until((folder / "listed").exists)
            figures |= {"listed_s": time.perf_counter() - began, "peak_mb": peak_mb(process.pid)}
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait)
    return {name: round(value, 2) for name, value in figures.items()} | {
        "cpu_s": round(_children_cpu_s() - cpu_before, 2)
    }


async def until(condition: Any) -> None:
    """Wait for something."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(ASKED_EVERY_S)


def import_times() -> dict[str, float]:
    """Milliseconds that a fresh interpreter takes, its own start included."""
    times = {}
    for name, arguments in IMPORTS.items():
        runs = []
        for _ in range(IMPORT_RUNS):
            began = time.perf_counter()
            subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
            runs.append((time.perf_counter() - began) * 1000)
        times[name] = round(statistics.median(runs), 1)
    return times


def _children_cpu_s() -> float:
    times = os.times()
    return times.children_user + times.children_system


async def main(file: Path | None) -> None:
    """Measure, print, and write the figures to a file."""
    rows = []
    for users in SIZES:
        row = await measure(users)
        rows.append(row)
        first, second = row["first"], row["second"]
        print(
            f"{users:>7,} people: first start answers after {first['answered_s']:.2f} s, second after"
            f" {second['answered_s']:.2f} s; all listed after {first['listed_s']:.1f} s; peak memory"
            f" {first['peak_mb']:.0f} and {second['peak_mb']:.0f} MB; snapshot {row['snapshot_mb']} MB",
            flush=True,
        )
    compared = await compare()
    for name, figures in compared.items():
        print(
            f"{name}: answers after {figures['answered_s']:.2f} s, peak memory {figures['peak_mb']:.0f} MB", flush=True
        )
    imports = import_times()
    for name, milliseconds in imports.items():
        print(f"{milliseconds:7.0f} ms  {name}")
    few, many = rows[0], rows[-1]
    wanted = [
        Wanted("First event answered, 100 people", few["first"]["answered_s"], 0.5, "s"),
        Wanted("First event answered, 100,000 people, known from before", many["second"]["answered_s"], 0.6, "s"),
        Wanted("import machine", imports["import machine"], 150, "ms"),
        Wanted("machine --help", imports["machine --help"], 200, "ms"),
        Wanted("Memory, 100 people", few["first"]["peak_mb"], 60, "MB"),
        Wanted("Memory, 100,000 people", many["first"]["peak_mb"], 120, "MB"),
    ]
    write("startup", {"rows": rows, "compared": compared, "imports_ms": imports}, to=file, wanted=wanted)


if __name__ == "__main__":
    arguments = parser(__doc__)
    arguments.add_argument("--bot", nargs=3, metavar=("URL", "TOKEN", "TOKEN"), help=argparse.SUPPRESS)
    given = arguments.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(*given.bot) if given.bot else main(given.json))
