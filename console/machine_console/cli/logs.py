"""`machine logs`: the log of a bot that runs headless."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from machine.errors import MachineError
from machine.terminal_text import visible_lines
from machine_console.cli.launch import INTERRUPTED, socket_of

if TYPE_CHECKING:
    from machine_console.history.log_stream import LogQuery

_CHUNK = 65_536
_LEVELS = ("debug", "info", "warning", "error", "critical")


def logs(
    target: Annotated[str | None, typer.Argument(metavar="[BOT]", help="A bot's name, folder or socket.")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with each line as it is written.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", help="How many of the newest lines come first.", min=0)] = 100,
    level: Annotated[
        str | None, typer.Option(metavar="LEVEL", help="Leave out lines below debug, info, warning, error or critical.")
    ] = None,
    plugin: Annotated[
        str, typer.Option(metavar="NAME", help="Only lines of plugins and handlers whose name holds this.")
    ] = "",
    as_json: Annotated[
        bool | None, typer.Option("--json/--text", help="One JSON object a line; the default when it is piped.")
    ] = None,
) -> None:
    """Show the log of a bot that runs headless."""
    from machine_console.history.log_stream import LogQuery

    query = LogQuery(lines, follow, _level_number(level), plugin)
    raise typer.Exit(
        _read_log(socket_of(target), query, as_json=not sys.stdout.isatty() if as_json is None else as_json)
    )


def _level_number(name: str | None) -> int:
    """The number of a level, given by its name in any case of letters; 0 for none."""
    if name is None:
        return logging.NOTSET
    if name.lower() not in _LEVELS:
        raise MachineError(f"--level {name!r} is not a log level. There are: {', '.join(_LEVELS)}.")
    return logging.getLevelNamesMapping()[name.upper()]


def _read_log(path: Path, query: LogQuery, *, as_json: bool) -> int:
    """Print lines of a bot's log until there are no more, the bot stops, or the person does; returns the exit code.

    As JSON, lines are as the bot itself prints them; otherwise they are text for a person.
    """
    from machine_console.repl.remote.client import connected
    from machine_console.repl.remote.protocol import DATA, EXIT, LOGS, pack

    shown = _as_it_came if as_json else _text_for(sys.stdout.isatty() and not os.environ.get("NO_COLOR"))
    try:
        with connected(path) as connection:
            connection.sendall(pack(LOGS, json.dumps(asdict(query)).encode()))
            for kind, body in _frames(connection.recv, path):
                if kind == DATA and not _print(shown(body)):
                    return 0
                if kind == EXIT:
                    told = visible_lines(body[1:].decode(errors="replace"))
                    print(told, end="\n" if told else "", file=sys.stderr)
                    return body[0]
    except KeyboardInterrupt:
        return INTERRUPTED
    except ConnectionError:
        pass
    raise MachineError("Lost the connection to the bot.")


def _print(text: str) -> bool:
    """Whether somebody still reads, unlike in `machine logs | head`."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes once more at its end
        return False
    return True


def _frames(receive: Callable[[int], bytes], path: Path) -> Iterator[tuple[bytes, bytes]]:
    from machine_console.repl.remote.protocol import Frames, ProtocolError

    frames = Frames()
    try:
        while piece := receive(_CHUNK):
            yield from frames.feed(piece)
    except ProtocolError as error:
        raise MachineError(f"What answers at {path} is not a bot: it sent {error}.") from None


def _as_it_came(body: bytes) -> str:
    return body.decode(errors="replace").rstrip("\n")


def _text_for(colours: bool) -> Callable[[bytes], str]:
    """Shows lines as the bot does on a terminal; nothing in them can control the terminal."""
    from machine.logs import line_renderer

    render = line_renderer(colours=colours)
    return lambda body: render(json.loads(body))
