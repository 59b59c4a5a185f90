"""Storage in an SQLite file: the default, persistent and without a server.

All statements run on one thread of their own, one after another, on one connection: no operation can see another's
cursor, the event loop never waits for the disk, and SQLite's single writer is never fought over within the bot.
"""

from __future__ import annotations

import asyncio
import math
import sqlite3
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from machine.errors import StorageError
from machine.private_files import close_to_others, make_private_file, make_private_folder
from machine.storage.backends.base import MachineBaseStorage
from machine.storage.expiry import Clock, Sweep, whole_seconds

DEFAULT_PATH = ".machine/storage.db"

_BUSY_TIMEOUT_S = 5.0  # another process may write to the same file; its transactions take milliseconds
_SCHEMA = """
CREATE TABLE IF NOT EXISTS storage (key TEXT PRIMARY KEY, value BLOB NOT NULL, expires_at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS storage_expires_at ON storage (expires_at);
"""
_NEVER = math.inf  # in `expires_at`, so that one comparison tells what is live

T = TypeVar("T")


class SQLiteStorage(MachineBaseStorage):
    """Keeps data in an SQLite file, which is created with its folder when it is not there, for this user alone.

    What `set()` has returned from survives the process being killed. SQLite's write-ahead log is not flushed to disk at
    each write, so the last moments before a power cut may be lost; the file stays sound.

    Args:
        settings: `SQLITE_PATH` is the file, `.machine/storage.db` in the current folder by default; `~` is understood.
        clock: Tells the time, for expiry.
    """

    def __init__(self, settings: Mapping[str, Any], *, clock: Clock = time.time) -> None:
        super().__init__(settings)
        self._path = Path(settings.get("SQLITE_PATH") or DEFAULT_PATH).expanduser()
        self._clock = clock
        self._sweep = Sweep(clock)
        self._thread: ThreadPoolExecutor | None = None
        self._connection: sqlite3.Connection | None = None

    async def init(self) -> None:
        """Open the file, creating it if need be, and clear away what has expired.

        Raises:
            StorageError: The file cannot be created or written, or is not an SQLite database.
        """
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sqlite-storage")
        try:
            await self._run(self._open)
        except BaseException:
            await self.close()
            raise

    async def get(self, key: str) -> bytes | None:
        """The data under `key`; `None` where there is none or it has expired."""
        rows = await self._query("SELECT value FROM storage WHERE key = :key AND expires_at > :now", key=key)
        if rows and not isinstance(rows[0][0], bytes):
            raise self._foreign(key, "value", rows[0][0])
        return rows[0][0] if rows else None

    async def set(self, key: str, value: bytes, expires: int | None = None) -> None:
        """Store data for `expires` seconds, or for good. Once this returns, the data survives a crash."""
        seconds = whole_seconds(expires)
        await self._query(
            "INSERT INTO storage (key, value, expires_at) VALUES (:key, :value, :expires_at)"
            " ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at",
            key=key,
            value=bytes(value),
            expires_at=_NEVER if seconds is None else self._clock() + seconds,
        )
        if self._sweep.is_due():
            await self._run(self._delete_expired)

    async def delete(self, key: str) -> None:
        """Remove the data under `key`; an unknown key is fine."""
        await self._query("DELETE FROM storage WHERE key = :key", key=key)

    async def has(self, key: str) -> bool:
        """Whether there is data under `key` that has not expired."""
        return bool(await self._query("SELECT 1 FROM storage WHERE key = :key AND expires_at > :now", key=key))

    async def size(self) -> int:
        """The bytes of all data that has not expired; the file is larger."""
        [(size,)] = await self._query("SELECT coalesce(sum(length(value)), 0) FROM storage WHERE expires_at > :now")
        return int(size)

    async def close(self) -> None:
        """Write everything back into the one file and close it."""
        if self._thread is None:
            return
        try:
            await self._run(self._close)
        finally:
            self._thread.shutdown(wait=False)
            self._thread = None

    async def keys(self, prefix: str = "") -> list[str]:
        """The keys that begin with `prefix` and have not expired, sorted."""
        rows = await self._query("SELECT key FROM storage WHERE key >= :prefix AND expires_at > :now", prefix=prefix)
        return sorted(key for (key,) in rows if isinstance(key, str) and key.startswith(prefix))

    async def expiry(self, key: str) -> datetime | None:
        """When the data under `key` expires; `None` where it stays or is unknown."""
        rows = await self._query("SELECT expires_at FROM storage WHERE key = :key AND expires_at > :now", key=key)
        if not rows or rows[0][0] == _NEVER:
            return None
        try:
            return datetime.fromtimestamp(rows[0][0], UTC)
        except (TypeError, ValueError, OSError):  # OverflowError is translated with the others
            raise self._foreign(key, "expiry", rows[0][0]) from None

    def _foreign(self, key: str, what: str, found: object) -> StorageError:
        return StorageError(
            f"The {what} of {key!r} in {self._path} is {type(found).__name__}, so something else wrote it. "
            "Delete the key, or set it anew."
        )

    async def _query(self, sql: str, **values: Any) -> list[Any]:
        values["now"] = self._clock()
        return await self._run(lambda: self._execute(sql, values))

    async def _run(self, function: Callable[[], T]) -> T:
        """Run `function` on the thread, after all that was asked for before; its errors become ours."""
        if self._thread is None:
            raise StorageError(f"The storage file {self._path} is not open. Call init() first, and close() last.")
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, function)
        except (sqlite3.Error, OSError, UnicodeError, OverflowError) as error:
            raise StorageError(f"The storage file {self._path} cannot be used: {error}. {_remedy(error)}") from error

    # What follows runs on the thread.

    def _open(self) -> None:
        self._keep_private()
        # in autocommit, where each statement is a transaction: nothing can be left open between two operations
        self._connection = sqlite3.connect(
            self._path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.executescript(_SCHEMA)
        self._delete_expired()  # also the proof that the file can be written

    def _keep_private(self) -> None:
        """Make the file before SQLite does, which gives its companions the same mode; tighten those that are there."""
        if str(self._path) == ":memory:":
            return
        make_private_folder(self._path.parent)
        path = self._path.resolve()  # SQLite follows links, too
        make_private_folder(path.parent)
        make_private_file(path)
        for companion in ("-wal", "-shm", "-journal"):
            close_to_others(path.with_name(path.name + companion))

    def _execute(self, sql: str, values: Mapping[str, Any]) -> list[Any]:
        assert self._connection is not None
        with closing(self._connection.execute(sql, values)) as cursor:
            return cursor.fetchall()

    def _delete_expired(self) -> None:
        self._execute("DELETE FROM storage WHERE expires_at <= :now", {"now": self._clock()})

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _remedy(error: Exception) -> str:
    if isinstance(error, UnicodeError | OverflowError):
        return "Use another key."
    if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
        return "Another process holds it; does a second bot use the same file?"
    if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
        return "Set SQLITE_PATH to another file, or move this one away."
    return "Set SQLITE_PATH to a file that the bot may create and write."
