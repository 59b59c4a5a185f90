"""`machine sandbox` for bots in other processes, and its people played by hand (D7)."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from machine.sandbox import Sandbox, Workspace
from machine_console.app.application import MachineApp
from machine_console.cli.sandbox import runtime_around
from machine_console.screens.modal import ViewScreen
from machine_console.session.local_session import LocalSession
from machine_console.widgets.block_view import BlockView
from tests.console.app.test_application import type_in_chat, until
from tests.console.processes import machine
from tests.console.starting import MACHINE
from tests.console.terminal import Terminal
from tests.machine.sandbox.listening import App
from tests.waiting import NET_S

pytestmark = pytest.mark.slow


async def test_printed_control_token_opens_the_control_interface(tmp_path: Path) -> None:
    """The one line of JSON is all that a test in another language needs."""
    async with machine(tmp_path, "sandbox", "--json") as process, aiohttp.ClientSession() as session:
        address = json.loads(await process.line(lambda line: line.startswith("{"), "the address"))
        headers = {"Authorization": f"Bearer {address['control_token']}"}
        said = {"as": "alice", "channel": "#general", "text": "hello"}
        async with session.post(f"{address['control_url']}say", json=said, headers=headers) as answer:
            told = await answer.json()
        client = AsyncWebClient(token=address["bot_token"], base_url=address["api_url"])
        history = await client.conversations_history(channel=told["message"]["channel"])

    assert [message["text"] for message in history["messages"]] == ["hello"]


async def test_repl_plays_people(tmp_path: Path) -> None:
    """A script on standard input, as `machine repl` takes one; it is empty here, and the command ends with it."""
    async with machine(tmp_path, "sandbox", "--repl") as process:
        ended = await process.ended()

    assert ended.code == 0
    assert "/control/" in ended.out


async def test_console_and_repl_exclude_each_other(tmp_path: Path) -> None:
    """One process has one terminal."""
    async with machine(tmp_path, "sandbox", "--repl", "--console") as process:
        ended = await process.ended()

    assert (ended.code, ended.out) == (1, "")
    assert "Leave out one of them" in ended.err


async def test_console_needs_a_terminal(tmp_path: Path) -> None:
    """And says so before it serves anything."""
    async with machine(tmp_path, "sandbox", "--console") as process:
        ended = await process.ended()

    assert (ended.code, ended.out) == (1, "")
    assert "The console needs a terminal" in ended.err


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """A folder for the terminal's own files."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    return scratch


def test_repl_in_a_terminal_plays_people(tmp_path: Path, scratch: Path) -> None:
    """What was said outlives the process, with `--state`."""
    with Terminal([MACHINE, "sandbox", "--repl", "--state", "state.json"], tmp_path, scratch) as terminal:
        terminal.wait_for(">>>")
        terminal.type('workspace.post("alice", "#general", "good" + " morning").text')
        terminal.press("Enter")
        terminal.wait_for("'good morning'")
        terminal.press("C-d")
        assert terminal.wait_for_exit() == 0

    assert "good morning" in (tmp_path / "state.json").read_text(encoding="utf-8")


def test_console_in_a_terminal_waits_for_a_bot(tmp_path: Path, scratch: Path) -> None:
    """The command itself: it opens, says where bots find it, and quits."""
    with Terminal([MACHINE, "sandbox", "--console", "--state", "state.json"], tmp_path, scratch) as terminal:
        terminal.wait_for("Waiting for a bot")
        terminal.wait_for("Next speaker")  # the chat has the focus
        terminal.type("good morning")
        terminal.press("Enter")
        terminal.wait_for(lambda screen: "good morning" in screen and "as alice" in screen)  # the input is empty again
        terminal.press("C-q")
        assert terminal.wait_for_exit() == 0

    assert "good morning" in (tmp_path / "state.json").read_text(encoding="utf-8")


_TITLE = {"type": "plain_text", "text": "Ticket"}
_BUTTON = {"type": "button", "action_id": "open", "text": {"type": "plain_text", "text": "Open"}}
_INPUT = {"type": "plain_text_input", "action_id": "what"}
_MODAL = {
    "type": "modal",
    "title": _TITLE,
    "submit": _TITLE,
    "blocks": [{"type": "input", "block_id": "b", "label": _TITLE, "element": _INPUT}],
}


async def test_console_plays_people_for_a_bot_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands that no plugin here has, clicks, and the modals that the other bot opens."""
    monkeypatch.chdir(tmp_path)
    async with Sandbox(Workspace.default()) as sandbox:
        window = MachineApp(LocalSession(runtime_around(sandbox)), title="machine sandbox")
        async with window.run_test(size=(160, 45)) as pilot, App(sandbox) as app:
            await until(pilot, lambda: window.status.connection == "connected")
            await type_in_chat(window, pilot, "/ticket please")
            async with asyncio.timeout(NET_S):
                command = await app.received(lambda request: request.type == "slash_commands")
            assert (command.payload["command"], command.payload["text"]) == ("/ticket", "please")

            blocks = [{"type": "actions", "elements": [_BUTTON]}]
            await app.web.chat_postMessage(channel="#general", text="A ticket?", blocks=blocks)
            conversation = window.query_one("#conversation", BlockView)
            await until(pilot, lambda: "[ Open ]" in conversation.text())
            await pilot.press("escape", "g", "right_square_bracket", "enter")
            async with asyncio.timeout(NET_S):
                click = await app.received(lambda request: request.payload.get("type") == "block_actions")
            await app.web.views_open(trigger_id=click.payload["trigger_id"], view=_MODAL)
            await until(pilot, lambda: isinstance(window.screen, ViewScreen))

            await pilot.press("ctrl+s")
            screen = window.screen
            assert isinstance(screen, ViewScreen)
            await until(pilot, lambda: "✗ Please complete this required field." in screen.document.text())
