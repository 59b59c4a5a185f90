"""New projects and plugins: they work at once, and overwrite nothing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest
import yaml

from machine import __version__
from machine.errors import MachineError
from machine_console.project.creating import create_plugin, create_project
from machine_console.project.requirement import Requirement, requirement_from
from tests.waiting import NET_S

pytestmark = pytest.mark.slow


def run_tests(folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("SM_", "PYTEST_"))}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=NET_S,
    )


def test_a_new_project_passes_its_own_tests(tmp_path: Path) -> None:
    """The first thing a person does with it; the plugin that is added has a test that passes, too."""
    project = tmp_path / "deploy-bot"
    create_project("deploy-bot", project)
    create_plugin("release_notes", project, Path("plugins"))

    ended = run_tests(project)

    assert "2 passed" in ended.stdout, ended.stdout + ended.stderr
    assert ended.returncode == 0


def test_a_new_project_has_all_it_takes_to_run_elsewhere(tmp_path: Path) -> None:
    """And no placeholder is left in any file."""
    created = create_project("deploy-bot", tmp_path)

    names = {str(path.relative_to(tmp_path)) for path in created}
    assert names == {
        *("README.md", "local_settings.py", "workspace.toml", ".env.example", ".gitignore", ".dockerignore"),
        *("requirements.txt", "requirements-dev.txt", "requirements.lock", "pyproject.toml", "Dockerfile"),
        *("SECURITY.md", "deploy-bot.service", f"wheels/machine_console-{__version__}-py3-none-any.whl"),
        *(".github/workflows/test.yml", "plugins/greeter.py", "tests/conftest.py", "tests/test_greeter.py"),
    }
    assert [path for path in created if path.suffix != ".whl" and "${" in path.read_text(encoding="utf-8")] == []
    assert "ExecReload=/bin/kill -HUP $MAINPID" in (tmp_path / "deploy-bot.service").read_text(encoding="utf-8")


def test_tokens_stay_out_of_git_and_images(tmp_path: Path) -> None:
    """`.env` holds them, so neither git nor Docker may take it."""
    create_project("deploy-bot", tmp_path)

    for name in (".gitignore", ".dockerignore"):
        assert ".env" in (tmp_path / name).read_text(encoding="utf-8").splitlines()


def test_the_bot_can_do_little_besides_its_work(tmp_path: Path) -> None:
    """A11: systemd's own judgement of the unit is good, and of the file system only `.machine` can be written."""
    create_project("deploy-bot", tmp_path)
    unit = tmp_path / "deploy-bot.service"

    settings = unit.read_text(encoding="utf-8").splitlines()

    assert [line for line in settings if line.startswith("ReadWrite")] == ["ReadWritePaths=/srv/deploy-bot/.machine"]
    assert {"User=deploy-bot", "ProtectSystem=strict"} <= set(settings)
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=30", unit],
        capture_output=True,
        text=True,
        check=False,
    )
    assert judged.returncode == 0, judged.stdout + judged.stderr


def test_nothing_runs_that_others_can_exchange(tmp_path: Path) -> None:
    """A11: actions are named by their commits, which see no more than the code, and packages by their hashes."""
    create_project("deploy-bot", tmp_path)
    workflow = yaml.safe_load((tmp_path / ".github" / "workflows" / "test.yml").read_text(encoding="utf-8"))
    lock = (tmp_path / "requirements.lock").read_text(encoding="utf-8").replace("\\\n", "")

    used = [step["uses"] for step in workflow["jobs"]["test"]["steps"] if "uses" in step]

    assert [action for action in used if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", action)] == []
    assert workflow["permissions"] == {"contents": "read"}
    assert [line for line in lock.splitlines() if not re.match(r"\S+==\S+ .*--hash=sha256:[0-9a-f]{64}", line)] == []
    assert "pytest==" in lock


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    """Nobody's work is mixed with ours."""
    (tmp_path / "notes.txt").write_text("mine")

    with pytest.raises(MachineError, match="is there already and not an empty folder"):
        create_project("deploy-bot", tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_file_in_the_way_of_the_folder_is_left_alone(tmp_path: Path) -> None:
    """It is no folder at all."""
    (tmp_path / "deploy-bot").write_text("mine")

    with pytest.raises(MachineError, match="not an empty folder"):
        create_project("deploy-bot", tmp_path / "deploy-bot")


@pytest.mark.parametrize("name", ["", "Deploy", "1st", "../up", "a b", "x" * 36, "bot\n", "/tmp/bot", "böt", "-bot"])
def test_a_name_that_slack_or_a_folder_cannot_have_is_refused(tmp_path: Path, name: str) -> None:
    """Before anything is written, and with an example of one that is fine."""
    with pytest.raises(MachineError, match="deploy-bot"):
        create_project(name, tmp_path / "new")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["", "class", "Deploy", "1st", "../up", "a-b", "x.y", "_x"])
def test_a_name_that_is_no_module_is_refused(tmp_path: Path, name: str) -> None:
    """The loader could not import it."""
    with pytest.raises(MachineError, match="release_notes"):
        create_plugin(name, tmp_path, Path("plugins"))


def test_a_plugin_that_exists_is_left_alone(tmp_path: Path) -> None:
    """Also when only its test exists."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_deploys.py").write_text("mine")

    with pytest.raises(MachineError, match="is there already"):
        create_plugin("deploys", tmp_path, Path("plugins"))

    assert not (tmp_path / "plugins").exists()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """Instead of a traceback."""
    (tmp_path / "file").write_text("")

    with pytest.raises(MachineError, match="cannot be written"):
        create_project("deploy-bot", tmp_path / "file" / "deploy-bot")


@pytest.mark.parametrize(
    ("origin", "line"),
    [
        ({}, f"machine-console=={__version__}"),
        (
            {"url": "https://git.example.com/m.git", "vcs_info": {"vcs": "git", "commit_id": "abc"}},
            "machine-console @ git+https://git.example.com/m.git@abc",
        ),
        (
            {"url": "https://example.com/m.whl", "archive_info": {"hashes": {"sha256": "123"}}},
            "machine-console @ https://example.com/m.whl#sha256=123",
        ),
        ({"url": "https://example.com/m.whl", "archive_info": {}}, "machine-console @ https://example.com/m.whl"),
    ],
)
def test_the_requirement_leads_to_where_this_installation_came_from(origin: dict[str, Any], line: str) -> None:
    """A name alone might be somebody else's package."""
    assert requirement_from(origin, distribution("machine-console")) == Requirement(line)


@pytest.mark.parametrize(
    "origin",
    [
        {"url": "file:///x", "dir_info": {"editable": True}},
        {"url": "file:///x.whl", "archive_info": {}},
        {"url": "file:///x", "vcs_info": {"vcs": "git", "commit_id": "abc"}},
    ],
)
def test_what_is_only_on_this_computer_is_packed_for_others(origin: dict[str, Any]) -> None:
    """B19: nobody has to build a wheel, and it is always the same one."""
    needed = requirement_from(origin, distribution("machine-console"))

    assert needed.wheel is not None
    assert needed.line == f"./wheels/{needed.wheel.name}"
    assert requirement_from(origin, distribution("machine-console")) == needed
