"""Where the socket of a running bot is, and whether it may be trusted.

Whoever reaches the socket can do everything the bot can. So it lies in a folder that only its owner can enter, and
both sides make sure of that before they use it.
"""

from __future__ import annotations

import os
import socket
import stat
import struct
from pathlib import Path

from machine.errors import MachineError

DEFAULT_SOCKET = ".machine/repl.sock"
_MAX_PATH = 100
"""Bytes that an address of a Unix socket may have, with some room."""
_CREDENTIALS = struct.Struct("3i")


def prepare_folder(path: Path, *, is_ours: bool) -> None:
    """Make the folder for a socket, or make sure that nobody else can enter it.

    Args:
        path: Of the socket.
        is_ours: The folder is the framework's own, so it may be closed to others.

    Raises:
        MachineError: Others can enter the folder, or it is somebody else's.
    """
    folder = path.parent
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = os.lstat(folder)
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
        raise MachineError(f"{folder} is not a folder of your own, so no REPL can be offered there.")
    if status.st_mode & 0o077:
        if not is_ours:
            raise MachineError(f"Others can enter {folder}, so no REPL can be offered there. Try: chmod 700 {folder}")
        folder.chmod(0o700)


def check_socket(path: Path) -> None:
    """Make sure that there is a socket, and that it is this user's.

    Raises:
        MachineError: Saying what is there instead, and what to do.
    """
    try:
        status = os.lstat(path)
    except OSError:
        raise MachineError(
            f"No bot listens at {path}. Start one with `machine run --headless` in this folder, or give the path of "
            "its socket or its folder."
        ) from None
    if not stat.S_ISSOCK(status.st_mode):
        raise MachineError(f"{path} is not the socket of a bot.")
    if status.st_uid != os.geteuid():
        raise MachineError(f"{path} belongs to somebody else; only the user who runs a bot can attach to it.")


def peer(connection: socket.socket) -> tuple[int, int] | None:
    """Process and user id at the other end, from the kernel; `None` where the system cannot tell (not Linux)."""
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return None
    process, user, _group = _CREDENTIALS.unpack(connection.getsockopt(socket.SOL_SOCKET, option, _CREDENTIALS.size))
    return process, user


def is_trusted(connection: socket.socket, owner: int) -> bool:
    """Whether the other end is run by `owner`; where the system cannot tell, the folder's mode has to do."""
    credentials = peer(connection)
    return credentials is None or credentials[1] == owner


def address(path: Path) -> str:
    """The path as the system takes it: an address may have some hundred bytes only.

    Raises:
        MachineError: There is no short enough way to it.
    """
    absolute = str(path.absolute())
    try:
        shortest = min(absolute, os.path.relpath(absolute), key=len)
    except OSError:  # the current folder is gone
        shortest = absolute
    if len(os.fsencode(shortest)) > _MAX_PATH:
        raise MachineError(f"{absolute} is too long for a socket. Choose a shorter path with SM_REPL_SOCKET.")
    return shortest


def find_socket(target: str | None, project: Path) -> Path:
    """The socket of the bot meant by a name, a path of its folder or its socket, or, by default, of `project`.

    Raises:
        MachineError: No running bot has this name.
    """
    if target is None:
        return project / DEFAULT_SOCKET
    path = Path(target).expanduser()
    if path.is_dir():
        return path / DEFAULT_SOCKET
    if path.exists() or "/" in target:
        return path
    named = names_folder() / f"{target}.sock"
    if not named.is_symlink():
        running = sorted(one.stem for one in names_folder().glob("*.sock"))
        there_are = f"There are: {', '.join(running)}." if running else "None is known."
        raise MachineError(f"No running bot is called {target!r}. {there_are} A path of its folder will do, too.")
    return named.readlink()


def names_folder() -> Path:
    """Where running bots are found by name: `$XDG_RUNTIME_DIR/machine`, or `~/.machine/running`."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    return Path(runtime) / "machine" if runtime else Path.home() / ".machine" / "running"


class Name:
    """The name under which a running bot's socket is found.

    It is a convenience: where it cannot be made, the path still does.

    Args:
        name: Usually that of the bot's folder.
        path: Of its socket.
    """

    def __init__(self, name: str, path: Path) -> None:
        self._link = names_folder() / f"{name}.sock"
        self._path = path.absolute()

    def give(self) -> None:
        """Let the bot be found by its name; the newest of several bots has it."""
        try:
            self._link.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._link.unlink(missing_ok=True)
            self._link.symlink_to(self._path)
        except OSError:
            return

    def take_back(self) -> None:
        """Forget the name, unless another bot has got it meanwhile."""
        try:
            if self._link.readlink() == self._path:
                self._link.unlink()
        except OSError:
            return
