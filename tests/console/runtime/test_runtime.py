"""What a command runs: against Slack, or in a workspace of its own."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from machine.errors import MachineError, SettingsError, WorkspaceError
from machine.sandbox import Sandbox, Workspace
from machine.settings import Settings
from machine.trace import ConnectionChanged, Record
from machine_console.runtime.runtime import Runtime

TOKENS = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1"}
SQLITE = "machine.storage.backends.sqlite.SQLiteStorage"
MEMORY = {"STORAGE_BACKEND": "machine.storage.backends.memory.MemoryStorage", "PLUGINS": []}


def runtime(folder: Path, live: bool | None = None, /, **settings: Any) -> Runtime:
    return Runtime(Settings.check({**MEMORY, **settings}), folder, live=live)


@pytest.mark.parametrize(
    ("given", "live", "is_live"),
    [
        ({}, None, False),
        (TOKENS, None, True),
        ({"SLACK_BOT_TOKEN": "xoxb-1"}, None, True),
        ({"SLACK_APP_TOKEN": "xapp-1"}, None, True),
        (TOKENS, False, False),
        ({}, True, True),
    ],
)
def test_slack_where_a_token_is_set_and_the_sandbox_otherwise(
    tmp_path: Path, given: dict[str, str], live: bool | None, is_live: bool
) -> None:
    """One token alone is a mistake to be told; `--live` and `--sandbox` insist."""
    made = runtime(tmp_path, live, **given)

    assert made.is_live is is_live
    assert (made.sandbox is None) is is_live


async def test_without_tokens_the_bot_runs_in_a_workspace_of_its_own(tmp_path: Path) -> None:
    """And that is over with it."""
    made = runtime(tmp_path)
    records: list[Record] = []
    made.trace.subscribe(records.append)
    before = asyncio.all_tasks()

    await made.start()
    assert made.sandbox is not None
    await made.sandbox.wait_for_connection()
    assert not made.machine.is_live
    assert made.machine.workspace_name == made.sandbox.workspace.team.name
    await made.stop()
    await made.stop()

    assert next(record.state for record in records if isinstance(record, ConnectionChanged)) == "connecting"
    assert asyncio.all_tasks() == before


async def test_the_sandbox_is_given_no_tokens_of_slack(tmp_path: Path) -> None:
    """With `--sandbox`, real tokens and the real address stay where they are."""
    made = runtime(tmp_path, False, **TOKENS, SLACK_API_URL="https://slack.com/api/", OWN="kept")

    await made.start()
    settings = made.machine.settings.all
    await made.stop()

    assert settings["SLACK_BOT_TOKEN"] != TOKENS["SLACK_BOT_TOKEN"]
    assert settings["SLACK_APP_TOKEN"] != TOKENS["SLACK_APP_TOKEN"]
    assert settings["SLACK_API_URL"].startswith("http://127.0.0.1:")
    assert settings["OWN"] == "kept"
    assert made.settings.all["SLACK_BOT_TOKEN"] == TOKENS["SLACK_BOT_TOKEN"]


async def test_a_sandbox_elsewhere_is_used_like_slack(tmp_path: Path) -> None:
    """`machine sandbox` in another process: its URL and tokens are settings; nothing counts as live there."""
    async with Sandbox(Workspace.default()) as sandbox:
        made = runtime(
            tmp_path,
            SLACK_API_URL=sandbox.api_url,
            SLACK_BOT_TOKEN=sandbox.bot_token,
            SLACK_APP_TOKEN=sandbox.app_token,
        )
        await made.start()
        await sandbox.wait_for_connection()

        assert made.sandbox is None
        assert not made.machine.is_live
        await made.stop()


async def test_the_workspace_file_describes_the_sandbox(tmp_path: Path) -> None:
    """One's own people and channels."""
    (tmp_path / "workspace.toml").write_text('[workspace]\nname = "Ours"\n[[people]]\nname = "ada"\n', encoding="utf-8")
    made = runtime(tmp_path)

    await made.start()
    name = made.machine.workspace_name
    await made.stop()

    assert name == "Ours"


def test_a_workspace_file_with_a_mistake_is_told_before_anything_starts(tmp_path: Path) -> None:
    """It is read at once."""
    (tmp_path / "workspace.toml").write_text("team = 1\n", encoding="utf-8")

    with pytest.raises(WorkspaceError, match=r"workspace\.toml"):
        runtime(tmp_path)


def test_a_workspace_file_is_not_read_against_slack(tmp_path: Path) -> None:
    """A mistake in it must not keep a live bot from starting."""
    (tmp_path / "workspace.toml").write_text("team = 1\n", encoding="utf-8")

    assert runtime(tmp_path, None, **TOKENS).is_live


@pytest.mark.parametrize("settings", [{"STORAGE_BACKEND": "nothing.Here"}, {"SQLITE_PATH": "/dev/null/storage.db"}])
async def test_a_start_that_fails_stops_the_sandbox(tmp_path: Path, settings: dict[str, str]) -> None:
    """What had been started is closed, and stopping again is harmless."""
    given = settings if "STORAGE_BACKEND" in settings else {**settings, "STORAGE_BACKEND": SQLITE}
    made = runtime(tmp_path, None, **given)
    before = asyncio.all_tasks()

    with pytest.raises(MachineError):
        await made.start()
    await made.stop()

    assert asyncio.all_tasks() == before


async def test_live_without_tokens_says_which_are_missing(tmp_path: Path) -> None:
    """Before anything is opened."""
    made = runtime(tmp_path, True)

    with pytest.raises(SettingsError) as raised:
        await made.start()
    await made.stop()

    assert [mistake.setting for mistake in raised.value.mistakes] == ["SLACK_APP_TOKEN", "SLACK_BOT_TOKEN"]


async def test_stopping_what_was_never_started_is_harmless(tmp_path: Path) -> None:
    """A signal may come first."""
    await runtime(tmp_path).stop()
