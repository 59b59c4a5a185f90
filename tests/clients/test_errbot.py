"""errbot with its SlackV3 backend, in an environment of its own because it pins its dependencies exactly (D1)."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from machine.sandbox import Sandbox, Workspace
from tests.clients.installing import install, running
from tests.waiting import Waiter

_CONFIG = Path(__file__).with_name("errbot_config.py")
_PACKAGES = ("errbot==6.2.1", "errbot-backend-slackv3==0.3.2")


@pytest.mark.slow
async def test_errbot_answers(tmp_path: Path) -> None:
    """It connects only if it finds the scopes of its token; then it answers in a channel and in a DM."""
    environment = tmp_path / "environment"
    await install("uv", "venv", "--python", sys.executable, str(environment), folder=tmp_path)
    await install("uv", "pip", "install", "--python", str(environment / "bin" / "python"), *_PACKAGES, folder=tmp_path)
    data = tmp_path / "data"
    data.mkdir()
    workspace, waiter = Workspace.default(), Waiter()
    workspace.subscribe(waiter.notify)
    command = [str(environment / "bin" / "errbot"), "-c", str(_CONFIG)]

    async with Sandbox(workspace) as sandbox, running(sandbox, command, tmp_path, BOT_DATA_DIR=str(data)):
        dm = workspace.open_dm("bob")
        workspace.post("alice", "#general", "!echo in the channel")
        workspace.post("bob", dm, "!echo in the DM")

        for channel, text in (("#general", "in the channel"), (dm.id, "in the DM")):
            await waiter.until(lambda c=channel, t=text: _answered(workspace, c, t), f"{text} in {channel}")  # type: ignore[misc]


def _answered(workspace: Workspace, channel: str, text: str) -> bool:
    return any(message.is_by_bot and message.text == text for message in workspace.history(channel))
