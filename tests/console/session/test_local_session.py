"""A session with a bot in this process: values out, commands in, and no more of the sandbox than there is."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from machine.errors import MachineError
from machine.sandbox import Sandbox, Workspace
from machine.settings import Settings
from machine_console.runtime.runtime import Runtime
from machine_console.session.bot_session import BotSession
from machine_console.session.chat import ChatView, MessageRef
from machine_console.session.local_session import LocalSession
from tests.console.app.test_application import project
from tests.machine.sandbox.listening import App

__all__ = ["project"]


@pytest.fixture
async def session(project: Path) -> AsyncIterator[LocalSession]:
    """A session with a bot that greets."""
    session = LocalSession(Runtime(Settings.check({}), project))
    await session.start()
    yield session
    await session.stop()


async def until_there_is(session: LocalSession, handler: str) -> None:
    """Wait for a handler to have run."""
    done = asyncio.Event()
    stop = session.runtime.trace.subscribe(lambda _: done.set())
    async with asyncio.timeout(60):
        while not any(
            run.handler.endswith(handler) and not run.is_running
            for event in session.history.events
            for run in event.invocations
        ):
            done.clear()
            await done.wait()
    stop()


async def test_what_is_said_is_kept_and_can_be_run_again(session: LocalSession) -> None:
    """From the chat to the history, and from there to the bot once more."""
    asked: BotSession = session
    chat = asked.chat
    assert chat is not None
    general = next(one for one in chat.channels() if one.label == "#general")
    alice = next(one for one in chat.people() if one.name == "alice")
    before = asked.calls_version

    await chat.say(general.id, alice.id, "hello world")
    await until_there_is(session, "Greeter.hello")
    event = next(one for one in asked.history.events if one.invocations)
    again = await asked.replay(event)

    assert not again.differences
    assert asked.calls_version == before + 2
    (plugin,) = (one for one in asked.plugins() if one.title == "Greeter")
    (hello,) = (one for one in plugin.handlers if one.name.endswith(".hello"))
    assert hello.calls is not None
    assert (hello.calls.count, hello.calls.failed) == (2, 0)
    assert asked.source_of(hello.name) is not None
    assert asked.source_of("no.such.handler") is None
    assert asked.commands() == ["/greet"]


async def test_stored_values_are_changed_and_brought_back(session: LocalSession) -> None:
    """The backend is the bot's own."""
    await session.set_value("shared", [1, 2])
    ((value,), size) = await session.stored()
    assert (value.value, size) == ([1, 2], value.size)

    await session.delete_value("shared")
    assert await session.undo_storage() == "shared"
    ((value,), _) = await session.stored()
    assert value.value == [1, 2]


async def test_a_plugin_is_switched_off_and_on(session: LocalSession) -> None:
    """Each time panes are told to look."""
    name = next(one.name for one in session.plugins() if one.title == "Greeter")
    versions = [session.plugins_version]
    await session.disable_plugin(name)
    versions.append(session.plugins_version)
    assert [one.is_off for one in session.plugins() if one.name == name] == [True]

    await session.enable_plugin(name)
    versions.append(session.plugins_version)
    assert [one.is_off for one in session.plugins() if one.name == name] == [False]
    assert versions == sorted(set(versions))


async def test_a_modal_comes_out_as_a_value(session: LocalSession) -> None:
    """What opens, changes and closes is told once."""
    assert session.runtime.sandbox is not None
    workspace = session.runtime.sandbox.workspace
    actions = session.chat.actions if session.chat is not None else None
    assert actions is not None
    opened = workspace.views.open(
        workspace.find_person("alice").id,
        {"type": "modal", "title": {"type": "plain_text", "text": "Why?"}, "blocks": [{"type": "divider"}]},
    )

    (change,) = actions.take_view_changes()
    assert change.what == "opened"
    assert isinstance(change.view, ChatView)
    assert (change.view.id, change.view.title, change.view.submit) == (opened.id, "Why?", "")

    await actions.close_view(change.view)
    assert [one.what for one in actions.take_view_changes()] == ["closed"]
    assert actions.take_view_changes() == ()
    with pytest.raises(MachineError, match="gone"):
        await actions.click("alice", MessageRef("C404", "1.0"), "go", None)


async def test_before_the_bot_has_started_it_says_so(project: Path) -> None:
    """Whatever is asked of it."""
    session = LocalSession(Runtime(Settings.check({}), project))

    assert (session.chat, session.plugins(), session.failures(), session.commands()) == (None, (), (), ())
    with pytest.raises(MachineError, match="not started"):
        await session.reload()
    await session.stop()
    await session.stop()


WINDOW_AGAINST_SLACK = """
import asyncio, builtins, sys
from pathlib import Path

importers = set()
real_import = builtins.__import__

def noting(name, globals=None, locals=None, fromlist=(), level=0):
    by = (globals or {}).get("__name__", "")
    if name.startswith("machine.sandbox") and not by.startswith("machine.sandbox"):
        importers.add(by)
    return real_import(name, globals, locals, fromlist, level)

builtins.__import__ = noting
from machine.settings import Settings
from machine_console.app.application import MachineApp
from machine_console.runtime.runtime import Runtime
from machine_console.session.local_session import LocalSession

api_url, bot_token, app_token = sys.argv[1:]
settings = Settings.check({"SLACK_API_URL": api_url, "SLACK_BOT_TOKEN": bot_token, "SLACK_APP_TOKEN": app_token,
                           "STORAGE_BACKEND": "machine.storage.backends.memory.MemoryStorage"})

async def main():
    app = MachineApp(LocalSession(Runtime(settings, Path.cwd(), live=True)))
    async with app.run_test() as pilot:
        while app.session.chat is None or app.status.connection != "connected":
            await pilot.pause()
        for pane in app.grid.panes:
            app.go_to(pane)
            await pilot.pause()
        assert app.session.chat.actions is None
        assert "LIVE" in str(app.chat_pane.border_title)

asyncio.run(main())
print(*sorted(importers))
"""


async def test_against_slack_the_window_needs_no_sandbox(session: LocalSession, tmp_path: Path) -> None:
    """It takes its time to import, and has nothing to do there."""
    sandbox = session.runtime.sandbox
    assert sandbox is not None
    command = (sys.executable, "-c", WINDOW_AGAINST_SLACK, sandbox.api_url, sandbox.bot_token, sandbox.app_token)
    process = await asyncio.create_subprocess_exec(
        *command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    out, err = await process.communicate()

    assert process.returncode == 0, err.decode()
    assert out.decode().splitlines()[-1].split() == []  # above is the log


async def test_a_workspace_that_is_served_waits_for_bots_elsewhere(project: Path) -> None:
    """D7: it says where they find it, and leaves to them which commands there are and whether they are connected."""
    async with Sandbox(Workspace.default()) as sandbox:
        session = LocalSession(Runtime(Settings.check({}), project, hosting=sandbox))
        await session.start()
        (notice,) = session.take_notifications()

        assert (notice.title, notice.text) == ("Waiting for a bot", f"Bots reach the workspace at {sandbox.api_url}")
        assert (session.is_live, session.knows_commands, session.commands()) == (False, False, [])
        assert session.status.connection == "connecting"
        async with App(sandbox):
            assert session.status.connection == session.facts().connection == "connected"
        await session.stop()
        assert session.status.connection == "stopping"
        async with App(sandbox) as app:  # the workspace outlives the session
            assert (await app.web.auth_test())["ok"]
