"""`machine logs`: the terminal's side. It shows the log of a bot that runs headless."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from machine.errors import MachineError
from machine.logger import structlog
from machine_console.history.log_filter import TRACEBACKS
from machine_console.history.log_stream import LogWish
from machine_console.repl.remote.client import connected
from machine_console.repl.remote.protocol import DATA, EXIT, LOGS, Frames, ProtocolError, pack
from machine_console.text.styled_text import clean

INTERRUPTED = 130
_CHUNK = 65_536
_LEVELS = ("debug", "info", "warning", "error", "critical")


def level_number(name: str | None) -> int:
    """The number of a level, given by its name in any case of letters; 0 for none.

    Raises:
        MachineError: There is no such level.
    """
    if name is None:
        return logging.NOTSET
    if name.lower() not in _LEVELS:
        raise MachineError(f"--level {name!r} is no level. There are: {', '.join(_LEVELS)}.")
    return logging.getLevelNamesMapping()[name.upper()]


def read_log(path: Path, wish: LogWish, *, as_json: bool) -> int:
    """Print lines of a bot's log until there are no more, the bot stops, or the person does.

    Args:
        path: Of the bot's socket.
        wish: Which lines.
        as_json: One JSON object a line, as the bot itself prints them; otherwise text for a person.

    Returns:
        The exit code.

    Raises:
        MachineError: There is no such bot, or it has gone meanwhile.
    """
    shown = _as_it_came if as_json else _text_for(sys.stdout.isatty() and not os.environ.get("NO_COLOR"))
    try:
        with connected(path) as connection:
            connection.sendall(pack(LOGS, json.dumps(asdict(wish)).encode()))
            for kind, body in _frames(connection.recv, path):
                if kind == DATA and not _print(shown(body)):
                    return 0
                if kind == EXIT:
                    print(body[1:].decode(errors="replace"), end="\n" if body[1:] else "", file=sys.stderr)
                    return body[0]
    except KeyboardInterrupt:
        return INTERRUPTED
    except ConnectionError:
        pass
    raise MachineError("The bot has gone: the connection ended.")


def _print(text: str) -> bool:
    """Whether somebody still reads, unlike in `machine logs | head`."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes once more at its end
        return False
    return True


def _frames(receive: Callable[[int], bytes], path: Path) -> Iterator[tuple[bytes, bytes]]:
    frames = Frames()
    try:
        while piece := receive(_CHUNK):
            yield from frames.feed(piece)
    except ProtocolError as error:
        raise MachineError(f"That is no bot: {error} came from {path}.") from None


def _as_it_came(body: bytes) -> str:
    return body.decode(errors="replace").rstrip("\n")


def _text_for(colours: bool) -> Callable[[bytes], str]:
    """Shows lines as the bot does on a terminal; nothing in them can control the terminal."""
    render = structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=structlog.dev.plain_traceback)

    def text(body: bytes) -> str:
        return str(render(None, "", {clean(name): _clean(name, value) for name, value in json.loads(body).items()}))

    return text


def _clean(name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value  # shown by its repr
    if name in TRACEBACKS:
        return "\n".join(map(clean, value.split("\n")))
    return clean(value)
