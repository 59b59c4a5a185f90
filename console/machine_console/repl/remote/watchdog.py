"""A thread that stops code from a prompt which hangs the event loop, and says whose it is.

While such code runs, nobody reads the sockets of the loop. So this thread has one of its own.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

from machine.redaction import redact
from machine_console.repl.language.interrupt import BLOCKING_AFTER_S, Hold, blocking_code, interrupt_blocking_code
from machine_console.repl.remote.socket_path import address, is_trusted

SIGNAL = signal.SIGURG
"""By which code is stopped: SIGINT asks a headless bot to stop. Ignored by default, so a stray one does no harm."""
NAMED_AFTER_S = 1.0
_LOOK_EVERY_S = 0.25
_MAX_REQUEST = 1_000
_MAX_SOURCE = 200


class Watchdog:
    """Listens for requests to stop an input, and names inputs that hold up the bot.

    Args:
        path: Of its socket.
        name: Called, in the watchdog's thread, with code that has held up the event loop for `NAMED_AFTER_S`.
    """

    def __init__(self, path: Path, name: Callable[[Hold], None]) -> None:
        self._path = path
        self._name = name
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="repl-watchdog", daemon=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._named: float | None = None

    def start(self) -> None:
        """Begin to listen."""
        self._path.unlink(missing_ok=True)
        self._socket.bind(address(self._path))
        self._path.chmod(0o600)
        self._socket.listen()
        self._socket.settimeout(_LOOK_EVERY_S)
        self._thread.start()

    def close(self) -> None:
        """Listen no more."""
        self._is_over.set()
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as waking:
            waking.connect(address(self._path))  # else the thread ends up to a quarter of a second later
        if self._thread.ident is not None:
            self._thread.join()
        self._socket.close()
        self._path.unlink(missing_ok=True)

    def _run(self) -> None:
        while not self._is_over.is_set():
            try:
                connection, _ = self._socket.accept()
            except TimeoutError:
                self._look()
                continue
            except OSError:  # no file descriptors are left
                self._is_over.wait(_LOOK_EVERY_S)
                self._look()
                continue
            with connection:
                self._serve(connection)

    def _look(self) -> None:
        hold = blocking_code()
        if hold is not None and hold.seconds > NAMED_AFTER_S and hold.since != self._named:
            self._named = hold.since
            self._name(hold)

    def _serve(self, connection: socket.socket) -> None:
        if not is_trusted(connection, os.geteuid()):
            return
        connection.settimeout(_LOOK_EVERY_S)
        try:
            request = json.loads(connection.recv(_MAX_REQUEST))
            answer = self._stop(request.get("session"))
        except (OSError, ValueError, AttributeError, RecursionError):
            answer = "That is not a request of `machine repl --interrupt`."
        with contextlib.suppress(OSError):
            connection.sendall(answer.encode(errors="replace"))

    def _stop(self, session: int | None) -> str:
        """Stop what hangs; of a session, also what has only begun to."""
        deadline = time.monotonic() + 2 * BLOCKING_AFTER_S
        while (hold := blocking_code()) is None:
            if time.monotonic() > deadline or self._is_over.wait(0.02):
                return "Nothing holds up the bot."
        if session is not None and hold.owner.session != session:
            return "The input that holds up the bot is not of this session."
        if not interrupt_blocking_code(SIGNAL):
            return "It has just ended by itself."
        return f"Stopped after {hold.seconds:.1f} s: {short_source(hold)}"


def short_source(hold: Hold) -> str:
    """The input, in one short line without secrets."""
    text = redact(" ".join(hold.owner.source.split()))
    return text if len(text) <= _MAX_SOURCE else text[: _MAX_SOURCE - 1] + "…"
