"""Which way imports point, and what each entrance costs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TERMINAL = {"machine_console", "textual", "prompt_toolkit", "typer", "rich", "pygments"}
NOT_AT_ONCE = {"apscheduler", "dill", "watchfiles", "redis", "aioboto3", "prometheus_client"}


def imported_by(program: str) -> set[str]:
    """The top-level packages that a fresh interpreter holds after running `program`."""
    report = "import sys; print(' '.join(sorted({name.partition('.')[0] for name in sys.modules})))"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SM_")}
    done = subprocess.run(
        [sys.executable, "-c", f"{program}\n{report}"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.splitlines()[-1].split())


def test_the_bot_knows_no_terminal() -> None:
    """A bot in production loads nothing that only a console needs."""
    imported = imported_by("import machine.bot")

    assert "aiohttp" in imported
    assert not imported & TERMINAL


def test_a_bot_starts_without_what_few_bots_need() -> None:
    """The first answer waits for every import; what schedules or stored objects need comes with the first of them."""
    assert not imported_by("import machine.bot, machine.logs, machine.plugins.decorators") & NOT_AT_ONCE


def test_payloads_are_there_when_they_are_asked_for() -> None:
    """A bot that nobody presses a button of does not import what a press comes as."""
    imported_by(
        "import machine.bot, sys\n"
        "assert 'machine.models.interactive.payloads' not in sys.modules\n"
        "from machine.models.interactive import *\n"
        "assert ViewSubmissionPayload.__module__ == 'machine.models.interactive.payloads'"
    )


@pytest.mark.parametrize("module", ["machine.plugins", "machine.models", "machine.storage", "machine.sandbox"])
def test_what_plugins_and_tests_import_knows_no_terminal(module: str) -> None:
    """Each public package by itself."""
    assert not imported_by(f"import {module}") & TERMINAL


def test_help_is_cheap() -> None:
    """`machine --help` must not wait for libraries that it does not use."""
    imported = imported_by(
        "import sys; sys.argv = ['machine', '--help']\n"
        "from machine_console.cli.app import main\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code\n"
    )

    assert "typer" in imported
    assert not imported & {"textual", "prompt_toolkit", "aiohttp", "slack_sdk", "structlog", "pydantic"}


def test_a_headless_bot_draws_nothing() -> None:
    """`machine run --headless` is what runs in production."""
    imported = imported_by(
        "import machine_console.cli.app, machine_console.runtime.headless, sys\n"
        "assert 'machine.sandbox' not in sys.modules  # nor what Slack is imitated with, where there is Slack"
    )

    assert not imported & {"textual", "prompt_toolkit", "rich", "pygments", "jedi"}


def test_imports_point_downwards() -> None:
    """The contracts of import-linter in pyproject.toml hold."""
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout
