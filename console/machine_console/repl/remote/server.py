"""Offers the REPL of a running bot to its own user, over a Unix socket.

Everything is drawn here; the terminal at the other end only passes keys and bytes. Whoever is there, however they
leave, the bot goes on.

What prompts are made of (prompt-toolkit, pygments, jedi) takes 0.4 s to import and 10 MB, so it is imported when the
first terminal comes: most bots run for weeks without one.
"""

from __future__ import annotations

import asyncio
import fcntl
import importlib
import itertools
import os
import pwd
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from machine.accepting import Acceptor
from machine.bot import Machine
from machine.errors import MachineError
from machine.logger import get_logger
from machine.private_files import make_private_file
from machine.redaction import redact
from machine_console.history.history import History
from machine_console.history.log_stream import LogQuery, LogStream
from machine_console.repl.language.interrupt import Hold, interruptible
from machine_console.repl.language.output import routed_output
from machine_console.repl.remote.connection import Connection
from machine_console.repl.remote.protocol import INTERRUPT_SUFFIX, Hello, ProtocolError
from machine_console.repl.remote.socket_path import Name, address, is_trusted, peer, prepare_folder
from machine_console.repl.remote.watchdog import SIGNAL, Watchdog, short_source

if TYPE_CHECKING:
    from machine.sandbox import Workspace
    from machine_console.repl.remote.remote_session import Circumstances

MAX_LOGGED = 2_000
"""Characters of an input in the log."""
MAX_SESSIONS = 20

_logger = get_logger("machine_console.repl.audit")


