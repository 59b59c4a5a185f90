from __future__ import annotations

import asyncio
import time

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from machine.errors import MachineError
from machine.sandbox import Change, Sandbox, Workspace
from machine.sandbox.api.tokens import upload_ticket
from machine.sandbox.state.changes import MessagePosted
from machine.sandbox.state.objects import Draft
from tests.machine.sandbox.listening import App, ManualClock


async def test_port_in_use_is_told_with_a_way_out(sandbox: Sandbox) -> None:
    """A second `machine dev` on the same port is a common slip."""
    other = Sandbox(Workspace.default(), port=sandbox.port)

    with pytest.raises(MachineError, match=rf"127\.0\.0\.1:{sandbox.port}.*--port"):
        await other.start()
    await other.stop()


async def test_sandbox_that_is_not_started_says_so() -> None:
    """Instead of an AttributeError."""
    with pytest.raises(MachineError, match="not started"):
        Sandbox(Workspace.default()).disconnect("warning")


async def test_sandbox_can_be_stopped_and_started_again(workspace: Workspace) -> None:
    """The workspace outlives its server; events wait meanwhile."""
    sandbox = Sandbox(workspace)
    for text in ("first", "second"):
        workspace.post("alice", "#general", text)
        await sandbox.start()
        async with App(sandbox) as app:
            event = await app.event("message")
            await sandbox.wait_until_idle()
        await sandbox.stop()
        assert event["text"] == text


async def test_running_sandbox_is_not_started_twice(sandbox: Sandbox) -> None:
    """The first server would be lost."""
    with pytest.raises(MachineError, match="is running"):
        await sandbox.start()


async def test_scheduled_message_is_posted_by_itself_when_due() -> None:
    """In real time, without anybody looking."""
    workspace = Workspace.default(clock=lambda: time.time() * 10)
    posted = asyncio.Event()

    def notice(change: Change) -> None:
        if isinstance(change, MessagePosted):
            posted.set()

    async with Sandbox(workspace):
        workspace.subscribe(notice)
        ops = workspace.find_channel("ops").id
        workspace.schedule.add(workspace.bot.id, ops, int(workspace.timeline.now) + 1, Draft(text="later"))
        await posted.wait()

    assert workspace.history("#ops")[-1].text == "later"


async def test_clock_moved_by_hand_posts_what_is_due(
    workspace: Workspace, sandbox: Sandbox, clock: ManualClock
) -> None:
    """Through the Web API as through the workspace."""
    client = AsyncWebClient(token=sandbox.bot_token, base_url=sandbox.api_url)
    await client.chat_scheduleMessage(channel="#ops", post_at=int(clock.now) + 60, text="later")

    clock.advance(60)
    workspace.schedule.post_due()

    history = await client.conversations_history(channel=workspace.find_channel("ops").id)
    assert [message["text"] for message in history["messages"]] == ["later"]


async def test_upload_takes_raw_bytes_and_forms(workspace: Workspace, sandbox: Sandbox) -> None:
    """SDKs do it either way; an unknown ticket is refused."""
    files = [workspace.files.expect(name, 3, workspace.bot.id) for name in ("raw.txt", "form.txt")]
    form = aiohttp.FormData()
    form.add_field("file", b"form", filename="form.txt")

    async with aiohttp.ClientSession() as session:
        tickets = [upload_ticket(workspace.app, file.id) for file in files]
        raw = await session.post(f"{sandbox.base_url}/upload/v1/{tickets[0]}", data=b"raw")
        in_form = await session.post(f"{sandbox.base_url}/upload/v1/{tickets[1]}", data=form)
        unknown = await session.post(f"{sandbox.base_url}/upload/v1/F0", data=b"x")
        guessed = await session.post(f"{sandbox.base_url}/upload/v1/{files[0].id}", data=b"x")  # A4

    assert (await raw.text(), await in_form.text()) == ("OK - 3", "OK - 4")
    assert (unknown.status, guessed.status) == (404, 404)


async def test_shared_file_is_read_with_the_bot_token(workspace: Workspace, sandbox: Sandbox) -> None:
    """From `url_private`, as bots do with what people upload."""
    workspace.upload("alice", "#general", "häst & co.txt", b"neigh")
    client = AsyncWebClient(token=sandbox.bot_token, base_url=sandbox.api_url)
    file = (await client.files_list())["files"][0]

    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {sandbox.bot_token}"}) as session:
        shown = await session.get(file["url_private"])
        saved = await session.get(file["url_private_download"])
        gone = await session.get(file["url_private"].replace(file["id"], "F0"))

        assert (await shown.read(), shown.content_type) == (b"neigh", "text/plain")
        assert (await saved.read(), saved.headers["Content-Disposition"]) == (b"neigh", "attachment")
        assert gone.status == 404


@pytest.mark.parametrize(("token", "channel"), [("xoxb-other", "#general"), ("", "#general"), (None, "#secret")])
async def test_file_is_shown_to_nobody_else(
    workspace: Workspace, sandbox: Sandbox, token: str | None, channel: str
) -> None:
    """Slack answers with its page to sign in, and status 200: a bot that forgets the token saves that."""
    shared = workspace.upload("alice", channel, "secret.txt", b"secret")
    address = workspace.serializer.file(shared.files[0])["url_private"]

    async with aiohttp.ClientSession() as session:
        given = sandbox.bot_token if token is None else token
        answer = await session.get(address, headers={"Authorization": f"Bearer {given}"})

        assert (answer.status, answer.content_type) == (200, "text/html")
        assert b"secret" not in await answer.read()
