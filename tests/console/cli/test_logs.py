"""`machine logs` beside a bot that runs headless."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.console.processes import Process, clean_environment, machine, outcome
from tests.console.starting import MACHINE
from tests.waiting import NET_S

pytestmark = pytest.mark.slow

PLUGIN = """
import structlog

from machine.plugins import MachineBasePlugin


class Talker(MachineBasePlugin):
    async def init(self):
        structlog.get_logger(__name__).warning("ready", with_what="\\x1b[2Jcolours", api_token="xoxb-1-secret")
"""
WRITE = "import structlog; log = structlog.get_logger('plugins.talker'); "


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A bot with a plugin that logs as it starts."""
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "talker.py").write_text(PLUGIN)
    return tmp_path


@pytest.fixture
async def running(project: Path) -> AsyncIterator[Process]:
    """The bot, running headless."""
    async with machine(project, "run", "--headless") as process:
        await process.event("REPL offered; `machine repl --attach` opens it")
        yield process


async def have_it_log(project: Path, code: str) -> None:
    assert (await outcome(project, "repl", "--attach", "-c", WRITE + code)).code == 0


async def test_it_shows_what_the_bot_itself_printed(project: Path, running: Process) -> None:
    """From the start on, where plugins fail; the same fields, secrets redacted."""
    printed = await running.event("ready")

    shown = await outcome(project, "logs")
    filtered = await outcome(project, "logs", "--level", "Warning", "--plugin", "talker", "--lines", "1")

    [line] = [line for line in map(json.loads, shown.out.splitlines()) if line["event"] == "ready"]
    assert {**line, "timestamp": ""} == {**printed, "timestamp": ""}
    assert json.loads(filtered.out) == line
    assert "secret" not in shown.everything


async def test_following_goes_on_until_the_bot_stops(project: Path, running: Process) -> None:
    """Each line as it is written, as text when asked for; nothing in it reaches the terminal as a command."""
    async with machine(project, "logs", "-f", "-n", "0", "--text", "--plugin", "talker") as following:
        await have_it_log(project, "log.info('before')")  # may be written before somebody follows
        async with asyncio.timeout(NET_S):
            while not following.lines:
                await have_it_log(project, "log.error('is anybody there?', text='\\x1b[31mred')")
        await have_it_log(project, "log.error('at last\\nnot a line', text='\\x1b[31mred')")
        line = await following.line(lambda line: "at last" in line, "a line that was written meanwhile")
        running.kill(signal.SIGTERM)
        ended = await following.ended()

    assert "error" in line
    assert "\x1b" not in line
    assert "at last↵not a line" in line
    assert "␛[31mred" in line
    assert ended.code == 1
    assert ended.err == "The bot has stopped.\n"


async def test_a_pipe_may_be_closed(project: Path, running: Process) -> None:
    """As by `head`, without a traceback."""
    await have_it_log(project, "[log.info(f'line {number}') for number in range(2000)]")

    piped = await asyncio.create_subprocess_exec(
        "bash",
        *("-c", f"set -o pipefail; {MACHINE} logs -n 2000 | head -n 1"),
        cwd=project,
        env=clean_environment(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await piped.communicate()

    assert (piped.returncode, err) == (0, b"")
    assert len(out.splitlines()) == 1


async def test_ctrl_c_leaves_quietly(project: Path, running: Process) -> None:
    """And the bot goes on."""
    async with machine(project, "logs", "--follow") as following:
        await following.event("ready")
        following.kill(signal.SIGINT)
        ended = await following.ended()

    assert (ended.code, ended.err) == (130, "")
    assert (await outcome(project, "logs")).code == 0


async def test_where_no_bot_runs_it_says_so(project: Path) -> None:
    """And what to do; a level that is none is told, too."""
    nothing = await outcome(project, "logs", "--follow")
    unknown = await outcome(project, "logs", "no-such-bot")
    level = await outcome(project, "logs", "--level", "loud")

    assert nothing.code == unknown.code == level.code == 1
    assert nothing.err.startswith("machine: No bot listens at ")
    assert "machine run --headless" in nothing.err
    assert "No running bot is called 'no-such-bot'" in unknown.err
    assert (
        level.err == "machine: --level 'loud' is not a log level. There are: debug, info, warning, error, critical.\n"
    )
