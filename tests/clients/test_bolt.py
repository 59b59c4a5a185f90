"""A Bolt for Python app, in a process of its own, with people of the sandbox talking to it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from machine.sandbox import Sandbox, Workspace
from machine.sandbox.state.objects import Message, View
from tests.console.processes import clean_environment
from tests.waiting import NET_S, Waiter

pytestmark = pytest.mark.slow

pytest.importorskip("slack_bolt")

_APP = Path(__file__).with_name("bolt_app.py")


@pytest.fixture
async def workspace() -> AsyncIterator[Workspace]:
    """A workspace with the app connected."""
    workspace = Workspace.default()
    async with Sandbox(workspace) as sandbox:
        settings = {
            "SLACK_API_URL": sandbox.api_url,
            "SLACK_BOT_TOKEN": sandbox.bot_token,
            "SLACK_APP_TOKEN": sandbox.app_token,
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(_APP), env=clean_environment(settings), stdin=asyncio.subprocess.DEVNULL
        )
        try:
            async with asyncio.timeout(NET_S):
                await sandbox.wait_for_connection()
            yield workspace
        finally:
            process.kill()
            await process.wait()


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
