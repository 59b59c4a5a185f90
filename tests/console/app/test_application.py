"""The application with a real bot in it, in the real sandbox."""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot

from machine.logs import configure_logging
from machine.sandbox import Workspace
from machine.settings import Settings
from machine_console.app.application import MachineApp
from machine_console.app.layout import Layout
from machine_console.app.status_bar import TabBar
from machine_console.runtime.runtime import Runtime
from machine_console.session.local_session import LocalSession
from tests.waiting import NET_S

pytestmark = pytest.mark.slow

GREETER = """
from machine.plugins.base import MachineBasePlugin
from machine.plugins.command import Command
from machine.plugins.decorators import command, listen_to
from machine.plugins.message import Message


class Greeter(MachineBasePlugin):
    @listen_to(r"^hello (?P<who>\\w+)")
    async def hello(self, msg: Message, who: str) -> None:
        await self.storage.set("last", who)
        await msg.say(f"Hello {who}")

    @listen_to(r"^boom$")
    async def boom(self, msg: Message) -> None:
        raise KeyError("api")

    @command("/greet")
    async def greet(self, command: Command) -> None:
        await command.say(f"Greetings, {command.text}")
"""


async def until(pilot: Pilot[int], is_true: Callable[[], bool]) -> None:
    """Let the application run until something is so."""
    deadline = time.monotonic() + NET_S
    while not is_true():
        assert time.monotonic() < deadline, "it did not come to pass"
        await pilot.pause()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with one plugin file."""
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "greeter.py").write_text(GREETER)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    configure_logging(logging.INFO)
    yield tmp_path
    sys.modules.pop("plugins", None)  # as a package without a file it outlives its folder


@asynccontextmanager
async def running(
    project: Path, *, size: tuple[int, int] = (160, 45), notifications: bool = False
) -> AsyncIterator[tuple[MachineApp, Pilot[int]]]:
    """The application, connected."""
    app = MachineApp(LocalSession(Runtime(Settings.check({}), project)), title="test")
    async with app.run_test(size=size, notifications=notifications) as pilot:
        await until(pilot, lambda: app.status.connection == "connected" and app.status.plugins > 0)
        yield app, pilot


def session_of(app: MachineApp) -> LocalSession:
    assert isinstance(app.session, LocalSession)
    return app.session


def runtime_of(app: MachineApp) -> Runtime:
    return session_of(app).runtime


def workspace_of(app: MachineApp) -> Workspace:
    sandbox = runtime_of(app).sandbox
    assert sandbox is not None
    return sandbox.workspace


def said(app: MachineApp, channel: str) -> list[str]:
    return [message.text for message in workspace_of(app).history(channel)]


async def type_in_chat(app: MachineApp, pilot: Pilot[int], text: str) -> None:
    app.go_to(app.chat_pane)
    app.chat_pane.main().value = text
    await pilot.press("enter")


async def test_a_message_typed_in_the_chat_is_answered_and_explained(project: Path) -> None:
    """The first thing a newcomer does, end to end."""
    async with running(project) as (app, pilot):
        await type_in_chat(app, pilot, "hello world")
        await until(pilot, lambda: "Hello world" in said(app, "general"))
        await until(pilot, lambda: "Hello world" in app.query_one("#conversation").text())  # type: ignore[attr-defined]
        await until(pilot, lambda: "✓ Greeter.hello" in app.detail_pane.main().text())

        detail = app.detail_pane.main().text()
        assert "message by alice in #general" in detail
        assert 'who = "world"' in detail
        assert "chat.postMessage" in detail
        assert app.status.errors == 0


async def test_what_is_said_while_the_chat_is_hidden_is_unread_until_it_is_shown(project: Path) -> None:
    """Also in the conversation that is open there: nobody saw it."""
    async with running(project, size=(80, 24)) as (app, pilot):
        chat, general = session_of(app).chat, app.chat_pane.channel
        assert chat is not None
        assert general is not None
        app.grid.use(Layout.SINGLE)
        app.go_to(app.storage_pane)
        await until(pilot, lambda: not app.chat_pane.display)

        workspace_of(app).post("alice", general.id, "is anybody here?")
        await until(pilot, lambda: app.chat_pane._chat_seen == chat.version)
        hidden, tabs = chat.log.unread(general.id), str(app.query_one(TabBar).render())
        app.go_to(app.chat_pane)
        await until(pilot, lambda: " 3 Chat (1) " not in str(app.query_one(TabBar).render()))

        assert hidden == 1
        assert " 3 Chat (1) " in tabs
        assert chat.log.unread(general.id) == 0
        assert " 3 Chat " in str(app.query_one(TabBar).render())


async def test_a_slash_command_runs(project: Path) -> None:
    """As in Slack, from the same line."""
    async with running(project) as (app, pilot):
        await type_in_chat(app, pilot, "/greet you")
        await until(pilot, lambda: "Greetings, you" in said(app, "general"))


async def test_an_unknown_slash_command_is_not_posted_as_a_message(project: Path) -> None:
    """Slack would not do that either, and says which commands there are."""
    async with running(project) as (app, pilot):
        await type_in_chat(app, pilot, "/gret you")
        await until(pilot, lambda: len(app._notifications) == 1)

        (notice,) = app._notifications
        assert notice.message == "No plugin has the command /gret. There are: /greet"
        assert said(app, "general") == []


async def test_what_slack_would_refuse_is_said(project: Path) -> None:
    """Nobody posts in a channel they have left."""
    async with running(project) as (app, pilot):
        workspace_of(app).leave("alice", "random")
        app.chat_pane.pick(workspace_of(app).find_channel("random").id)
        await type_in_chat(app, pilot, "hi")
        await until(pilot, lambda: len(app._notifications) == 1)

        (notice,) = app._notifications
        assert "not_in_channel" in notice.message


async def test_a_direct_message_is_opened_by_its_first_message(project: Path) -> None:
    """Its conversation is listed before it exists, and stays the current one."""
    async with running(project) as (app, pilot):
        dm = next(channel for channel in app.chat_pane._channels.channels if channel.label == "@bob")
        app.chat_pane.pick(dm.id)
        await type_in_chat(app, pilot, "hello you")
        await until(pilot, lambda: "Hello you" in app.query_one("#conversation").text())  # type: ignore[attr-defined]

        assert app.chat_pane.channel is not None
        assert app.chat_pane.channel.label == "@bob"
        assert app.chat_pane.speaker is not None
        assert app.chat_pane.speaker.name == "bob"


async def test_a_failing_handler_raises_a_notice_and_is_counted(project: Path) -> None:
    """Errors cannot be missed."""
    async with running(project) as (app, pilot):
        await type_in_chat(app, pilot, "boom")
        await until(pilot, lambda: app.status.errors == 1 and len(app._notifications) == 1)

        (notice,) = app._notifications
        assert (notice.title, notice.message, notice.severity) == (
            "Greeter.boom failed",
            "KeyError: 'api'\nClick here or press F9 to go there.",
            "error",
        )


async def test_a_reload_is_told_and_a_broken_file_keeps_the_old_version(project: Path) -> None:
    """One saves, sees it live, makes a mistake, and nothing is lost."""
    plugin = project / "plugins" / "greeter.py"
    async with running(project) as (app, pilot):
        plugin.write_text(GREETER.replace("Hello {who}", "Howdy {who}"))
        await pilot.press("f5")
        await until(pilot, lambda: any("reloaded greeter.py in" in one.message for one in app._notifications))

        plugin.write_text("class Broken(")
        await pilot.press("f5")
        await until(pilot, lambda: any("still live" in one.message for one in app._notifications))
        await until(pilot, lambda: "1 failed" in str(app.plugins_pane.border_title))
        await type_in_chat(app, pilot, "hello world")
        await until(pilot, lambda: "Howdy world" in said(app, "general"))

        plugin.write_text(GREETER)
        await pilot.press("f5")
        await until(pilot, lambda: app.status.errors == 0)
        await until(pilot, lambda: not any("still live" in one.message for one in app._notifications))


async def test_storage_is_shown_as_plugins_write_it(project: Path) -> None:
    """Without asking for it."""
    async with running(project) as (app, pilot):
        app.go_to(app.storage_pane)
        await until(pilot, lambda: "Nothing is stored yet" in app.storage_pane.main().text())
        workspace_of(app).post("alice", "general", "hello world")

        await until(pilot, lambda: "'world'" in app.storage_pane.main().text())
        assert "plugins.greeter.Greeter" in app.storage_pane.main().text()


async def test_the_repl_talks_to_the_bot(project: Path) -> None:
    """It is the same bot."""
    async with running(project) as (app, pilot):
        app.go_to(app.repl_pane)
        await pilot.press(*"len(plugins)", "enter")
        terminal = app.repl_pane.terminal

        await until(pilot, lambda: f"\n{len(runtime_of(app).machine.plugins)}" in terminal.output_text)


async def test_speaking_as_somebody_is_an_action_of_the_palette(project: Path) -> None:
    """As is opening a conversation."""
    async with running(project) as (app, _pilot):
        commands = {command.title: command for command in app.get_system_commands(app.screen)}
        commands["Speak as carol"].callback()
        commands["Open #ops"].callback()

        assert app.chat_pane.speaker is not None
        assert app.chat_pane.speaker.name == "carol"
        assert app.chat_pane.channel is not None
        assert app.chat_pane.channel.label == "#ops"
        assert "Reload plugins" in commands


async def test_a_log_line_of_a_handler_leads_to_its_event(project: Path) -> None:
    """The place to look is one key away; lines of no event open on their own."""
    async with running(project) as (app, pilot):
        await type_in_chat(app, pilot, "hello world")
        await until(pilot, lambda: any(log.envelope_id for log in app.session.history.logs))
        index = next(index for index, log in enumerate(app.session.history.logs) if log.envelope_id)
        app.frame()  # what the pane shows is as old as the frame before
        app.go_to(app.logs_pane)
        app.logs_pane.main().go_to(index)
        await pilot.press("enter")
        assert app.active is app.detail_pane

        app.go_to(app.logs_pane)
        await pilot.press("home", "enter")
        assert len(app.screen_stack) == 2


async def test_quitting_stops_the_bot_first(project: Path) -> None:
    """Handlers finish; then the terminal is given back."""
    async with running(project) as (app, pilot):
        sandbox = runtime_of(app).sandbox
        api_url = sandbox.api_url if sandbox else ""
        await pilot.press("ctrl+q")
        await until(pilot, lambda: not app.is_running or app._exit)

        port = int(api_url.rsplit(":", 1)[1].split("/")[0])
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)
        assert app.return_value == 0


async def test_a_bot_that_cannot_start_ends_with_its_reason(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A clear message, no traceback, exit code 1."""
    settings = Settings.check({"STORAGE_BACKEND": "no.such.Backend"})
    app = MachineApp(LocalSession(Runtime(settings, project)))
    async with app.run_test() as pilot:
        await until(pilot, lambda: app._exit)

    assert app.return_code == 1
    error = capsys.readouterr().err
    assert "STORAGE_BACKEND" in error
    assert "Traceback" not in error


async def test_a_stranger_types_at_once(project: Path) -> None:
    """Nobody should need a manual to say hello."""
    async with running(project) as (app, pilot):
        await pilot.press(*"hello you", "enter")

        await until(pilot, lambda: "Hello you" in said(app, "general"))


async def test_the_window_is_found_as_it_was_left(project: Path) -> None:
    """Layout, pane and filters belong to the project."""
    async with running(project) as (app, pilot):
        app.grid.use(Layout.SINGLE)
        app.logs_pane.set_filter("level:error")
        app.events_pane.set_filter("user:alice")
        await pilot.press("f6")
        await pilot.press("ctrl+q")
        await until(pilot, lambda: app._lifecycle.has_stopped)

    async with running(project) as (app, _):
        assert app.grid.arrangement.wanted is Layout.SINGLE
        assert (app.logs_pane.filter_text, app.events_pane.filter_text) == ("level:error", "user:alice")
        assert app.active is app.storage_pane
        assert app.storage_pane.has_focus_within