class ReplServer:
    """Listens on a socket; each connection is a session of its own.

    Args:
        path: Of the socket.
        machine: The bot, started.
        history: What it did.
        workspace: The embedded workspace; `None` against Slack.
        project: The folder of the bot; its name is the bot's.
        history_path: Where inputs are kept.
        folder_is_ours: See `prepare_folder`.
        mode: The keys of prompts, `vi` or `emacs`.
        owner: The user id that may attach; by default that of this process.
    """

    def __init__(
        self,
        path: Path,
        machine: Machine,
        history: History,
        workspace: Workspace | None = None,
        *,
        project: Path,
        history_path: Path | None = None,
        folder_is_ours: bool = False,
        mode: str = "emacs",
        owner: int | None = None,
    ) -> None:
        self._path = path
        self._machine = machine
        self._history = history
        self._workspace = workspace
        self._project = project
        self._history_path = history_path
        self._folder_is_ours = folder_is_ours
        self._mode = mode
        self._owner = os.geteuid() if owner is None else owner
        self._numbers = itertools.count(1)
        self._connections: dict[asyncio.Task[None], Connection] = {}
        self._resources = ExitStack()
        self._server: asyncio.Server | None = None
        self._are_prompts_ready = False

    async def start(self) -> None:
        """Begin to listen.

        Raises:
            MachineError: The socket cannot be made safely, or another bot listens on it.
        """
        with ExitStack() as resources:
            self._open(resources)
            self._resources = resources.pop_all()

    async def close(self) -> None:
        """Tell everybody that the bot stops, and listen no more."""
        if self._server is not None:
            self._server.close()
        for connection in self._connections.values():
            connection.end(1, "The bot has stopped.")
        for task in tuple(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        self._resources.close()

    def _open(self, resources: ExitStack) -> None:
        path = self._path
        prepare_folder(path, is_ours=self._folder_is_ours)
        _lock(path, resources)
        resources.callback(path.unlink, missing_ok=True)
        path.unlink(missing_ok=True)  # left by a bot that was killed: the lock says that none runs
        listening = resources.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        before = os.umask(0o177)  # nobody can connect between bind and chmod
        try:
            listening.bind(address(path))
        except OSError as error:
            raise MachineError(f"{path} cannot be made: {error.strerror}.") from None
        finally:
            os.umask(before)
        watchdog = Watchdog(path.with_name(path.name + INTERRUPT_SUFFIX), self._name)
        watchdog.start()
        resources.callback(watchdog.close)
        resources.enter_context(interruptible(_ignore, SIGNAL))
        resources.enter_context(routed_output())
        listening.listen()
        resources.callback(Acceptor(listening, self._accept, "REPL").close)
        name = Name(self._project.name, path)
        name.give()
        resources.callback(name.take_back)

    def _accept(self, connection: socket.socket) -> None:
        if not is_trusted(connection, self._owner) or len(self._connections) >= MAX_SESSIONS:
            _logger.warning("REPL refused", who=_who(connection))
            connection.close()
            return
        task = asyncio.get_running_loop().create_task(self._serve(connection), name="repl-connection")
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._connections.pop(task, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            _logger.error("A REPL session failed", exc_info=error)

    async def _serve(self, sock: socket.socket) -> None:
        who = _who(sock)
        reader, writer = await asyncio.open_unix_connection(sock=sock)
        connection = Connection(reader, writer)
        task = asyncio.current_task()
        assert task is not None  # this is a coroutine of one
        self._connections[task] = connection
        try:
            wanted = await connection.introduction()
            if isinstance(wanted, LogQuery):
                stream = LogStream(self._machine.trace, self._history, wanted, connection.deliver)
                connection.end(await connection.stream(stream))
            else:
                await self._converse(connection, who, wanted)
        except (ConnectionError, TimeoutError, asyncio.IncompleteReadError, ProtocolError, ValueError):
            pass  # it has gone, or was none of ours
        finally:
            await connection.close()

    async def _converse(self, connection: Connection, who: str, hello: Hello) -> None:
        number = next(self._numbers)
        connection.greet(number)
        _logger.info("REPL attached", who=who, session=number, read_only=hello.is_read_only)
        try:
            await self._prepare_prompts()
            from machine_console.repl.remote.remote_session import RemoteSession  # noqa: PLC0415 - see above

            session = RemoteSession(
                hello, self._circumstances(number, who, hello), connection.show, connection.show_error, connection.edit
            )
            connection.end(await connection.carry(session))
        finally:
            _logger.info("REPL detached", who=who, session=number)

    async def _prepare_prompts(self) -> None:
        """Import what prompts are made of, and keep it from taking the signals of a terminal that is not the bot's.

        In a thread of its own, which lets go of the interpreter every few milliseconds: the bot goes on, and handlers
        that hold all threads of the event loop do not keep anybody from looking at them.
        """
        thread = ThreadPoolExecutor(1, "repl-imports")
        try:
            for name in (
                "machine_console.repl.remote.remote_session",
                "machine_console.repl.verbs.namespace",
            ):
                await asyncio.get_running_loop().run_in_executor(thread, importlib.import_module, name)
        finally:
            thread.shutdown(wait=False)
        if not self._are_prompts_ready:
            from machine_console.repl.prompt.prompt import no_winch_handler  # noqa: PLC0415 - see above

            self._are_prompts_ready = True
            self._resources.enter_context(no_winch_handler())

    def _circumstances(self, number: int, who: str, hello: Hello) -> Circumstances:
        from machine_console.repl.remote.remote_session import Circumstances  # noqa: PLC0415 - see above
        from machine_console.repl.verbs.namespace import build_namespace  # noqa: PLC0415

        machine = self._machine

        def log(source: str) -> None:
            text = redact(source)
            shown = text if len(text) <= MAX_LOGGED else f"{text[:MAX_LOGGED]}… ({len(text):,} characters)"
            _logger.info("REPL input", who=who, session=number, source=shown)

        where = "LIVE in" if machine.is_live else "in the sandbox"
        kept = ", read-only" if hello.is_read_only else ""
        label = f"{machine.workspace_name} " if machine.is_live else ""
        return Circumstances(
            number=number,
            namespace=build_namespace(machine, self._history, self._workspace),
            label=f"{label}{self._project.name}",
            is_live=machine.is_live,
            history_path=self._history_path,
            mode=hello.mode or self._mode,
            greeting=f"Attached to {machine.identity.name} {where} {machine.workspace_name}{kept}. "
            "Ctrl-D leaves; the bot runs on.",
            log=log,
        )

    def _name(self, hold: Hold) -> None:
        _logger.warning(
            "An input at the REPL holds up the bot; `machine repl --interrupt` stops it",
            session=hold.owner.session,
            source=short_source(hold),
            seconds=round(hold.seconds, 1),
        )


def _lock(path: Path, resources: ExitStack) -> None:
    """Make sure that no other bot listens; the system lets go of the lock when this process ends, however it does."""
    lock = path.with_name(path.name + ".lock")
    make_private_file(lock)  # whoever can open it can hold it
    file = resources.enter_context(lock.open("a+"))
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise MachineError(
            f"Another bot offers its REPL at {path}. Give this one another place with SM_REPL_SOCKET, or none with off."
        ) from None


def _who(connection: socket.socket) -> str:
    credentials = peer(connection)
    if credentials is None:
        return "unknown"
    process, user = credentials
    try:
        name = pwd.getpwuid(user).pw_name
    except KeyError:
        name = "?"
    return f"{name} (uid {user}, pid {process})"


def _ignore() -> None:
    """A stray signal means nothing."""
