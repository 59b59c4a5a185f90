"""What `machine init` prints and writes, done to the letter: from the built wheel, in environments of their own."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from machine.sandbox import Sandbox, Workspace
from tests.console.processes import clean_environment
from tests.console.terminal import Terminal
from tests.machine.storage.stores import skip_or_fail
from tests.waiting import NET_S

ROOT = Path(__file__).parents[3]
SHELL = {
    "PIP_NO_COMPILE": "1",  # takes longer than what is run here
    **{f"GIT_{role}_{what}": "dev@example.com" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    # As many people have it: without a word in the project's own .gitignore, git would leave the framework out.
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "core.excludesFile",
}

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@dataclass(frozen=True)
class NewProject:
    """What `machine init bot` made, committed to git.

    Attributes:
        folder: The repository.
        printed: What the command said.
        wheel: What it was installed from.
        environment: Of a shell that knows `machine init`, and nothing else of this project.
    """

    folder: Path
    printed: str
    wheel: Path
    environment: Mapping[str, str]

    @property
    def steps(self) -> list[str]:
        """The commands that it printed."""
        return [line.strip() for line in self.printed.partition("Go on with:\n")[2].splitlines()]

    def clone(self, into: Path) -> Path:
        """A fresh clone, in a folder of the same name."""
        run(["git", "clone", "--quiet", self.folder, into / "bot"], into, self.environment)
        return into / "bot"

    def read(self, name: str) -> str:
        """One of its files."""
        return (self.folder / name).read_text(encoding="utf-8")

    def commands_under(self, heading: str) -> list[str]:
        """The commands of a section of its README, without what is explained behind them."""
        [block] = re.findall(
            rf"^# ?{heading}\n.*?^```bash\n(.*?)^```$", self.read("README.md"), re.DOTALL | re.MULTILINE
        )
        return [re.sub(r" {2,}#.*", "", line) for line in block.splitlines()]


def run(command: Sequence[str | Path], folder: Path, environment: Mapping[str, str]) -> str:
    """What a command prints; a failure tells all of it."""
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, f"{shlex.join(map(str, command))}\n{ended.stdout}{ended.stderr}"
    return ended.stdout


def run_lines(lines: Sequence[str], folder: Path, environment: Mapping[str, str]) -> str:
    """What lines print in a shell that stops at the first that fails."""
    return run(["bash", "-e", "-c", "\n".join(lines)], folder, environment)


def new_environment(folder: Path, *packages: str | Path) -> dict[str, str]:
    """A Python environment with nothing but these packages, as its shell has it."""
    run(["uv", "venv", "--quiet", "--seed", "--python", sys.executable, folder], folder.parent, os.environ)
    if packages:
        run(["uv", "pip", "install", "--quiet", "--python", folder, *packages], folder.parent, os.environ)
    mine = {"VIRTUAL_ENV", "PYTHONPATH", "UV_PROJECT_ENVIRONMENT"}
    inherited = {
        name: value
        for name, value in clean_environment().items()
        if name not in mine and not name.startswith(("PYTEST_", "GIT_"))
    }
    excludes = folder / "git-excludes"
    excludes.write_text("*.whl\nwheels/\n", encoding="utf-8")
    path = f"{folder / 'bin'}{os.pathsep}{inherited['PATH']}"
    return {**inherited, **SHELL, "GIT_CONFIG_VALUE_0": str(excludes), "PATH": path, "VIRTUAL_ENV": str(folder)}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> NewProject:
    """The first minute of somebody who has the wheel."""
    for program in ("uv", "git"):
        if shutil.which(program) is None:
            skip_or_fail(f"{program} is not installed")
    base = tmp_path_factory.mktemp("first-steps")
    asked = ["uv", "pip", "install", "--quiet", "--dry-run", "--no-cache", "--target", str(base / "x"), "hatchling"]
    if subprocess.run(asked, capture_output=True, check=False).returncode:
        skip_or_fail("no package index can be reached")
    run(["uv", "build", "--quiet", "--wheel", "--out-dir", base / "dist", ROOT], base, os.environ)
    [wheel] = (base / "dist").glob("*.whl")
    environment = new_environment(base / "venv", wheel)
    printed = run(["machine", "init", "bot"], base, environment)
    run_lines(["git init --quiet", "git add --all", "git commit --quiet --message Begin"], base / "bot", environment)
    return NewProject(base / "bot", printed, wheel, environment)


def test_the_guide_and_the_readme_say_what_the_command_says(project: NewProject) -> None:
    """So that the steps below are those of all three."""
    guide = (ROOT / "docs" / "deploying.md").read_text(encoding="utf-8")

    assert project.steps[0] == "cd bot"
    assert project.commands_under("bot") == project.steps[1:]
    assert "\n".join(["machine init deploy-bot", "cd deploy-bot", *project.steps[1:], "```"]) in guide
    assert "\n".join(project.commands_under("# Another package, or newer ones")) in guide


async def test_each_step_works_in_a_fresh_clone(project: NewProject, tmp_path: Path) -> None:
    """The first steps, a second plugin, the steps to Slack, and another package: as a colleague would take them."""
    folder = project.clone(tmp_path)
    *steps, last = project.steps
    enter = [*steps[:1], steps[1].partition("&& ")[2]]
    assert last == "machine dev"

    said = run_lines(
        [*steps, "cd ..", *enter, "machine new plugin release_notes", "python -m pytest"], tmp_path, project.environment
    )

    assert re.findall(r"(\d) passed", said) == ["1", "2"]
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    shell = ["bash", "-e", "-c", "\n".join([*enter, last])]
    with Terminal(shell, tmp_path, scratch, environment=project.environment) as terminal:
        terminal.wait_for("SANDBOX")
        terminal.press("C-q")
        assert terminal.wait_for_exit() == 0
    async with Sandbox(Workspace.default()) as slack:
        tokens = {
            "SLACK_API_URL": slack.api_url,
            "SLACK_APP_TOKEN": slack.app_token,
            "SLACK_BOT_TOKEN": slack.bot_token,
        }
        commands = project.commands_under("# In Slack")
        where = next(number for number, line in enumerate(commands) if line.endswith(" .env")) + 1
        filled_in = [f"echo SM_{name}={value} >> .env" for name, value in tokens.items()]
        started = [*enter, *commands[:where], *filled_in, *commands[where:-1], f"exec {commands[-1]}"]
        await asyncio.to_thread(
            run_until_started, ["bash", "-e", "-c", "\n".join(started)], tmp_path, project.environment
        )
    assert (folder / ".env").stat().st_mode & 0o077 == 0
    run_lines(
        [*enter, "echo humanize >> requirements.txt", *project.commands_under("# Another package, or newer ones")],
        tmp_path,
        project.environment,
    )
    lock = (folder / "requirements.lock").read_text(encoding="utf-8")
    assert re.search(r"^humanize==\S+ \\\n +--hash=sha256:", lock, re.MULTILINE)
    assert "machine-console" not in re.sub(r"#.*", "", lock)
    assert run(["git", "status", "--porcelain"], folder, project.environment).split() == [
        *("M", "requirements.lock", "M", "requirements.txt", "??", "manifest.yaml"),
        *("??", "plugins/release_notes.py", "??", "tests/test_release_notes.py"),
    ]


def run_until_started(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
    """Run a bot until it is connected to Slack, and stop it as systemd and Docker do."""
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        net = threading.Timer(NET_S, process.kill)
        net.start()
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if '"Bot started"' in line:
                process.send_signal(signal.SIGTERM)
        net.cancel()
    assert process.returncode == 0, "".join(said)
    assert '"Bot started"' in "".join(said)


def test_the_steps_of_the_workflow_succeed(project: NewProject, tmp_path: Path) -> None:
    """In the order of the file, in what `actions/checkout` and `actions/setup-python` would have prepared."""
    workflow = yaml.safe_load(project.read(".github/workflows/test.yml"))
    steps: list[dict[str, Any]] = workflow["jobs"]["test"]["steps"]
    used = [step["uses"].partition("@")[0] for step in steps if "uses" in step]
    assert used == ["actions/checkout", "actions/setup-python"]
    folder = project.clone(tmp_path)
    environment = new_environment(tmp_path / "python")

    said = run_lines([step["run"] for step in steps if "run" in step], folder, environment)

    assert "1 passed" in said
    assert "failed: 0" in said


async def test_the_commands_of_the_image_work(project: NewProject, tmp_path: Path) -> None:
    """All but those that make users, which only a container has to itself; then the bot starts and stops."""
    folder = project.clone(tmp_path)
    instructions = dict.fromkeys(("RUN", "CMD"), "")
    for word, rest in re.findall(r"^(RUN|CMD) (.+)$", project.read("Dockerfile"), re.MULTILINE):
        instructions[word] += f"{rest}\n"
    commands = [line for line in instructions["RUN"].splitlines() if line.startswith("pip ")]
    assert len(commands) == 2
    environment = new_environment(tmp_path / "python")

    run_lines(commands, folder, environment)

    async with Sandbox(Workspace.default()) as slack:
        tokens = {
            "SM_SLACK_API_URL": slack.api_url,
            "SM_SLACK_APP_TOKEN": slack.app_token,
            "SM_SLACK_BOT_TOKEN": slack.bot_token,
        }
        await asyncio.to_thread(run_until_started, json.loads(instructions["CMD"]), folder, {**environment, **tokens})


def test_the_wheel_in_the_project_is_the_one_that_was_installed(project: NewProject) -> None:
    """Packed from what runs, without build tools: the same files, with the same contents."""
    [packed] = (project.folder / "wheels").iterdir()

    assert packed.name == project.wheel.name
    with zipfile.ZipFile(packed) as ours, zipfile.ZipFile(project.wheel) as built:
        assert sorted(ours.namelist()) == sorted(built.namelist())
        assert [
            name for name in ours.namelist() if not name.endswith("/RECORD") and ours.read(name) != built.read(name)
        ] == []
        rows = [line.split(",") for line in ours.read(ours.namelist()[-1]).decode().splitlines()]
        assert [row[0] for row in rows] == ours.namelist()


def test_the_versions_of_a_project_are_those_of_our_own_tests() -> None:
    """Renew the template with this command, after each `uv lock`."""
    template = "console/machine_console/project/templates/requirements.lock.tmpl"
    command = "uv export --quiet --frozen --no-emit-project --no-annotate --no-header --group project"
    assert command in (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")

    assert run(shlex.split(command), ROOT, os.environ) == (ROOT / template).read_text(encoding="utf-8")
