"""The front of the house: what README, CHANGELOG and CONTRIBUTING say is so."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer.main

import machine.plugins.decorators
from machine import __version__
from machine.settings import Settings
from machine_console.cli import app as cli
from tests.conftest import BotUnderTest
from tests.transcripts import examples_on, run_example

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
START = "pip install -q uv && uv run machine dev"
TEST = "pip install -q uv && uv run --group test pytest"


def commands_in(text: str) -> list[str]:
    """The lines of all shell examples."""
    blocks = re.findall(r"^```bash\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return [line for block in blocks for line in block.splitlines()]


async def test_the_plugin_does_what_the_readme_says(bot: BotUnderTest) -> None:
    """It is what people copy first."""
    [example] = examples_on(ROOT / "README.md")

    await run_example(bot, example)


def test_two_commands_set_everything_up() -> None:
    """One to a talking bot, one to the tests; each works on its own in a fresh clone."""
    assert [line for line in commands_in(README) if "uv" in line] == [START, TEST]
    assert START in commands_in((ROOT / "docs" / "quickstart.md").read_text(encoding="utf-8"))


def test_ci_runs_the_command_of_the_readme() -> None:
    """It is read from there, so that the two cannot drift apart."""
    [line] = [line for line in (ROOT / ".ci" / "run").read_text().splitlines() if line.startswith("test_command=")]

    found = subprocess.run(
        ["bash", "-c", f'{line}; printf %s "$test_command"'], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert found.stdout == TEST


def test_every_command_of_ours_exists() -> None:
    """As `machine NAME`, with its options."""
    root: Any = typer.main.get_command(cli.app)
    mentioned = re.findall(
        r"^(?:uv run )?machine ([\w-]+)(?: (--[\w-]+))?", "\n".join(commands_in(README)), re.MULTILINE
    )
    mentioned += re.findall(r"`machine ([\w-]+)(?: (--[\w-]+))?", README)

    assert {name for name, _ in mentioned} == set(root.commands)
    for name, option in mentioned:
        assert not option or option in {given for param in root.commands[name].params for given in param.opts}


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_every_link_leads_somewhere(page: str) -> None:
    """Links within the repository; MkDocs checks those within the documentation."""
    links = re.findall(r"\]\((?!https?:)([^)#]+)", (ROOT / page).read_text(encoding="utf-8"))

    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_changelog_names_what_is_public() -> None:
    """People look a symbol up there, so it is written in full."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    root: Any = typer.main.get_command(cli.app)
    names = [
        *(f"`machine {name}" for name in root.commands),
        *(f"`@{name}`" for name in machine.plugins.decorators.__all__),
        *(f"`{name.upper()}`" for name in Settings.model_fields),
        *(f"`{name}`" for name in machine.plugins.__all__),
    ]

    assert [name for name in names if name not in changelog] == []
    assert "## [Unreleased]" in changelog or f"## [{__version__}]" in changelog


def test_hooks_need_no_network_and_use_the_locked_tools() -> None:
    """Else a hook and CI could disagree."""
    config = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    entries = re.findall(r"entry: (.+)", config)

    assert re.findall(r"repo: (.+)", config) == ["local"]
    assert [entry for entry in entries if not entry.startswith("uv run --no-sync ")] == []
