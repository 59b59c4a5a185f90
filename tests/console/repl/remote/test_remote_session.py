"""`machine repl --attach` as people use it: from other terminals, to a bot that must not mind."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pexpect
import pytest

from machine_console.repl.remote.protocol import DATA, HELLO, pack
from tests.console.processes import clean_environment
from tests.console.starting import MACHINE, run
from tests.console.terminal import Dialogue, Terminal
from tests.waiting import NET_S

pytestmark = pytest.mark.slow

PROMPT = r"bot >>> \x1b"
NOBODY = 65534
STRANGER = """
import os, socket, sys
user, path, hello = int(sys.argv[1]), sys.argv[2], bytes.fromhex(sys.argv[3])
if user:
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)
with socket.socket(socket.AF_UNIX) as connection:
    connection.connect(path)
    try:
        connection.sendall(hello)
        while data := connection.recv(4096):
            sys.stdout.buffer.write(data)
    except (BrokenPipeError, ConnectionResetError):
        pass
"""
"""Run by another process: becomes a user, connects, introduces itself, and prints what comes back."""


class Bot:
    """A headless bot in a folder of its own, and terminals to attach to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # without CPR: pexpect is no terminal that answers where its cursor is
        self.environment = clean_environment(
            {"PROMPT_TOOLKIT_NO_CPR": "1", "TERM": "xterm-256color", "XDG_RUNTIME_DIR": str(folder.parent / "run")}
        )
        self._children: list[Any] = []
        self.process = self.start()
        self.process.expect("REPL offered")

    @property
    def socket(self) -> Path:
        return self.folder / ".machine" / "repl.sock"

    def start(self) -> Any:
        return self._spawn("run", "--headless", folder=self.folder)

    def attach(self, *arguments: str) -> Any:
        """A terminal at its prompt."""
        child = self._spawn("repl", "--attach", str(self.folder), *arguments)
        child.expect("Attached to machine in the sandbox Sandbox")
        child.expect(PROMPT)
        return child

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return run([MACHINE, "repl", *arguments], self.folder, self.environment)

    def close(self) -> None:
        for child in self._children:
            child.close(force=True)

    def _spawn(self, *arguments: str, folder: Path | None = None) -> Any:
        child = Dialogue(
            str(MACHINE),
            list(arguments),
            cwd=str(folder or self.folder.parent),
            env=self.environment,
            dimensions=(30, 120),
            encoding="utf-8",
            timeout=NET_S,
        )
        self._children.append(child)
        return child


def _running(folder: Path) -> Iterator[Bot]:
    folder.mkdir()
    bot = Bot(folder)
    yield bot
    bot.close()


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bot]:
    """A bot that runs, for all who let it; starting one takes a second."""
    yield from _running(tmp_path_factory.mktemp("shared") / "bot")


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Bot]:
    """A bot that may be stopped and killed."""
    yield from _running(tmp_path / "bot")


def test_it_is_the_same_prompt(bot: Bot) -> None:
    """Evaluate, complete, be wrong, cancel, leave; the bot runs on."""
    terminal = bot.attach()
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
    terminal.send("import asyncio; print('start' 'ed'); await asyncio.Event().wait()\r")
    terminal.expect("started")
    terminal.send("\x03")
    terminal.expect("cancelled")
    terminal.expect(PROMPT)
    terminal.send("\x04")
    terminal.expect(pexpect.EOF)
    terminal.close()

    assert terminal.exitstatus == 0
    assert bot.process.isalive()
    assert "20 + 22" in (bot.folder / ".machine" / "repl_history").read_text()


def test_what_is_printed_meanwhile_leaves_the_prompt_alone(bot: Bot) -> None:
    """A task prints above what is being typed."""
    terminal = bot.attach()
    terminal.send("import asyncio; tell = lambda: print('print' 'ed')\r")
    terminal.expect(PROMPT)
    terminal.send("asyncio.get_running_loop().call_later(0.2, tell);\r")
    terminal.expect(PROMPT)
    terminal.send("40 + ")
    terminal.expect("printed")
    terminal.send("2\r")
    terminal.expect("42")


def test_several_people_have_outputs_of_their_own(bot: Bot) -> None:
    """Each with names, results and prints of their own."""
    one, other = bot.attach(), bot.attach()
    one.send("name = 'o' + 'ne'; print('for', name)\r")
    one.expect("for one")
    one.expect(PROMPT)
    other.send("name\r")
    other.expect("NameError")
    other.expect(PROMPT)

    assert "for one" not in (other.before or "")
    one.send("name * 2\r")
    one.expect("oneone")


def test_a_killed_terminal_leaves_the_bot_alone(bot: Bot) -> None:
    """What it ran is cancelled, and others are answered."""
    terminal = bot.attach()
    terminal.send("import asyncio\r")
    terminal.expect(PROMPT)
    terminal.send("async def wait():\rtry:\rprint('start' 'ed')\rawait asyncio.Event().wait()\r")
    terminal.send("\x7ffinally:\rbot.was_cleaned = True\r\r")
    terminal.expect(PROMPT)
    terminal.send("wait()\r")
    terminal.expect("started")
    terminal.kill(signal.SIGKILL)
    terminal.wait()
    bot.process.expect("REPL detached")

    assert bot.run("--attach", "-c", "bot.was_cleaned").stdout == "True\n"


