"""New projects and plugins: they work at once, and overwrite nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from machine.errors import MachineError
from machine_console.project.creating import create_plugin, create_project
from machine_console.project.requirement import requirement_from
from tests.waiting import NET_S


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
        *("requirements.txt", "requirements-dev.txt", "pyproject.toml", "Dockerfile", "deploy-bot.service"),
        *(".github/workflows/test.yml", "plugins/greeter.py", "tests/conftest.py", "tests/test_greeter.py"),
    }
    assert [path for path in created if "${" in path.read_text(encoding="utf-8")] == []
    assert "ExecReload=/bin/kill -HUP $MAINPID" in (tmp_path / "deploy-bot.service").read_text(encoding="utf-8")


def test_tokens_stay_out_of_git_and_images(tmp_path: Path) -> None:
    """`.env` holds them, so neither git nor Docker may take it."""
    create_project("deploy-bot", tmp_path)

    for name in (".gitignore", ".dockerignore"):
        assert ".env" in (tmp_path / name).read_text(encoding="utf-8").splitlines()


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


def test_the_requirement_leads_to_where_this_installation_came_from() -> None:
    """A name alone might be somebody else's package."""
    git = requirement_from({"url": "https://git.example.com/m.git", "vcs_info": {"vcs": "git", "commit_id": "abc"}})

    assert git.line == "machine-console @ git+https://git.example.com/m.git@abc"
    assert requirement_from({}).line.startswith("machine-console==")
    assert requirement_from({"url": "file:///x", "dir_info": {"editable": True}}).line.startswith(
        "./wheels/machine_console-"
    )
