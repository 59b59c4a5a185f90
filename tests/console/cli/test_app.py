"""The `machine` command: what it prints, and how it ends where something is wrong."""

from __future__ import annotations

import io
import logging
import re
import socket
import subprocess
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pexpect
import pytest
import structlog

from machine import __version__
from machine_console.cli.app import main
from tests.console.processes import clean_environment
from tests.console.starting import MACHINE
from tests.waiting import NET_S


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: object
    out: str
    err: str


class Command:
    """Runs `machine` in this process, in a folder of its own."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, *arguments: str, **settings: str) -> Ended:
        """Run it to its end."""
        self._monkeypatch.setattr(sys, "argv", ["machine", *arguments])
        for name, value in settings.items():
            self._monkeypatch.setenv(f"SM_{name}", value)
        with pytest.raises(SystemExit) as raised:
            main()
        captured = self._capsys.readouterr()
        assert "Traceback" not in captured.out + captured.err
        return Ended(raised.value.code or 0, captured.out, captured.err)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Command]:
    """The command; logging and warnings are as before afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setenv("COLUMNS", "100")
    handlers, level = logging.root.handlers[:], logging.root.level
    show, kept = warnings.showwarning, structlog.get_config()
    yield Command(tmp_path, monkeypatch, capsys)
    logging.captureWarnings(False)
    warnings.showwarning = show
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    structlog.configure(**kept)


def test_version(machine: Command) -> None:
    """What to write into a bug report."""
    ended = machine("--version")

    assert (ended.code, ended.out) == (0, f"machine {__version__}\n")


@pytest.mark.parametrize("arguments", [("--help",), ("-h",), ("run", "-h"), ("sandbox", "--help"), ("repl", "-h")])
def test_help_explains_each_command(machine: Command, arguments: tuple[str, ...]) -> None:
    """Also in short."""
    ended = machine(*arguments)

    assert ended.code == 0
    assert "Usage: machine" in ended.out


@pytest.mark.parametrize("arguments", [("fly",), ("run", "--fast"), ("sandbox", "--port", "70000"), ("sandbox", "x")])
def test_what_does_not_exist_is_refused(machine: Command, arguments: tuple[str, ...]) -> None:
    """As every command line does: with exit code 2."""
    ended = machine(*arguments)

    assert ended.code == 2
    assert "Usage: machine" in ended.err


def test_live_without_tokens(machine: Command) -> None:
    """`--live` insists on Slack, and says which token is missing."""
    ended = machine("run", "--headless", "--live")

    assert (ended.code, ended.out) == (1, "")
    lines = ended.err.splitlines()
    assert [line.split()[1] for line in lines] == ["SLACK_APP_TOKEN", "SLACK_BOT_TOKEN"]
    assert all("Export SM_SLACK_" in line for line in lines)


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"SLACK_BOT_TOKEN": "xoxb-1-marked"}, "SLACK_APP_TOKEN"),
        ({"SLACK_APP_TOKEN": "xapp-1-marked"}, "SLACK_BOT_TOKEN"),
    ],
)
def test_one_token_without_the_other(machine: Command, given: dict[str, str], missing: str) -> None:
    """A mistake to be told, not a wish for the sandbox."""
    ended = machine("run", "--headless", **given)

    assert ended.code == 1
    assert ended.err.startswith(f"machine: {missing} is not set.")
    assert "marked" not in ended.out + ended.err


@pytest.mark.parametrize("command", [("run", "--headless"), ("repl", "-c", "1"), ("dev", "--headless")])
def test_settings_that_cannot_be_read(machine: Command, command: tuple[str, ...]) -> None:
    """With the line of the file."""
    (machine.folder / "local_settings.py").write_text("LOGLEVEL = 'info'\nPLUGINS = [\n", encoding="utf-8")

    ended = machine(*command)

    assert (ended.code, ended.out) == (1, "")
    (line,) = ended.err.splitlines()
    assert f"{machine.folder / 'local_settings.py'}, line 2 cannot be read: SyntaxError" in line


