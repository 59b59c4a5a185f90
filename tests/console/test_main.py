"""The `machine` command from its first line on: what stands in its way is named before anything of it is imported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from machine import __version__
from machine_console.__main__ import other_machine

pytestmark = pytest.mark.slow


def _install(folder: Path, name: str, record: str) -> None:
    metadata = folder / f"{name}-0.40.1.dist-info"
    metadata.mkdir()
    (metadata / "RECORD").write_text(record)


@pytest.mark.parametrize(("folder", "name"), [("slack_machine", "slack-machine"), ("machine", "machine")])
def test_another_package_called_machine_is_named(tmp_path: Path, folder: str, name: str) -> None:
    """Its files and ours overwrite each other, and what comes of that nobody could explain."""
    _install(tmp_path, folder, "machine/bin/run.py,sha256=x,1\nmachine/__init__.py,sha256=x,1\n")

    ended = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys; sys.path.append({str(tmp_path)!r})\nfrom machine_console.__main__ import main; main()",
        ],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 1
    assert f"{name} is installed in this environment too" in ended.stderr
    assert f"pip uninstall {name}" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_what_brings_no_machine_is_left_alone(tmp_path: Path) -> None:
    """An editable install of an earlier name has metadata, and no files."""
    _install(tmp_path, "machine", "_machine.pth,sha256=x,1\nmachine_learning/__init__.py,,\n")
    _install(tmp_path, "machine_console", "machine/__init__.py,sha256=x,1\n")

    assert other_machine([str(tmp_path), str(tmp_path / "missing"), ""]) is None


@pytest.mark.parametrize("module", ["machine", "machine_console"])
def test_python_m_is_the_command(module: str) -> None:
    """For people whose scripts folder is not on the path."""
    ended = subprocess.run([sys.executable, "-m", module, "--version"], capture_output=True, text=True, check=True)

    assert ended.stdout == f"machine {__version__}\n"
