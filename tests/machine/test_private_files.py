"""Nobody else on the machine reads what a bot keeps, whatever the umask is."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from machine.private_files import make_private_file, make_private_folder
from machine.receiving.journal import Journal
from machine.storage.backends.sqlite import SQLiteStorage


@pytest.fixture(params=[0o000, 0o022, 0o077, 0o277], ids=oct, autouse=True)
def umask(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[None]:
    """The user's, which decides nothing here."""
    before = os.umask(request.param)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def modes(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): mode(path) for path in folder.rglob("*")}


@pytest.mark.parametrize("path", [".machine/storage.db", "data/deep/storage.db"])
async def test_storage_is_for_its_user_alone_a5(tmp_path: Path, path: str) -> None:
    """A5: the file, what SQLite puts beside it, and the folders that are made."""
    storage = SQLiteStorage({"SQLITE_PATH": str(tmp_path / path)})
    await storage.init()
    await storage.set("key", b"value")

    found = modes(tmp_path)

    await storage.close()
    assert {name for name in found if name.endswith(("-wal", "-shm"))} == {f"{path}-wal", f"{path}-shm"}
    assert {found[name] for name in found if (tmp_path / name).is_dir()} == {0o700}
    assert {found[name] for name in (path, f"{path}-wal", f"{path}-shm")} == {0o600}


async def test_what_is_there_is_tightened_a5(tmp_path: Path) -> None:
    """A5: of earlier versions; a folder that is not the framework's own stays as it is."""
    for folder, expected in ((tmp_path / ".machine", 0o700), (tmp_path / "data", 0o755)):
        folder.mkdir()
        folder.chmod(0o755)
        path = folder / "storage.db"
        path.touch()
        path.chmod(0o644)
        with closing(sqlite3.connect(path)) as old:
            old.execute("CREATE TABLE of_old (name TEXT)")
        storage = SQLiteStorage({"SQLITE_PATH": str(path)})
        await storage.init()
        await storage.set("key", b"value")
        assert mode(folder) == expected
        assert {mode(one) for one in folder.iterdir()} == {0o600}
        await storage.close()


async def test_a_link_is_followed_a5(tmp_path: Path) -> None:
    """A5: as SQLite follows it, also where it leads to nothing yet."""
    link, target = tmp_path / "storage.db", tmp_path / "volume" / "real.db"
    link.symlink_to(target)
    storage = SQLiteStorage({"SQLITE_PATH": str(link)})
    await storage.init()
    await storage.set("key", b"value")

    assert {mode(one) for one in target.parent.iterdir()} == {0o600}
    await storage.close()


def test_the_inbox_closes_the_folder_above_a5(tmp_path: Path) -> None:
    """A5: whoever comes first makes `.machine`."""
    journal = Journal(tmp_path / ".machine" / "inbox")

    found = modes(tmp_path)
    journal.close()

    assert found[".machine"] == found[".machine/inbox"] == 0o700
    assert {found[name] & 0o077 for name in found} == {0}


def test_private_files_keep_their_content(tmp_path: Path) -> None:
    """Only the mode changes."""
    path = tmp_path / "notes"
    path.touch()
    path.chmod(0o664)
    path.write_text("kept")

    make_private_file(path)

    assert (path.read_text(), mode(path)) == ("kept", 0o600)


def test_a_file_in_the_way_of_a_folder_is_an_error(tmp_path: Path) -> None:
    """It is not taken for the folder."""
    (tmp_path / ".machine").touch()

    with pytest.raises(FileExistsError):
        make_private_folder(tmp_path / ".machine")
