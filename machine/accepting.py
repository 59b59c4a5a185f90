"""Accepting connections on a listening socket, also when the process has no file descriptors left.

The kernel reports such a socket as readable again at once, so whoever only ignores the error spins; asyncio's own
server logs a traceback for each place in its backlog, every second.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable

from machine.logger import get_logger

RETRY_S = 1.0

_EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
_AT_ONCE = 16  # connections per turn of the event loop, so that nobody else waits for a crowd

_logger = get_logger(__name__)


class Acceptor:
    """Hands over each connection that comes in, on the running event loop, until it is closed.

    Args:
        listening: Listens already; stays open.
        accepted: Takes each connection, which does not block, and closes it in the end.
        name: What is served, for the log.
    """

    def __init__(self, listening: socket.socket, accepted: Callable[[socket.socket], None], name: str) -> None:
        self._listening = listening
        self._accepted = accepted
        self._name = name
        self._loop = asyncio.get_running_loop()
        self._retry: asyncio.TimerHandle | None = None
        self._is_exhausted = False
        listening.setblocking(False)
        self._resume()

    def close(self) -> None:
        """Accept no more; harmless if it is closed."""
        if self._retry is not None:
            self._retry.cancel()
        self._loop.remove_reader(self._listening)

    def _resume(self) -> None:
        self._retry = None
        self._loop.add_reader(self._listening, self._accept)

    def _accept(self) -> None:
        for _ in range(_AT_ONCE):
            try:
                connection, _address = self._listening.accept()
            except OSError as error:  # nobody is there any more, or they left before we came
                if error.errno in _EXHAUSTED:
                    self._pause(error)
                return
            self._is_exhausted = False
            connection.setblocking(False)
            self._accepted(connection)

    def _pause(self, error: OSError) -> None:
        self.close()
        self._retry = self._loop.call_later(RETRY_S, self._resume)
        if not self._is_exhausted:  # once, until a connection is accepted again
            self._is_exhausted = True
            _logger.error(
                "Connections wait, because they cannot be accepted. Raise the limit of open files (`ulimit -n`, "
                "LimitNOFILE= in systemd), or look for what keeps files and connections open",
                server=self._name,
                reason=error.strerror,
            )
