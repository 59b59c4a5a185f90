"""The file in which one process of the bot notes the events that it has received and not handled yet.

Each process has a file of its own, so that none waits for another, and a lock that the system takes back when the
process ends, however it ends: a journal whose lock can be had belongs to nobody any more.
"""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from machine.envelope import Envelope
from machine.private_files import make_private_folder

T = TypeVar("T")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS envelopes (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, received_at TEXT NOT NULL, attempts INTEGER NOT NULL, payload TEXT NOT NULL
)
"""
_ADD = "INSERT OR REPLACE INTO envelopes (id, kind, received_at, attempts, payload) VALUES "
_REMOVE = "DELETE FROM envelopes WHERE id IN "
_AT_ONCE = 100  # rows of one statement; SQLite takes at least 999 values
_HAS_TABLE = "SELECT 1 FROM sqlite_master WHERE name = 'envelopes'"
_ALL = "SELECT id, kind, received_at, attempts, payload FROM envelopes ORDER BY rowid"


@dataclass(frozen=True, slots=True)
class Entry:
    """An event that was received.

    Attributes:
        envelope: What was received.
        received_at: When it was (aware, UTC).
        attempts: How often the bot has begun to handle it.
    """

    envelope: Envelope
    received_at: datetime
    attempts: int = 1


class Journal:
    """The journal of this process. Safe to use from several threads.

    Args:
        folder: Where journals are kept; created, for this user alone, when it is not there.

    Raises:
        OSError, sqlite3.Error: There can be none.
    """

    def __init__(self, folder: Path) -> None:
        make_private_folder(folder)
        self.path = folder / f"{os.getpid()}-{uuid.uuid4().hex[:8]}.db"
        self._lock = _Lock(_lock_of(self.path))
        self._guard = threading.Lock()
        try:
            self.path.touch(mode=0o600)
            self._connection = _open(self.path)
            # The write-ahead log is not flushed to the disk at each write: that survives the death of the process,
            # though not always a power cut, and takes microseconds where flushing takes milliseconds.
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=NORMAL")
            self._connection.execute(_SCHEMA)
        except BaseException:
            self._lock.remove()
            raise

    def add(self, entries: Sequence[Entry]) -> None:
        """Note events; once this returns, they survive the death of the process.

        Raises:
            sqlite3.Error: They cannot be noted.
        """
        for some in _portions(entries):
            values = [value for entry in some for value in _row(entry)]
            self._execute(_ADD + ", ".join(["(?, ?, ?, ?, ?)"] * len(some)), values)

    def remove(self, ids: Sequence[str]) -> None:
        """Remove events; unknown ones are fine.

        Raises:
            sqlite3.Error: They cannot be removed.
        """
        for some in _portions(ids):
            self._execute(f"{_REMOVE}({', '.join('?' * len(some))})", some)

    def _execute(self, statement: str, values: Sequence[object]) -> None:
        # One statement for many rows, and a transaction by itself: at each step of SQLite this thread gives the
        # interpreter away and waits for it again. An event by itself takes 43 µs, and took 51 µs in three statements.
        with self._guard:
            self._connection.execute(statement, values)

    def close(self) -> None:
        """Leave what is not removed to the next process; without any, the file goes."""
        with self._guard:
            (count,) = self._connection.execute("SELECT count(*) FROM envelopes").fetchone()
            self._connection.close()
        if count == 0:
            _delete(self.path)
            self._lock.remove()
        else:
            self._lock.release()


class AbandonedJournal:
    """The journal of a process that has ended; nobody else takes it while this is not closed.

    Args:
        path: The file.
        lock: Its lock, held.
    """

    def __init__(self, path: Path, lock: _Lock) -> None:
        self.path = path
        self._lock = lock

    @classmethod
    def find(cls, folder: Path) -> Iterator[AbandonedJournal]:
        """Those that nobody has, in the order in which they were begun."""
        paths = [path for path in folder.glob("*.db") if path.is_file()]
        for path in sorted(paths, key=lambda path: path.stat().st_mtime):
            with suppress(BlockingIOError):
                yield cls(path, _Lock(_lock_of(path)))

    def entries(self) -> list[Entry]:
        """What was not finished, in the order in which it was received.

        Raises:
            sqlite3.Error, ValueError: The file is damaged.
        """
        if not self.path.exists():  # another process has just dealt with it
            return []
        with closing(_open(self.path)) as connection:
            if connection.execute(_HAS_TABLE).fetchone() is None:  # killed while it was being made
                return []
            rows = connection.execute(_ALL).fetchall()
        return [
            Entry(Envelope(id, kind, json.loads(payload)), datetime.fromisoformat(received_at), attempts)
            for id, kind, received_at, attempts, payload in rows  # noqa: A001 - as the column is called
        ]

    def delete(self) -> None:
        """Forget it."""
        _delete(self.path)
        self._lock.remove()

    def set_aside(self) -> Path:
        """Keep a damaged file for people to look at, where no bot does; returns its new path."""
        kept = self.path.with_suffix(".damaged")
        self.path.replace(kept)
        self._lock.remove()
        return kept

    def release(self) -> None:
        """Leave it as it is, for another time."""
        self._lock.release()


class _Lock:
    """A file that one process has at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        while True:
            self._file = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BaseException:
                os.close(self._file)
                raise
            if _is_at(path, self._file):
                return
            os.close(self._file)  # whoever had it before has removed it meanwhile

    def release(self) -> None:
        os.close(self._file)

    def remove(self) -> None:
        self._path.unlink(missing_ok=True)  # before others can have it
        self.release()


def received(envelopes: Sequence[Envelope]) -> list[Entry]:
    """Entries for what has just been received."""
    now = datetime.now(UTC)
    return [Entry(envelope, now) for envelope in envelopes]


def _row(entry: Entry) -> tuple[object, ...]:
    # As ASCII: half a character, which JSON may hold, is not text to SQLite.
    payload = json.dumps(entry.envelope.payload)
    return entry.envelope.id, entry.envelope.kind, entry.received_at.isoformat(), entry.attempts, payload


def _portions(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(rows), _AT_ONCE):
        yield rows[start : start + _AT_ONCE]


def _is_at(path: Path, file: int) -> bool:
    try:
        there, here = path.stat(), os.fstat(file)
    except FileNotFoundError:
        return False
    return (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)


def _open(path: Path) -> sqlite3.Connection:
    # Shared by threads, one at a time; transactions are begun where they are wanted.
    return sqlite3.connect(path, isolation_level=None, check_same_thread=False)


def _lock_of(path: Path) -> Path:
    return path.with_suffix(".lock")


def _delete(path: Path) -> None:
    for file in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
        file.unlink(missing_ok=True)
