from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from machine.errors import WorkspaceError
from machine.sandbox import Recording, Sandbox, Workspace
from tests.machine.sandbox.listening import App


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


async def test_calls_deliveries_and_acknowledgements_are_recorded_in_order(tmp_path: Path) -> None:
    """What a bot and Slack said to each other can be read afterwards."""
    path = tmp_path / "record.jsonl"
    workspace = Workspace.default()
    with Recording(path) as recording:
        async with Sandbox(workspace, witness=recording) as sandbox, App(sandbox) as app:
            run = workspace.run_command("alice", "#ops", "/deploy api")
            await run.answer
            client = AsyncWebClient(token=sandbox.bot_token, base_url=sandbox.api_url)
            await client.api_call("api.test", json={"foo": "bar"})
            await AsyncWebhookClient(run.payload["response_url"]).send(text="done")
            command = app.requests[0]

    lines = _lines(path)
    assert [line["what"] for line in lines] == [
        *("call", "connected", "delivery", "ack", "call", "response", "disconnected"),
    ]
    assert lines[2]["envelope"]["payload"]["command"] == "/deploy"
    assert lines[3]["envelope_id"] == command.envelope_id
    assert (lines[4]["method"], lines[4]["arguments"]) == ("api.test", {"foo": "bar"})
    assert lines[4]["answer"] == {"ok": True, "args": {"foo": "bar"}}
    assert all(line["at"].endswith("+00:00") for line in lines)


async def test_secrets_are_not_recorded(tmp_path: Path) -> None:
    """A recording is sent to others when something is wrong."""
    path = tmp_path / "record.jsonl"
    workspace = Workspace.default()
    with Recording(path) as recording:
        async with Sandbox(workspace, witness=recording) as sandbox, App(sandbox):
            run = workspace.run_command("alice", "#ops", "/deploy xoxb-123-secret")
            await run.answer
            client = AsyncWebClient(base_url=sandbox.api_url)
            await client.api_call("auth.test", data={"token": sandbox.bot_token})
    text = path.read_text(encoding="utf-8")

    secrets = [sandbox.bot_token, sandbox.app_token, workspace.app.verification_token, "123-secret"]
    secrets += [run.payload["response_url"].rpartition("/")[2], "ticket="]
    assert [secret for secret in secrets if secret in text] == []


async def test_fault_is_recorded_with_what_it_hit(tmp_path: Path) -> None:
    """To tell a fault on request from a real one."""
    path = tmp_path / "record.jsonl"
    workspace = Workspace.default()
    with Recording(path) as recording:
        async with Sandbox(workspace, witness=recording) as sandbox, App(sandbox):
            sandbox.faults.fail("api.test", error="fatal_error", times=1)
            sandbox.faults.duplicate_deliveries(times=1)
            client = AsyncWebClient(token=sandbox.bot_token, base_url=sandbox.api_url)
            with pytest.raises(SlackApiError):
                await client.api_call("api.test")
            workspace.post("alice", "#general", "hi")
            await sandbox.wait_until_idle()

    faults = [line["fault"] for line in _lines(path) if "fault" in line]
    assert faults == [
        {"effect": "fail", "error": "fatal_error", "status": 200},
        {"is_duplicated": True, "loses_ack": False, "breaks_socket": False},
    ]


def test_recordings_follow_one_another_in_a_file(tmp_path: Path) -> None:
    """A second run does not wipe out the first."""
    path = tmp_path / "record.jsonl"
    for number in range(2):
        with Recording(path) as recording:
            recording("upload", {"file": f"F{number}"})

    assert [line["file"] for line in _lines(path)] == ["F0", "F1"]


def test_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """Before the server starts."""
    with pytest.raises(WorkspaceError, match=r"missing/record\.jsonl cannot be written.*--record"):
        Recording(tmp_path / "missing" / "record.jsonl")
