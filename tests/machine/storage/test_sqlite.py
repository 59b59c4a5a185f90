"""What only the SQLite backend has: a file, that may be anything."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from machine.errors import StorageError
from machine.storage.backends.sqlite import DEFAULT_PATH, SQLiteStorage
from machine.storage.expiry import SWEEP_INTERVAL_S
from tests.machine.storage.stores import FakeClock, gather_all

WRITER = """
import asyncio, itertools, sys
from machine.storage.backends.sqlite import SQLiteStorage

async def main():
    storage = SQLiteStorage({"SQLITE_PATH": sys.argv[1]})
    await storage.init()
    for number in itertools.count():
        await storage.set(f"key{number % 50}", str(number).encode() * 500)
        print(number, flush=True)

asyncio.run(main())
"""


async def opened(path: Path | str, clock: FakeClock | None = None) -> SQLiteStorage:
    storage = SQLiteStorage({"SQLITE_PATH": path}, clock=clock or FakeClock())
    await storage.init()
    return storage


async def test_the_default_file_is_in_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Storage is persistent without a setting, and its folder need not be there."""
    monkeypatch.chdir(tmp_path)
    storage = SQLiteStorage({})

    await storage.init()
    await storage.close()

    assert (tmp_path / DEFAULT_PATH).is_file()


@pytest.mark.parametrize(
    "content", [b"this is not a database, but it is long enough to be looked at" * 20, b"SQLite f"]
)
async def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    """It may be somebody's only copy of something."""
    path = tmp_path / "notes.txt"
    path.write_bytes(content)

    with pytest.raises(StorageError, match=r"notes\.txt cannot be used: file is not a database\. Set SQLITE_PATH"):
        await opened(path)

    assert path.read_bytes() == content


async def test_a_database_of_something_else_is_refused(tmp_path: Path) -> None:
    """With a table of the same name and other columns."""
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE storage (shelf TEXT)")

    with pytest.raises(StorageError, match=r"other\.db cannot be used"):
        await opened(path)


