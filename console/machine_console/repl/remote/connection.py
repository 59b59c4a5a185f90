"""One terminal that is attached to the bot, as the bot sees it: frames in, frames out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from machine_console.history.log_stream import LogQuery, LogStream
from machine_console.repl.remote.protocol import (
    DATA,
    EDIT,
    ERROR,
    EXIT,
    HEADER,
    HELLO,
    LOGS,
    MAX_BODY,
    SIZE,
    SIZE_BODY,
    Hello,
    ProtocolError,
    pack,
)
from machine_console.runtime.editor import EditorError

if TYPE_CHECKING:
    from machine_console.repl.remote.remote_session import RemoteSession

HELLO_WITHIN_S = 5.0
MAX_BACKLOG = 4 * 1024 * 1024
"""Bytes that may wait for a terminal that does not read; then it is cut off, so that it costs no more memory."""


class Connection:
    """Frames to and from one terminal."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._edited: asyncio.Future[str] | None = None

    async def introduction(self) -> Hello | LogQuery:
        """What the terminal says of itself, or which lines of the log it asks for."""
        async with asyncio.timeout(HELLO_WITHIN_S):
            kind, body = await self._frame()
        fields = json.loads(body)
        if kind not in {HELLO, LOGS} or not isinstance(fields, dict):
            raise ProtocolError("no introduction")
        return Hello.read(fields) if kind == HELLO else LogQuery.read(fields)

    def greet(self, number: int) -> None:
        """Tell the terminal the number of its session."""
        self._send(HELLO, json.dumps({"session": number}).encode())

    async def carry(self, session: RemoteSession) -> int:
        """Carry keys to the session until it ends, or the terminal goes; returns the exit code."""
        return await self._until_gone(session.run(), self._read(session), session.close)

    async def stream(self, log: LogStream) -> int:
        """Send lines of the log until there are no more, or the terminal goes; returns the exit code."""
        return await self._until_gone(log.run(), self._read(None), lambda: None)

    @staticmethod
    async def _until_gone(
        work: Coroutine[Any, Any, int], listening: Coroutine[Any, Any, None], close: Callable[[], None]
    ) -> int:
        loop = asyncio.get_running_loop()
        talking = loop.create_task(work, name="repl-session")
        reading = loop.create_task(listening, name="repl-reader")
        try:
            await asyncio.wait({talking, reading}, return_when=asyncio.FIRST_COMPLETED)
            if talking.done():
                return talking.result()
            reading.result()
            raise ConnectionError("the terminal has gone")
        finally:
            close()
            for task in (talking, reading):
                task.cancel()
            await asyncio.gather(talking, reading, return_exceptions=True)

    async def _read(self, session: RemoteSession | None) -> None:
        while True:
            kind, body = await self._frame()
            if session is None:
                continue  # who reads the log has nothing to say
            if kind == DATA:
                session.feed(body)
            elif kind == SIZE:
                session.resize(*SIZE_BODY.unpack(body))
            elif self._edited is not None and not self._edited.done():
                if kind == EDIT:
                    self._edited.set_result(body.decode(errors="replace"))
                elif kind == ERROR:
                    self._edited.set_exception(EditorError(body.decode(errors="replace")))

    async def _frame(self) -> tuple[bytes, bytes]:
        kind, length = HEADER.unpack(await self._reader.readexactly(HEADER.size))
        if length > MAX_BODY:
            raise ProtocolError(f"a frame of {length:,} bytes")
        return kind, await self._reader.readexactly(length)

    def show(self, data: bytes) -> None:
        """Show something on the terminal."""
        self._send(DATA, data)

    async def deliver(self, data: bytes) -> None:
        """Show something, and wait while more than a little waits for the terminal already."""
        self._send(DATA, data)
        await self._writer.drain()

    def show_error(self, data: bytes) -> None:
        """Show something on standard error."""
        self._send(ERROR, data)

    async def edit(self, text: str) -> str:
        """Let the person change a text in their editor.

        Raises:
            EditorError: They have none, or it failed.
        """
        self._edited = asyncio.get_running_loop().create_future()
        self._send(EDIT, text.encode(errors="replace"))
        try:
            return await self._edited
        finally:
            self._edited = None

    def end(self, exit_code: int, farewell: str = "") -> None:
        """Tell the terminal that it is over."""
        self._send(EXIT, bytes([exit_code & 0xFF]) + farewell.encode())

    async def close(self) -> None:
        """Close the connection, once what was sent has arrived or cannot any more."""
        self._writer.close()
        try:
            async with asyncio.timeout(1):
                await self._writer.wait_closed()
        except (OSError, TimeoutError):
            self._writer.transport.abort()

    def _send(self, kind: bytes, body: bytes) -> None:
        transport = self._writer.transport
        if transport.is_closing():
            return
        if transport.get_write_buffer_size() > MAX_BACKLOG:
            transport.abort()
            return
        self._writer.write(pack(kind, body))
