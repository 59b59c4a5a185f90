"""The terminal's side of an attached REPL: keys go to the bot, what comes back is shown.

It knows nothing of Python, Slack or prompts, so it is there at once. Leaving it, in whatever way, leaves the bot alone.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import signal
import socket
import struct
import sys
import termios
import tty
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from machine.errors import MachineError
from machine_console.repl.remote.protocol import (
    DATA,
    EDIT,
    ERROR,
    EXIT,
    HELLO,
    INTERRUPT_SUFFIX,
    SIZE,
    SIZE_BODY,
    Frames,
    ProtocolError,
    pack,
)
from machine_console.repl.remote.socket_path import address, check_socket, is_trusted

LEAVE = b"\x1c"
"""Ctrl-\\ : ends the client at once, for the case that the bot does not answer."""
_INTERRUPT = b"\x03"
_CHUNK = 65_536
_TIDY = b"\x1b[?2004l\x1b[?25h\x1b[0m\r\n"
"""What the prompt would do at its end: no bracketed paste, cursor shown, no colours."""
_INTERRUPT_TIMEOUT_S = 5.0


class _GoneError(Exception):
    """The bot is no longer there."""


def attach(
    path: Path, *, code: str | None = None, is_read_only: bool = False, as_json: bool = False, mode: str = ""
) -> int:
    """Talk to a running bot until the person leaves, or have it run `code`.

    Args:
        path: Of the bot's socket.
        code: Runs this instead of asking at a prompt.
        is_read_only: Refuse what would change anything.
        as_json: Print the result of `code` as JSON.
        mode: `vi` or `emacs`; the bot's setting by default.

    Returns:
        The exit code.

    Raises:
        MachineError: There is no such bot, it refuses, or it stops meanwhile.
    """
    with connected(path) as connection:
        hello = {
            "code": code,
            "read_only": is_read_only,
            "json": as_json,
            "mode": mode,
            "term": os.environ.get("TERM", "xterm"),
            "colours": _colours(),
            "cpr": not os.environ.get("PROMPT_TOOLKIT_NO_CPR"),
            "size": _size(),
        }
        connection.sendall(pack(HELLO, json.dumps(hello).encode()))
        if code is not None:
            return _Client(connection, path).run()
        if not sys.stdin.isatty():
            raise MachineError("An attached REPL needs a terminal. Without one, give the code with -c.")
        with _raw_terminal():
            return _Client(connection, path).run(keyboard=sys.stdin.fileno())


def interrupt(path: Path, session: int | None = None) -> str:
    """Stop the input that holds up the bot, and tell what was stopped.

    Args:
        path: Of the bot's socket.
        session: Only if the input is of this session.

    Raises:
        MachineError: There is no such bot.
    """
    with connected(path.with_name(path.name + INTERRUPT_SUFFIX)) as connection:
        connection.settimeout(_INTERRUPT_TIMEOUT_S)
        try:
            connection.sendall(json.dumps({"session": session}).encode() + b"\n")
            return connection.recv(_CHUNK).decode(errors="replace")
        except OSError as error:
            raise MachineError(f"The bot at {path} does not answer: {error}.") from None


@contextlib.contextmanager
def connected(path: Path) -> Iterator[socket.socket]:
    """A connection to the bot that listens at `path`, which is run by this user.

    Raises:
        MachineError: There is no such bot.
    """
    check_socket(path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        try:
            connection.connect(address(path))
        except ConnectionRefusedError:
            raise MachineError(
                f"The bot at {path} is not running any more. Start it again with `machine run --headless`."
            ) from None
        except OSError as error:
            raise MachineError(f"{path} cannot be reached: {error.strerror}.") from None
        if not is_trusted(connection, os.geteuid()):
            raise MachineError(f"The bot at {path} is run by somebody else; only its own user can attach to it.")
        yield connection


class _Client:
    """Carries bytes between a terminal and the bot."""

    def __init__(self, connection: socket.socket, path: Path) -> None:
        self._connection = connection
        self._path = path
        self._frames = Frames()
        self._session: int | None = None
        self._exit_code: int | None = None
        self._farewell = ""

    def run(self, keyboard: int | None = None) -> int:
        """Go on until one of the two sides ends it; returns the exit code."""
        try:
            with _resizes() as resized:
                while self._exit_code is None:
                    self._turn(keyboard, resized)
        except (_GoneError, ConnectionError, BrokenPipeError):
            raise MachineError("Lost the connection to the bot. What you typed may not have run.") from None
        except ProtocolError as error:
            raise MachineError(f"What answers at {self._path} is not a bot: it sent {error}.") from None
        if self._farewell:
            _show(1 if keyboard is not None else 2, self._farewell.encode() + b"\r\n")
        return self._exit_code or 0

    def _turn(self, keyboard: int | None, resized: int) -> None:
        watched = [self._connection.fileno(), resized] + ([keyboard] if keyboard is not None else [])
        ready, _, _ = select.select(watched, [], [])
        if self._connection.fileno() in ready:
            piece = self._connection.recv(_CHUNK)
            if not piece:
                raise _GoneError
            for kind, body in self._frames.feed(piece):
                self._take(kind, body)
        if resized in ready:
            os.read(resized, _CHUNK)
            self._connection.sendall(pack(SIZE, SIZE_BODY.pack(*_size())))
        if keyboard is not None and keyboard in ready:
            self._keys(os.read(keyboard, _CHUNK))

    def _keys(self, typed: bytes) -> None:
        if not typed or LEAVE in typed:
            self._exit_code, self._farewell = 0, "Left; the bot runs on."
            return
        self._connection.sendall(pack(DATA, typed))
        if _INTERRUPT in typed and self._session is not None:
            # A loop that hangs does not read keys; who does not answer there is asked to stop another way.
            with contextlib.suppress(MachineError):
                interrupt(self._path, self._session)

    def _take(self, kind: bytes, body: bytes) -> None:
        if kind == DATA:
            _show(1, body)
        elif kind == ERROR:
            _show(2, body)
        elif kind == HELLO:
            self._session = int(json.loads(body)["session"])
        elif kind == EXIT:
            self._exit_code, self._farewell = body[0], body[1:].decode(errors="replace")
        elif kind == EDIT:
            self._connection.sendall(_edited(body))


def _show(where: int, text: bytes) -> None:
    while text:
        text = text[os.write(where, text) :]


def _size() -> tuple[int, int]:
    for stream in (1, 0, 2):
        try:
            rows, columns, _, _ = struct.unpack("4H", fcntl.ioctl(stream, termios.TIOCGWINSZ, bytes(8)))
        except OSError:
            continue
        if rows and columns:
            return columns, rows
    return 80, 24


def _colours() -> int:
    """How many colours the terminal has, as a power of two; 0 for none."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not sys.stdout.isatty():
        return 0
    if os.environ.get("COLORTERM") in {"truecolor", "24bit"}:
        return 24
    return 8 if "256" in os.environ.get("TERM", "") else 4


