"""Offers the REPL of a headless bot, as its settings ask for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from machine.errors import MachineError
from machine.logger import get_logger
from machine.redaction import redact
from machine.settings import Settings
from machine_console.history.history import History
from machine_console.repl.remote.server import ReplServer
from machine_console.repl.remote.socket_path import DEFAULT_SOCKET
from machine_console.runtime.runtime import Runtime

HISTORY_FILE = ".machine/repl_history"
"""Where inputs are kept from session to session, in the folder of a bot."""
MAX_EVENTS = 2_000
"""Events kept for the prompt; a bot that runs for months has better use for its memory."""
_OFF = {"off", "no", "false", "0", "none"}

_logger = get_logger(__name__)


def socket_path(settings: Settings, project: Path) -> Path | None:
    """Where the REPL is to be offered; `None` where the setting `REPL_SOCKET` says nowhere."""
    wanted = str(settings.all.get("REPL_SOCKET", "") or DEFAULT_SOCKET).strip()
    return None if wanted.casefold() in _OFF else project / Path(wanted).expanduser()


def editing_mode(settings: Settings) -> str:
    """The keys of prompts: `vi` or `emacs`, as the setting `REPL_MODE` says; what it cannot mean is logged."""
    given = str(settings.all.get("REPL_MODE", "")).strip()
    if given.casefold() in {"vi", "emacs"}:
        return given.casefold()
    if given:
        _logger.warning("REPL_MODE is neither vi nor emacs; prompts have the keys of emacs", given=redact(given))
    return "emacs"


def kept_history(runtime: Runtime) -> History:
    """Start recording history, unless the REPL is disabled."""
    history = History(MAX_EVENTS)
    if socket_path(runtime.settings, runtime.project) is not None:
        runtime.trace.subscribe(history.record)
    return history


@asynccontextmanager
async def offered_repl(runtime: Runtime, history: History) -> AsyncIterator[None]:
    """While open, the REPL of a started bot can be attached to. What prevents that is logged; the bot runs on."""
    path = socket_path(runtime.settings, runtime.project)
    if path is None:
        yield
        return
    server = ReplServer(
        path,
        runtime.machine,
        history,
        runtime.sandbox.workspace if runtime.sandbox is not None else None,
        project=runtime.project,
        history_path=runtime.project / HISTORY_FILE,
        folder_is_ours=path == runtime.project / DEFAULT_SOCKET,
        mode=editing_mode(runtime.settings),
    )
    try:
        await server.start()
        _logger.info("REPL offered; `machine repl --attach` opens it", socket=str(path))
    except (MachineError, OSError) as error:
        _logger.warning("No REPL is offered", reason=str(error))
    try:
        yield
    finally:
        await server.close()