def test_settings_that_cannot_be_used(machine: Command) -> None:
    """All of them at once, one line each."""
    ended = machine("run", "--headless", LOGLEVEL="loud", TZ="Mars/Phobos", SLACK_BOT_TOKEN="marked")

    assert (ended.code, ended.out) == (1, "")
    assert len(ended.err.splitlines()) == 3
    assert "marked" not in ended.err


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"SQLITE_PATH": "folder"}, "folder"),
        ({"SQLITE_PATH": "file/storage.db"}, "file"),
        ({"STORAGE_BACKEND": "machine.storage.Nothing"}, "STORAGE_BACKEND"),
        ({"STORAGE_BACKEND": "nowhere.Nothing"}, "STORAGE_BACKEND"),
        ({"STORAGE_BACKEND": "Nothing"}, "STORAGE_BACKEND"),
        ({"STORAGE_BACKEND": ""}, "STORAGE_BACKEND"),
        ({"STORAGE_BACKEND": ".a.B"}, "STORAGE_BACKEND"),
        ({"STORAGE_BACKEND": "pathlib.Path"}, "STORAGE_BACKEND"),
        ({"STORAGE_BACKEND": "broken_backend.Backend"}, "SyntaxError"),
    ],
)
def test_a_storage_that_cannot_be_used(machine: Command, settings: dict[str, str], named: str) -> None:
    """Neither a traceback nor a bot that forgets."""
    (machine.folder / "folder").mkdir()
    (machine.folder / "file").write_text("", encoding="utf-8")
    (machine.folder / "broken_backend.py").write_text("class Backend(:\n", encoding="utf-8")

    ended = machine("run", "--headless", **settings)

    assert ended.code == 1
    (line,) = ended.err.splitlines()
    assert named in line


@pytest.mark.parametrize("command", [("run", "--headless"), ("sandbox", "--json")])
@pytest.mark.parametrize("source", ["[[people]\n", "surprise = 1\n", "\x00"])
def test_a_workspace_file_that_cannot_be_used(machine: Command, command: tuple[str, ...], source: str) -> None:
    """`workspace.toml` is named, with what is wrong in it."""
    (machine.folder / "workspace.toml").write_text(source, encoding="utf-8")

    ended = machine(*command)

    assert (ended.code, ended.out) == (1, "")
    assert all(line.startswith("machine: ") for line in ended.err.splitlines())
    assert "workspace.toml" in ended.err


def test_a_workspace_file_that_is_not_text(machine: Command) -> None:
    """Saved in another encoding."""
    (machine.folder / "workspace.toml").write_bytes(b"name = '\xe9'\n")

    ended = machine("sandbox", "--json")

    assert ended.code == 1
    assert "workspace.toml" in ended.err


def test_a_port_in_use(machine: Command) -> None:
    """`machine sandbox --port` names the port and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = machine("sandbox", "--port", str(port))

    assert (ended.code, ended.out) == (1, "")
    (line,) = ended.err.splitlines()
    assert f"127.0.0.1:{port}" in line
    assert line.endswith("Address already in use. Choose another port with --port, or 0 for any free one.")


@pytest.mark.parametrize("command", [("dev",), ("run",), ("dev", "--live"), ("run", "--sandbox")])
def test_no_terminal(machine: Command, command: tuple[str, ...]) -> None:
    """A console in a pipe; said before anything is started."""
    ended = machine(*command)

    assert (ended.code, ended.out) == (1, "")
    assert ended.err == "machine: The console needs a terminal. Without one, use `machine run --headless`.\n"


def test_an_api_that_cannot_be_reached(machine: Command) -> None:
    """Nothing listens at the address."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    url = f"http://127.0.0.1:{port}/"

    ended = machine(
        "run", "--headless", SLACK_API_URL=url, SLACK_BOT_TOKEN="xoxb-1-marked", SLACK_APP_TOKEN="xapp-1-marked"
    )

    assert ended.code == 1
    (line,) = ended.err.splitlines()
    assert line.startswith(f"machine: Slack cannot be reached at {url}")
    assert "marked" not in ended.out + ended.err