@contextlib.contextmanager
def _raw_terminal() -> Iterator[None]:
    """While open, every key comes as it is; afterwards, the terminal is as it was, however the bot left it."""
    stream = sys.stdin.fileno()
    before = termios.tcgetattr(stream)
    try:
        tty.setraw(stream)
        yield
    finally:
        termios.tcsetattr(stream, termios.TCSADRAIN, before)
        with contextlib.suppress(OSError):
            _show(1, _TIDY)


@contextlib.contextmanager
def _resizes() -> Iterator[int]:
    """A file descriptor that can be read when the terminal's size has changed."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)

    def tell(*_arguments: Any) -> None:
        with contextlib.suppress(OSError):
            os.write(writing, b"w")

    before = signal.signal(signal.SIGWINCH, tell)
    try:
        yield reading
    finally:
        signal.signal(signal.SIGWINCH, before)
        os.close(reading)
        os.close(writing)


def _edited(text: bytes) -> bytes:
    """The frame that answers a text to be edited: the changed text, or why there is none."""
    import asyncio  # noqa: PLC0415 - needed for nothing else here

    from machine_console.runtime.editor import EditorError, edit_text  # noqa: PLC0415

    try:
        return pack(EDIT, asyncio.run(edit_text(text.decode(errors="replace"), terminal=_cooked_terminal())).encode())
    except EditorError as error:
        return pack(ERROR, str(error).encode())


@contextlib.contextmanager
def _cooked_terminal() -> Iterator[None]:
    """While open, the terminal is as programs expect it."""
    stream = sys.stdin.fileno()
    raw = termios.tcgetattr(stream)
    cooked = list(raw)
    cooked[0] |= termios.ICRNL
    cooked[1] |= termios.OPOST
    cooked[3] |= termios.ICANON | termios.ECHO | termios.ISIG | termios.IEXTEN
    termios.tcsetattr(stream, termios.TCSADRAIN, cooked)
    try:
        yield
    finally:
        termios.tcsetattr(stream, termios.TCSADRAIN, raw)
