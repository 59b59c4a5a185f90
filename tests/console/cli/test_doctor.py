"""`machine doctor` prints what was found, for people and for programs."""

from __future__ import annotations

import json
from pathlib import Path

from tests.console.processes import outcome


async def test_the_command_prints_findings_and_ends_with_1(tmp_path: Path) -> None:
    """As text for people, as JSON for programs."""
    text = await outcome(tmp_path, "doctor")
    data = await outcome(tmp_path, "doctor", "--json")

    assert (text.code, data.code) == (1, 1)
    assert "WRONG  Bot token: SLACK_BOT_TOKEN is not set\n       Export SM_SLACK_BOT_TOKEN" in text.out
    assert {finding["subject"] for finding in json.loads(data.out)} >= {"Versions", "Storage", "Bot token"}