@pytest.mark.parametrize("way", ["another terminal", "ctrl-c"])
def test_an_infinite_loop_is_named_and_stopped(bot: Bot, way: str) -> None:
    """It holds up the event loop, so neither reads keys; a thread does."""
    terminal = bot.attach()
    terminal.send("while True: pass\r\r")
    bot.process.expect("holds up the bot")
    bot.process.expect("while True: pass")

    if way == "ctrl-c":
        terminal.send("\x03")
    else:
        done = bot.run("--interrupt")
        assert re.fullmatch(r"Stopped after [\d.]+ s: while True: pass\n", done.stdout)

    terminal.expect("cancelled")
    terminal.expect(PROMPT)
    terminal.send("6 * 7\r")
    terminal.expect("42")
    assert bot.run("--interrupt").stdout == "Nothing holds up the bot.\n"


@pytest.mark.parametrize("request_", [b"[" * 1_000, b"\xff\xfe", b"[]", b"5", b"{", b'{"session": {"a": [1]}}'])
def test_a10_a_strange_request_to_stop_an_input_is_answered_in_one_line(bot: Bot, request_: bytes) -> None:
    """A10: and the next one is heard."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(NET_S)
        connection.connect(f"{bot.socket}.interrupt")
        connection.sendall(request_)
        answer = connection.recv(1_000).decode()

    assert answer in ("That is not a request of `machine repl --interrupt`.", "Nothing holds up the bot.")
    assert bot.run("--interrupt").stdout == "Nothing holds up the bot.\n"


@pytest.mark.parametrize(
    ("end", "farewell"), [(signal.SIGTERM, "The bot has stopped"), (signal.SIGKILL, "Lost the connection to the bot")]
)
def test_a_bot_that_stops_is_told(mortal: Bot, end: signal.Signals, farewell: str) -> None:
    """In one line, with the terminal as it was, and an exit code."""
    terminal = mortal.attach()
    mortal.process.kill(end)
    terminal.expect(farewell)
    terminal.expect(pexpect.EOF)
    terminal.close()

    assert terminal.exitstatus == 1
    gone = mortal.run("--attach", "-c", "1")
    assert gone.returncode == 1
    assert "No bot listens at" in gone.stderr or "is not running any more" in gone.stderr


def test_a_killed_bots_socket_is_replaced(mortal: Bot) -> None:
    """Nobody has to clean up by hand."""
    mortal.process.kill(signal.SIGKILL)
    mortal.process.wait()
    assert mortal.socket.exists()
    mortal.process = mortal.start()
    mortal.process.expect("REPL offered")

    assert mortal.run("--attach", "-c", "6 * 7").stdout == "42\n"


def test_a_second_bot_leaves_the_first_ones_socket_alone(bot: Bot) -> None:
    """It says so, and runs without one."""
    second = bot.start()
    second.expect("No REPL is offered")
    second.expect("Another bot offers its REPL at")
    second.kill(signal.SIGTERM)
    second.expect(pexpect.EOF)

    assert bot.run("--attach", "-c", "6 * 7").stdout == "42\n"


def test_only_its_owner_can_reach_it(bot: Bot) -> None:
    """By mode; who runs the other end is checked as well, see below."""
    modes = [stat.S_IMODE(os.lstat(path).st_mode) for path in (bot.socket.parent, bot.socket)]

    assert modes == [0o700, 0o600]
    assert stat.S_IMODE(os.lstat(f"{bot.socket}.interrupt").st_mode) == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.skipif(not hasattr(socket, "SO_PEERCRED"), reason="this system does not tell who is at the other end")
def test_another_user_is_refused(mortal: Bot) -> None:
    """Also where somebody has opened folder and socket to everybody: the kernel says who is at the other end."""
    mortal.socket.parent.chmod(0o755)
    mortal.socket.chmod(0o666)

    assert b"42" in _talk_as(os.geteuid(), mortal.socket, "6 * 7")
    assert _talk_as(NOBODY, mortal.socket, "bot.was_taken = True") == b""
    mortal.process.expect(rf"REPL refused[^\n]*\(uid {NOBODY}, pid \d+\)")
    assert mortal.run("--attach", "-c", "hasattr(bot, 'was_taken')").stdout == "False\n"


def _talk_as(user: int, path: Path, code: str) -> bytes:
    """What the bot answers to a user who asks it to run something, and who has got round the client's own checks."""
    hello = pack(HELLO, json.dumps({"code": code}).encode())
    done = subprocess.run(
        [sys.executable, "-c", STRANGER, str(user), path.name, hello.hex()],
        cwd=path.parent,
        capture_output=True,
        timeout=NET_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def test_inputs_are_logged_with_who_ran_them(bot: Bot) -> None:
    """Secrets excepted."""
    assert bot.run("--attach", "-c", "'xoxb-1-2-secret' * 0;").returncode == 0
    bot.process.expect(r"REPL input[^\n]*xoxb[^\n]*\n")

    assert "'xoxb-…redacted' * 0;" in bot.process.after
    assert f"(uid {os.geteuid()}, pid " in bot.process.after


def test_one_liners_have_exit_codes_and_json(bot: Bot) -> None:
    """As without attaching."""
    shown = bot.run("--attach", "--json", "-c", 'print("aside"); channel("#general")')
    assert json.loads(shown.stdout)["name"] == "general"
    assert shown.stderr == "aside\n"
    assert bot.run("--attach", "-c", "exit(3)").returncode == 3
    assert bot.run("--attach", "-c", "1/0").returncode == 1


@pytest.mark.parametrize("name", ["bot", "folder", "socket"])
def test_a_bot_is_found_by_name_folder_or_socket(bot: Bot, name: str) -> None:
    """Whatever is at hand."""
    target = {"bot": "bot", "folder": str(bot.folder), "socket": str(bot.socket)}[name]

    assert bot.run("--attach", target, "-c", "6 * 7").stdout == "42\n"


def test_an_unknown_bot_is_told_with_those_there_are(bot: Bot) -> None:
    """And a folder without a bot, and a file that is none."""
    assert "No running bot is called 'bto'. There are: bot." in bot.run("--attach", "bto").stderr
    assert "No bot listens at" in bot.run("--attach", "/nowhere/at/all").stderr
    other = bot.folder / "file"
    other.touch()
    assert "is not the socket of a bot" in bot.run("--attach", str(other)).stderr


def test_read_only_refuses_what_would_change_anything(bot: Bot) -> None:
    """Looking is fine."""
    refused = bot.run("--attach", "--read-only", "-c", 'say("#random", "hi")')
    assert refused.returncode == 1
    assert "read-only" in refused.stderr
    assert bot.run("--attach", "--read-only", "-c", 'len(await history("#random"))').stdout == "0\n"


def test_five_megabytes_pasted(bot: Bot) -> None:
    """They are refused in a line; the session and the bot go on."""
    terminal = bot.attach()
    terminal.delaybeforesend = None
    terminal.send("\x1b[200~")
    piece = "x = 1  # " + "y" * 991
    for _ in range(5_000):
        terminal.send(piece)
    terminal.send("\x1b[201~")
    terminal.expect("are too many to paste")
    terminal.send("\x036 * 7\r")
    terminal.expect("42")


def test_a_resized_terminal_is_drawn_anew(bot: Bot, tmp_path: Path) -> None:
    """Smaller and larger, in a real terminal, with the menu open."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    command: list[str | Path] = [MACHINE, "repl", "--attach", bot.folder]
    with Terminal(command, tmp_path, scratch, columns=100, lines=24) as terminal:
        terminal.wait_for("bot >>>")
        terminal.type('say("#')
        terminal.wait_for("#random")
        terminal.resize(60, 15)
        terminal.wait_for(_is_drawn_once)
        terminal.resize(120, 30)
        terminal.wait_for(_is_drawn_once)
        terminal.press("C-c")
        terminal.type("len('abc') + 39")
        terminal.press("Enter")
        terminal.wait_for("\n42")
        terminal.press("C-d")
        assert terminal.wait_for_exit() == 0


def _is_drawn_once(screen: str) -> bool:
    return 'say("#' in screen and "#random" in screen


def test_ctrl_backslash_leaves_a_bot_that_hangs(bot: Bot) -> None:
    """Without its help."""
    terminal = bot.attach()
    bot.process.kill(signal.SIGSTOP)
    terminal.send("\x1c")
    terminal.expect("Left; the bot runs on.")
    terminal.expect(pexpect.EOF)
    bot.process.kill(signal.SIGCONT)

    assert bot.run("--attach", "-c", "6 * 7").stdout == "42\n"


@pytest.mark.parametrize(
    "garbage", [b"GET / HTTP/1.1\r\n\r\n", b"h\xff\xff\xff\xff", b"h\0\0\0\x02[]", b"d\0\0\0\x01x"]
)
def test_whoever_talks_nonsense_is_cut_off(bot: Bot, garbage: bytes) -> None:
    """And nobody else notices."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(NET_S)
        connection.connect(str(bot.socket))
        connection.sendall(garbage)
        while connection.recv(1000):
            pass

    assert bot.run("--attach", "-c", "6 * 7").stdout == "42\n"


def test_a_terminal_that_reads_nothing_is_cut_off(mortal: Bot) -> None:
    """What it is sent must not pile up in the mortal."""
    hello = json.dumps({"columns": 80, "rows": 24, "term": "xterm-256color"}).encode()
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(NET_S)
        connection.connect(str(mortal.socket))
        connection.sendall(pack(HELLO, hello))
        connection.sendall(pack(DATA, b"for _ in range(4_000): print('deaf ' * 600)\r\r"))
        mortal.process.expect(r"REPL detached")
        received = 0
        with contextlib.suppress(ConnectionResetError):
            while data := connection.recv(1 << 16):
                received += len(data)

    assert received < 12_000_000
    assert mortal.run("--attach", "-c", "6 * 7").stdout == "42\n"