async def test_a_path_that_cannot_be_created_is_a_clear_error(tmp_path: Path) -> None:
    """The parent may be a file, the path a folder."""
    (tmp_path / "file").touch()

    for path in (tmp_path / "file" / "storage.db", tmp_path):
        with pytest.raises(StorageError, match=r"cannot be used.*Set SQLITE_PATH to a file that the bot may create"):
            await opened(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
async def test_a_file_that_cannot_be_written_is_refused_at_the_start(tmp_path: Path) -> None:
    """Not at the first `set`, hours later."""
    path = tmp_path / "storage.db"
    await (await opened(path)).close()

    with write_protected(tmp_path, path), pytest.raises(StorageError, match="Set SQLITE_PATH"):
        await opened(path)


@contextmanager
def write_protected(folder: Path, file: Path) -> Iterator[None]:
    file.chmod(0o400)
    folder.chmod(0o500)
    yield
    folder.chmod(0o700)


async def test_a_closed_store_says_so(tmp_path: Path) -> None:
    """As does one that was never opened; closing twice is fine."""
    storage = await opened(tmp_path / "storage.db")
    await storage.close()
    await storage.close()

    with pytest.raises(StorageError, match="is not open"):
        await storage.get("key")
    with pytest.raises(StorageError, match="is not open"):
        await SQLiteStorage({"SQLITE_PATH": tmp_path / "storage.db"}).set("key", b"1")


async def test_closing_leaves_one_file(tmp_path: Path) -> None:
    """So that copying `storage.db` copies everything."""
    storage = await opened(tmp_path / "storage.db")
    await storage.set("key", b"value")

    await storage.close()

    assert not (tmp_path / "storage.db-wal").exists()


async def test_expired_data_is_swept(tmp_path: Path) -> None:
    """At the start and about once a minute, so that the file does not grow with what nobody can read."""
    clock = FakeClock()
    storage = await opened(tmp_path / "storage.db", clock)
    await storage.set("gone", b"x", expires=1)

    await clock.advance(SWEEP_INTERVAL_S + 1)
    await storage.set("other", b"x", expires=1)
    assert rows(tmp_path / "storage.db") == ["other"]
    await storage.close()

    await clock.advance(10)
    await (await opened(tmp_path / "storage.db", clock)).close()
    assert rows(tmp_path / "storage.db") == []


def rows(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as database:
        return [key for (key,) in database.execute("SELECT key FROM storage ORDER BY key")]


async def test_two_processes_can_share_a_file(tmp_path: Path) -> None:
    """Say `machine repl` beside the running bot: each waits for the other's short transactions."""
    one, other = await opened(tmp_path / "storage.db"), await opened(tmp_path / "storage.db")

    await gather_all(
        *(one.set(f"one{number}", b"1") for number in range(50)),
        *(other.set(f"other{number}", b"2") for number in range(50)),
    )

    assert len(await one.keys()) == len(await other.keys()) == 100
    await one.close()
    await other.close()


async def test_a_cancelled_operation_harms_no_other(tmp_path: Path) -> None:
    """Handlers are cancelled when they take too long."""
    storage = await opened(tmp_path / "storage.db")
    writes = [asyncio.ensure_future(storage.set(f"key{number}", b"x" * 10_000)) for number in range(40)]
    await asyncio.wait(writes, return_when=asyncio.FIRST_COMPLETED)
    for write in writes[1::2]:
        write.cancel()

    results = await asyncio.gather(*writes, return_exceptions=True)

    assert all(result is None or isinstance(result, asyncio.CancelledError) for result in results)
    for number, result in enumerate(results):
        found = await storage.get(f"key{number}")
        assert found == b"x" * 10_000 or (found is None and isinstance(result, asyncio.CancelledError))
    await storage.close()


@pytest.mark.parametrize("writes", [1, 60, 175])
async def test_kill_9_loses_nothing_that_was_stored(tmp_path: Path, writes: int) -> None:
    """The bot can be killed at any moment, and what `set` returned from is there, whole."""
    path = tmp_path / "storage.db"
    last = write_and_be_killed(path, writes)

    storage = await opened(path)
    for number in range(max(0, last - 49), last + 1):
        value = await storage.get(f"key{number % 50}")
        assert value is not None
        assert value in (str(number).encode() * 500, str(number + 50).encode() * 500)  # the one begun may be there
    await storage.close()
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def write_and_be_killed(path: Path, writes: int) -> int:
    """Write in another process, kill it after some writes, and return the number of the last one it reported."""
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    with writer, writer.stdout as reported:
        for _ in range(writes):
            reported.readline()
        writer.kill()  # in the middle of a write, for it never pauses
        return max(map(int, reported.read().split()), default=writes - 1)


async def test_rows_that_something_else_wrote_are_storage_errors_a9(tmp_path: Path) -> None:
    """A9: SQLite keeps any type in any column; the rows beside them stay readable."""
    path = tmp_path / "storage.db"
    storage = await opened(path)
    await storage.set("good", b"value")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        for key, value in (("text", "abc"), ("number", 5), ("real", 1.5), (b"blob", b"x")):
            other.execute("INSERT INTO storage VALUES (?, ?, ?)", (key, value, float("inf")))
        other.execute("INSERT INTO storage VALUES ('expiry', x'00', 'soon')")

    for key in ("text", "number", "real"):
        with pytest.raises(StorageError, match=f"The value of '{key}' in .* something else wrote it"):
            await storage.get(key)
    with pytest.raises(StorageError, match=r"The expiry of 'expiry' in .* is str"):
        await storage.expiry("expiry")

    assert await storage.keys() == ["expiry", "good", "number", "real", "text"]
    assert await storage.get("good") == b"value"
    await storage.set("text", b"mine")
    assert await storage.get("text") == b"mine"
    await storage.close()