def test_ctrl_c_while_the_command_is_still_being_imported_ends_it_quietly(tmp_path: Path) -> None:
    """Impatience is no crash: exit code 130 and no traceback, however early."""
    (tmp_path / "typer.py").write_text("raise KeyboardInterrupt\n")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from machine_console.__main__ import main; main()"

    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=NET_S)

    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "")


@pytest.mark.parametrize("command", ["dev", "run"])
def test_a_layout_that_does_not_exist(machine: Command, command: str) -> None:
    """The right ones are named."""
    ended = machine(command, "--layout", "tall")

    assert ended.code == 1
    assert "no layout 'tall'" in ended.err
    assert "single (one pane at a time)" in ended.err


def test_a_layout_without_a_console(machine: Command) -> None:
    """What is asked for and cannot be had is told."""
    ended = machine("dev", "--headless", "--layout", "single")

    assert ended.code == 1
    assert "--layout is about the console" in ended.err


SLY = r'''
import logging

from machine.plugins import MachineBasePlugin
from machine.plugins.decorators import listen_to

TEXT = "\x1b]52;c;aGk=\x07\x1b[2J\x9b\u202eX\n2026-01-01 [info] forged"


class Sly(MachineBasePlugin):
    async def init(self):
        logging.getLogger("sly").warning(TEXT)
        try:
            raise ValueError(TEXT)
        except ValueError:
            logging.getLogger("sly").exception("failed")

    @listen_to("x\x1b\\[2J\u202e")
    async def hear(self, msg):
        """Hear."""


class Broken(MachineBasePlugin):
    async def init(self):
        raise ValueError(TEXT)
'''


@pytest.mark.parametrize(
    ("command", "settings", "until"),
    [
        ("run --headless", 'PLUGINS = ["plugins.sly"]', "Bot started"),
        ("plugins", 'PLUGINS = ["plugins.sly"]', pexpect.EOF),
        ("doctor", 'PLUGINS = ["plugins.sly"]', pexpect.EOF),
        ("plugins", r'LOGLEVEL = "\x1b[2J\u202e\nforged"', pexpect.EOF),
        ("run --headless", r'raise ValueError("\x1b[2J\u202e\nforged")', pexpect.EOF),
    ],
)
def test_a2_nothing_printed_controls_the_terminal(tmp_path: Path, command: str, settings: str, until: object) -> None:
    """A2: in what a bot logs, in what its plugins are called, and in its settings; and no line is forged."""
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "sly.py").write_text(SLY, encoding="utf-8")
    (tmp_path / "local_settings.py").write_text(settings, encoding="utf-8")
    environment = clean_environment({"PYTHONIOENCODING": "utf-8"})
    shown = io.StringIO()
    terminal = pexpect.spawn(
        str(MACHINE),
        command.split(),
        cwd=tmp_path,
        env=environment,
        encoding="utf-8",
        timeout=NET_S,
        dimensions=(50, 500),
    )
    terminal.logfile_read = shown
    terminal.expect(until)
    terminal.close(force=True)

    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown.getvalue()).replace("\r\n", "\n")
    assert "␛" in plain or "\\x1b" in plain
    assert [character for character in plain if not (character == "\n" or character.isprintable())] == []
    assert [line for line in plain.splitlines() if line.startswith(("forged", "2026-01-01"))] == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full disk here")
@pytest.mark.parametrize("command", ["run --headless", "plugins", "doctor"])
def test_b16_a_full_disk_is_told_of_once(tmp_path: Path, command: str) -> None:
    """B16: without a traceback, and the bot runs on."""
    with Path("/dev/full").open("w") as full:
        process = subprocess.Popen(
            [MACHINE, *command.split()],
            cwd=tmp_path,
            env=clean_environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert process.stderr is not None
    first = process.stderr.readline()
    process.terminate()
    _, rest = process.communicate(timeout=NET_S)

    assert "No space left on device" in first
    assert rest == ""
