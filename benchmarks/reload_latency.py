"""How long from saving a plugin file to its new handler being live, while messages arrive.

    uv run python benchmarks/reload_latency.py [--json FILE]

A bot of 20 plugins in the sandbox gets 200 messages a second, and a plugin file is saved 40 times. Beside the latency
stands how long the same saves take to be noticed by watchfiles alone, and what watching 5,000 files costs when idle.
"""

from __future__ import annotations

import asyncio
import logging
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path

import watchfiles
from result_files import parser, write

from machine.bot import Machine
from machine.loading.watcher import DEBOUNCE_MS, STEP_MS, Watcher
from machine.logs import configure_logging
from machine.sandbox import Sandbox, Workspace
from machine.trace import PluginsReloaded, Record, Trace

PLUGINS, SAVES, MESSAGES_PER_S, IDLE_FILES, IDLE_S = 20, 40, 200, 5_000, 10

SOURCE = """
from machine.plugins import MachineBasePlugin
from machine.plugins.decorators import command, listen_to, schedule

class Plugin{number}(MachineBasePlugin):
    @listen_to(r"^message {number} (?P<what>\\w+)")
    async def answer(self, msg, what):
        await msg.say("version {version} answers " + what)

    @command("/command{number}")
    async def run(self, command):
        await command.say("ran")

    @schedule(hour=9)
    async def morning(self):
        pass
"""


async def main(file: Path | None) -> None:
    """Measure, print, and write the figures to a file."""
    configure_logging(logging.ERROR, sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        plugins = project / "plugins"
        plugins.mkdir()
        for number in range(PLUGINS):
            (plugins / f"plugin{number}.py").write_text(SOURCE.format(number=number, version=0))
        latencies, sent, answered = await _reloads_under_load(project, plugins / "plugin0.py")
        notices = await _notices_alone(plugins / "plugin0.py")
    idle = await _idle_cost()
    p50, p99 = statistics.median(latencies), sorted(latencies)[int(len(latencies) * 0.99)]
    floor = statistics.median(notices)
    print(f"save to live: p50 {p50:.1f} ms, p99 {p99:.1f} ms, worst {max(latencies):.1f} ms ({SAVES} saves)")
    print(f"save to notice, watchfiles alone: p50 {floor:.1f} ms; ratio {p50 / floor:.2f}")
    print(f"messages: {sent} sent, {answered} answered")
    print(f"watching {IDLE_FILES} files when idle: {idle:.2f} % of a core")
    counted = {"sent": sent, "answered": answered, "idle_percent": idle}
    write("reload_latency", {"p50_ms": p50, "p99_ms": p99, "floor_p50_ms": floor, **counted}, to=file)


async def _reloads_under_load(project: Path, path: Path) -> tuple[list[float], int, int]:
    workspace, trace = Workspace.default(), Trace()
    reloaded = asyncio.Event()
    trace.subscribe(lambda record: _note(record, reloaded))
    async with Sandbox(workspace) as sandbox:
        settings = {
            "SLACK_API_URL": sandbox.api_url,
            "SLACK_BOT_TOKEN": sandbox.bot_token,
            "SLACK_APP_TOKEN": sandbox.app_token,
            "PLUGINS": [],
            "STORAGE_BACKEND": "machine.storage.backends.memory.MemoryStorage",
        }
        async with Machine(settings, trace=trace, project=project, watch=True) as machine:
            stop = asyncio.Event()
            load = asyncio.create_task(_post_messages(workspace, stop))
            await asyncio.sleep(1.5)  # the watcher's first look
            latencies = []
            for version in range(1, SAVES + 1):
                reloaded.clear()
                text = SOURCE.format(number=0, version=version)
                started = time.perf_counter()
                path.write_text(text)
                await reloaded.wait()
                latencies.append((time.perf_counter() - started) * 1000)
                await asyncio.sleep(0.1)
            stop.set()
            sent = await load
            await sandbox.wait_until_idle()
            await machine.wait_until_idle()
            answered = sum(message.is_by_bot for message in workspace.history("general"))
    return latencies, sent, answered


def _note(record: Record, reloaded: asyncio.Event) -> None:
    if isinstance(record, PluginsReloaded):
        reloaded.set()


async def _post_messages(workspace: Workspace, stop: asyncio.Event) -> int:
    sent = 0
    began = time.perf_counter()
    while not stop.is_set():
        workspace.post("alice", "general", f"message {sent % PLUGINS} hello")
        sent += 1
        await asyncio.sleep(max(0.0, began + sent / MESSAGES_PER_S - time.perf_counter()))
    return sent


async def _notices_alone(path: Path) -> list[float]:
    stop, noticed, latencies = asyncio.Event(), asyncio.Event(), []

    async def watch() -> None:
        async for _ in watchfiles.awatch(path.parent, debounce=DEBOUNCE_MS, step=STEP_MS, stop_event=stop):
            noticed.set()

    watching = asyncio.create_task(watch())
    await asyncio.sleep(0.5)
    for version in range(SAVES):
        noticed.clear()
        started = time.perf_counter()
        path.write_text(f"version = {version}")
        await noticed.wait()
        latencies.append((time.perf_counter() - started) * 1000)
        await asyncio.sleep(0.1)
    stop.set()
    await watching
    return latencies


async def _idle_cost() -> float:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for number in range(IDLE_FILES):
            package = root / "plugins" / f"package{number % 100}"
            package.mkdir(parents=True, exist_ok=True)
            (package / f"module{number}.py").touch()

        async def ignore(_paths: set[Path]) -> None:
            """Nothing is reloaded here."""

        watcher = Watcher(root, lambda: [root / "plugins"], ignore)
        await watcher.start()
        await asyncio.sleep(2)
        before, started = _cpu_s(), time.perf_counter()
        await asyncio.sleep(IDLE_S)
        share = (_cpu_s() - before) / (time.perf_counter() - started) * 100
        await watcher.close()
    return share


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    asyncio.run(main(parser(__doc__).parse_args().json))
