"""`machine repl` as people run it: in a real terminal, with -c, and in a pipe."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pexpect
import pytest

from tests.console import starting
from tests.console.terminal import Dialogue
from tests.waiting import NET_S

pytestmark = pytest.mark.slow

COMMAND = [str(starting.MACHINE), "repl"]
# without CPR: pexpect is no terminal that answers where its cursor is
ENVIRONMENT = {**os.environ, "PROMPT_TOOLKIT_NO_CPR": "1", "TERM": "xterm-256color", "PYTHONWARNINGS": "default"}
PROMPT = r">>> \x1b"


def run(project: Path, *arguments: str, script: str = "") -> subprocess.CompletedProcess[str]:
    return starting.run([*COMMAND, *arguments], project, os.environ, script=script)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Any]:
    """`machine repl` in a pseudo-terminal, at its prompt."""
    child = Dialogue(
        COMMAND[0],
        COMMAND[1:],
        cwd=str(tmp_path),
        env=ENVIRONMENT,
        dimensions=(30, 100),
        encoding="utf-8",
        timeout=NET_S,
    )
    child.expect("in the sandbox")
    child.expect(PROMPT)
    yield child
    child.close(force=True)


def test_a_conversation_in_a_terminal(terminal: Any, tmp_path: Path) -> None:
    """Evaluate, complete, print, be wrong, and leave."""
    terminal.send("20 + 22\r")
    terminal.expect("42")
    terminal.expect(PROMPT)
    terminal.send('say("#gen')
    terminal.expect("Everything that concerns everybody")
    terminal.send("\t\", 'hello')\r")
    terminal.expect("machine in #general")
    terminal.expect(PROMPT)
    terminal.send("1/0\r")
    terminal.expect("ZeroDivisionError: division by zero")
    terminal.expect(PROMPT)
    terminal.send("\x04")
    terminal.expect(pexpect.EOF)
    terminal.close()

    assert terminal.exitstatus == 0
    assert "20 + 22" in (tmp_path / ".machine" / "repl_history").read_text()


@pytest.mark.parametrize(
    "code", ["print('start' 'ed'); await __import__('asyncio').Event().wait()", "while True: said = said or mark()"]
)
def test_ctrl_c_cancels_what_runs(terminal: Any, code: str) -> None:
    """Waiting code and code that never lets go; the session goes on."""
    terminal.send("said = False; mark = lambda: not print('start' 'ed')\r")
    terminal.expect(PROMPT)
    terminal.send(f"{code}\r\r")
    terminal.expect("started")
    terminal.sendintr()
    terminal.expect("cancelled")
    terminal.expect(PROMPT)
    terminal.send("6 * 7\r")
    terminal.expect("42")


def test_exit_ends_with_its_code(terminal: Any) -> None:
    """`exit(3)` is an exit code."""
    terminal.send("exit(3)\r")
    terminal.expect(pexpect.EOF)
    terminal.close()

    assert terminal.exitstatus == 3


def test_code_from_the_command_line(tmp_path: Path) -> None:
    """Every expression is awaited, the last one shown; the exit code is 0."""
    done = run(tmp_path, "-c", 'say("#ops", "deployed"); len(await history("#ops"))')

    assert (done.returncode, done.stdout, done.stderr) == (0, "1\n", "")


def test_a_script_from_standard_input(tmp_path: Path) -> None:
    """A pipe needs no terminal."""
    done = run(tmp_path, script="def f(x):\n    return x * 2\n\nprint(f(20))\nf(21)\n")

    assert (done.returncode, done.stdout, done.stderr) == (0, "40\n42\n", "")


@pytest.mark.parametrize(
    ("code", "exit_code", "error"),
    [("1/0", 1, "ZeroDivisionError"), ('user("nobody")', 1, "nobody"), ("exit(7)", 7, ""), ("1 +", 1, "SyntaxError")],
)
def test_failures_have_an_exit_code(tmp_path: Path, code: str, exit_code: int, error: str) -> None:
    """Errors go to standard error, so that a pipe gets results only."""
    done = run(tmp_path, "-c", code)

    assert done.returncode == exit_code
    assert done.stdout == ""
    assert error in done.stderr


def test_a_script_and_json(tmp_path: Path) -> None:
    """`machine repl script.py` runs a file; with `--json` a pipe gets JSON only."""
    script = tmp_path / "script.py"
    script.write_text('print("aside")\nchannel("#general")\n', encoding="utf-8-sig")  # B15

    done = run(tmp_path, "--json", str(script))

    assert json.loads(done.stdout)["name"] == "general"
    assert (done.returncode, done.stderr) == (0, "aside\n")
    assert "cannot be read" in run(tmp_path, "nowhere.py").stderr
