"""The guides: their examples run, and nothing public is missing."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path
from typing import Any

import pytest
import typer.main

import machine.errors
import machine.plugins.decorators
from machine.plugins import MachineBasePlugin
from machine.settings import Settings
from machine_console.cli import app as cli
from tests.conftest import BotUnderTest
from tests.transcripts import Example, examples_on, run_example

DOCS = Path(__file__).parents[1] / "docs"
PAGES = sorted(DOCS.glob("*.md"))
PUBLIC = (
    "machine.plugins",
    "machine.plugins.decorators",
    "machine.models",
    "machine.models.events",
    "machine.models.interactive",
    "machine.storage",
    "machine.testing",
)

ERRORS = {name for name in vars(machine.errors) if name.endswith("Error")}

EXAMPLES = [
    pytest.param(example, id=f"{page.stem}-line-{example.line}") for page in PAGES for example in examples_on(page)
]


@pytest.mark.parametrize("example", EXAMPLES)
async def test_an_example_does_what_the_page_says(bot: BotUnderTest, example: Example) -> None:
    """Readers copy them, so they are loaded as files and talked to as the page shows."""
    await run_example(bot, example)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_all_python_on_a_page_is_python(page: Path) -> None:
    """Also where it is not a whole plugin."""
    for source in re.findall(r"```python[^\n]*\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
        compile(source, page.name, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def test_every_setting_is_explained() -> None:
    """Those of the framework, in the page on settings."""
    page = (DOCS / "settings.md").read_text(encoding="utf-8")

    assert [name for name in Settings.model_fields if f"| `{name.upper()}` |" not in page] == []


def test_every_command_and_option_is_explained() -> None:
    """What `machine --help` lists, in the page on the command line."""
    page = (DOCS / "cli.md").read_text(encoding="utf-8")
    root: Any = typer.main.get_command(cli.app)
    options = {
        option
        for command in (root, *root.commands.values())
        for given in command.params
        for option in given.opts
        if option.startswith("-")
    }

    assert [name for name in root.commands if f"`machine {name}`" not in page] == []
    assert [
        option
        for option in options
        if f"`{option}`" not in page and f"`{option} " not in page and f" {option}`" not in page
    ] == []


def test_every_decorator_is_explained() -> None:
    """In prose, not only in the reference."""
    guides = "".join(page.read_text(encoding="utf-8") for page in PAGES)

    assert [name for name in machine.plugins.decorators.__all__ if f"@{name}" not in guides] == []


def test_everything_a_plugin_can_do_is_mentioned() -> None:
    """Each method and property of the base class, in prose."""
    guides = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    ours = {"connect_host", "host"}  # the framework's side of it
    names = {name for name in vars(MachineBasePlugin) if not name.startswith("_")} - ours

    assert [name for name in sorted(names) if not re.search(rf"\b{name}\b", guides)] == []


def test_the_reference_shows_what_is_public_and_nothing_else() -> None:
    """Public is what `__all__` of the public modules says; besides, errors and the base class of backends."""
    pages = "".join(page.read_text(encoding="utf-8") for page in sorted(DOCS.glob("api/*.md")))
    public = {name for module in PUBLIC for name in importlib.import_module(module).__all__}
    shown = set()
    for entry in re.findall(r"^::: ([\w.]+)$", pages, re.MULTILINE):
        name = entry.rpartition(".")[2]
        shown |= set(importlib.import_module(entry).__all__) if name.islower() else {name}

    assert shown - ERRORS == public | {"MachineBaseStorage"}
    assert shown >= ERRORS
