"""A socket is only used where nobody else can have put it."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest

from machine.errors import MachineError
from machine_console.repl.remote.socket_path import check_socket, is_trusted, prepare_folder

NOBODY = 65534
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to another user")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A socket in a folder of its own."""
    path = tmp_path / "own" / "repl.sock"
    prepare_folder(path, is_ours=True)
    monkeypatch.chdir(path.parent)  # the whole path may be too long for an address
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path.name)
    return path


def test_a_socket_of_ones_own_is_taken(place: Path) -> None:
    """The usual case."""
    check_socket(place)


@as_root
def test_a_socket_of_somebody_else_is_not_talked_to(place: Path) -> None:
    """It would be given whatever is typed."""
    os.chown(place, NOBODY, NOBODY)

    with pytest.raises(MachineError, match="belongs to somebody else"):
        check_socket(place)


def test_a_link_to_a_socket_is_not_followed(place: Path) -> None:
    """Whoever made the link chose where it leads."""
    link = place.with_name("link.sock")
    link.symlink_to(place)

    with pytest.raises(MachineError, match="is not the socket of a bot"):
        check_socket(link)


@as_root
def test_nothing_is_offered_in_somebody_elses_folder(place: Path) -> None:
    """Its owner could put another socket in the place of ours."""
    os.chown(place.parent, NOBODY, NOBODY)

    with pytest.raises(MachineError, match="is not a folder of your own"):
        prepare_folder(place, is_ours=True)


def test_nothing_is_offered_behind_a_link(tmp_path: Path) -> None:
    """A link can be made to lead elsewhere later."""
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "real")

    with pytest.raises(MachineError, match="is not a folder of your own"):
        prepare_folder(tmp_path / "link" / "repl.sock", is_ours=True)


def test_a_folder_that_others_can_enter_is_closed_or_refused(tmp_path: Path) -> None:
    """The framework's own folder is closed; the mode of another one is for its owner to change."""
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(0o755)

    with pytest.raises(MachineError, match="chmod 700"):
        prepare_folder(folder / "repl.sock", is_ours=False)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755
    prepare_folder(folder / "repl.sock", is_ours=True)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.skipif(not hasattr(socket, "SO_PEERCRED"), reason="this system does not tell who is at the other end")
def test_only_the_owner_is_trusted() -> None:
    """As the kernel tells, whatever the other end says of itself."""
    here, there = socket.socketpair(socket.AF_UNIX)
    with here, there:
        assert is_trusted(here, os.geteuid())
        assert not is_trusted(here, os.geteuid() + 1)
