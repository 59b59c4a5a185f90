"""A Bolt app, in Python and in JavaScript, in a process of its own, with people who talk to it (D1, D7)."""

from __future__ import annotations

import shutil
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from machine.sandbox import Sandbox, Workspace
from machine.sandbox.state.objects import Message, View
from tests.clients.installing import install, running
from tests.waiting import Waiter

pytestmark = pytest.mark.slow

_HERE = Path(__file__).parent


@pytest.fixture(params=["python", "javascript"])
async def workspace(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Workspace]:
    """A workspace with the app connected."""
    if request.param == "python":
        pytest.importorskip("slack_bolt")
        command = [sys.executable, str(_HERE / "bolt_app.py")]
    else:
        shutil.copy(_HERE / "bolt_app.js", tmp_path)
        await install("npm", "install", "--no-audit", "--no-fund", "@slack/bolt@5.1.0", folder=tmp_path)
        command = ["node", "bolt_app.js"]
    workspace = Workspace.default()
    async with Sandbox(workspace) as sandbox, running(sandbox, command, tmp_path):
        yield workspace


async def _seen(workspace: Workspace, find: Callable[[], Message | View | None]) -> None:
    waiter = Waiter()
    unsubscribe = workspace.subscribe(waiter.notify)
    try:
        await waiter.until(find, "what the app does")
    finally:
        unsubscribe()


async def _said(workspace: Workspace, channel: str, text: str) -> Message:
    def find() -> Message | None:
        return next((message for message in workspace.history(channel) if message.text == text), None)

    await _seen(workspace, find)
    message = find()
    assert message is not None
    return message


async def test_message_is_answered_and_its_button_works(workspace: Workspace) -> None:
    """A message listener, `say`, an action and `respond` with `replace_original`."""
    alice = workspace.find_person("alice")
    workspace.post("alice", "#general", "hello")
    greeting = await _said(workspace, "#general", f"Hey there <@{alice.id}>!")

    click = workspace.click("alice", greeting, "clicked")
    await click.answer
    replaced = await _said(workspace, "#general", f"<@{alice.id}> clicked the button")

    assert replaced.ts == greeting.ts


async def test_command_is_answered(workspace: Workspace) -> None:
    """`respond` goes over the response URL, to the person alone."""
    run = workspace.run_command("bob", "#ops", "/echo one two")
    await run.answer

    message = await _said(workspace, "#ops", "one two")

    assert message.ephemeral_to == workspace.find_person("bob").id


async def test_modal_is_opened_refused_and_taken(workspace: Workspace) -> None:
    """Errors keep it open; a good submission closes it."""
    carol = workspace.find_person("carol")
    await workspace.run_command("carol", "#ops", "/ticket").answer
    await _seen(workspace, lambda: workspace.views.shown_to(carol.id))

    await workspace.submit_view("carol", {"what": "bug"}).answer
    refused = workspace.views.shown_to(carol.id)
    await workspace.submit_view("carol", {"what": "The printer is on fire"}).answer
    filed = await _said(workspace, workspace.open_dm("carol").id, "Filed: The printer is on fire")

    assert refused is not None
    assert refused.errors == {"problem": "Say more"}
    assert workspace.views.shown_to(carol.id) is None
    assert filed.is_by_bot


@pytest.mark.parametrize("workspace", ["python"], indirect=True)
async def test_app_knows_the_scopes_of_its_token(workspace: Workspace) -> None:
    """D1: Bolt for Python looks for `x-oauth-scopes` in a plain dict; that of JavaScript does not tell."""
    await workspace.run_command("bob", "#ops", "/scopes").answer

    await _said(workspace, "#ops", ",".join(workspace.app.scopes))
