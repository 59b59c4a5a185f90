"""Exports by key, notices that lead somewhere, and the palette, in the application with a real bot."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.binding import Binding
from textual.pilot import Pilot
from textual.widgets._toast import Toast

from machine_console.app.application import MachineApp
from machine_console.app.commands import pane_actions
from machine_console.history.export import FOLDER
from tests.console.app.test_application import project, running, type_in_chat, until

pytestmark = pytest.mark.slow

__all__ = ["project"]


def exported(folder: Path, pattern: str) -> list[Path]:
    return sorted((folder / FOLDER).glob(pattern))


async def export(app: MachineApp, pilot: Pilot[int], project: Path, pattern: str, key: str = "x") -> str:
    """Press the key and wait for the file; what it holds."""
    await pilot.press(key)
    await until(pilot, lambda: bool(exported(project, pattern)) and bool(app._notifications))
    (path,) = exported(project, pattern)
    assert any(str(path.relative_to(project)) in notice.message for notice in app._notifications)
    assert app.clipboard == str(path.relative_to(project))
    return path.read_text()


async def test_the_event_under_the_cursor_is_exported(project: Path) -> None:
    """With what its handler did."""
    async with running(project) as (app, pilot):
        await type_in_chat(app, pilot, "hello world")
        await until(pilot, lambda: "Greeter.hello" in app.detail_pane.main().text())
        app.go_to(app.detail_pane)

        (event,) = json.loads(await export(app, pilot, project, "events-*.json"))["events"]

        assert event["payload"]["event"]["text"] == "hello world"
        assert event["invocations"][0]["storage"][0]["key"] == "last"


async def test_marked_events_are_exported_together(project: Path) -> None:
    """Marks choose, as for replays."""
    async with running(project) as (app, pilot):
        for text in ("hello you", "hello me"):
            await type_in_chat(app, pilot, text)
        await until(pilot, lambda: len(app.session.history.events) >= 4)
        app.go_to(app.events_pane)
        await pilot.press("home", "m", "m", "m")

        assert len(json.loads(await export(app, pilot, project, "events-*.json"))["events"]) == 3


async def test_a_plugins_stored_values_and_the_filtered_log_are_exported(project: Path) -> None:
    """What the pane shows as selected is what is written."""
    async with running(project) as (app, pilot):
        await type_in_chat(app, pilot, "hello world")
        app.go_to(app.storage_pane)
        await until(pilot, lambda: bool(app.storage_pane.selected()))
        (value,) = json.loads(await export(app, pilot, project, "storage-*.json"))["storage"]
        assert (value["key"], value["value"]) == ("last", "world")

        app.go_to(app.logs_pane)
        app.logs_pane.set_filter("level:error")
        await pilot.press("x")
        await until(pilot, lambda: any("nothing to export" in notice.message for notice in app._notifications))


async def test_a_log_line_is_copied_as_json(project: Path) -> None:
    """The one under the cursor, with its fields."""
    async with running(project) as (app, pilot):
        await type_in_chat(app, pilot, "hello world")
        app.go_to(app.logs_pane)
        app.logs_pane.set_filter("triggers")
        await until(pilot, lambda: bool(app.logs_pane.selected()))
        await pilot.press("home", "y")
        await until(pilot, lambda: bool(app.clipboard))

        (copied,) = json.loads(app.clipboard)
        assert copied["message"] == "Message triggers handler"
        assert copied["fields"]["text"] == "hello world"


async def test_the_screen_is_saved_as_a_picture(project: Path) -> None:
    """Beside the JSON, in the same folder."""
    async with running(project) as (app, pilot):
        app.go_to(app.plugins_pane)

        text = await export(app, pilot, project, "console-*.svg", key="X")

        assert text.startswith("<svg")
        assert "SANDBOX" in text


async def test_a_click_on_a_notice_leads_to_what_failed(project: Path) -> None:
    """The notice is where one looks."""
    async with running(project, notifications=True) as (app, pilot):
        await type_in_chat(app, pilot, "boom")
        await until(pilot, lambda: bool(app.query(Toast)) and app.query_one(Toast).size.width > 0)

        await pilot.click(Toast)

        await until(pilot, lambda: app.active is app.detail_pane)
        assert app.detail_pane.event is app.session.history.last_failed


async def test_a_click_on_the_notice_of_a_broken_file_leads_to_the_plugin(project: Path) -> None:
    """Where the traceback is."""
    async with running(project, notifications=True) as (app, pilot):
        (project / "plugins" / "greeter.py").write_text("def broken(:\n")
        await pilot.press("f5")
        await until(pilot, lambda: bool(app.query(Toast)) and app.query_one(Toast).size.width > 0)

        await pilot.click(Toast)

        await until(pilot, lambda: app.active is app.plugins_pane)
        await until(pilot, lambda: "SyntaxError" in app.plugins_pane.main().text())


async def test_every_key_has_its_action_in_the_palette(project: Path) -> None:
    """Of every pane, and of the window; but for the palette itself, and the key that tells how to quit."""
    async with running(project) as (app, _):
        commands = {command.title: command.help or "" for command in app.get_system_commands(app.screen)}
        helps = " ".join(commands.values())

        for pane in app.grid.panes:
            for action in pane_actions(pane):
                assert action.title in commands
        for binding in app.BINDINGS:
            assert isinstance(binding, Binding)
            if binding.action not in ("command_palette", "help_quit"):
                key = shown_key(binding.key.split(",")[0])
                assert re.search(rf"\b{re.escape(key)}(\W|$)|Key {re.escape(key)}", helps), (binding, key)


def shown_key(key: str) -> str:
    """As the palette and the documentation write it."""
    if key == "question_mark":
        return "?"
    return key if len(key) == 1 else "+".join(part.title() for part in key.split("+"))


@pytest.mark.parametrize(
    ("title", "is_done"),
    [
        ("Events: Pause", lambda app: "stopped" in str(app.events_pane.border_title)),
        ("Chat: Next speaker", lambda app: app.chat_pane.speaker.name == "bob"),
        ("Logs: Warnings", lambda app: app.logs_pane.filter_text == "level:warning"),
        ("Layout: single", lambda app: app.grid.arrangement.wanted == "single"),
    ],
)
async def test_an_action_of_the_palette_does_what_its_key_does(
    project: Path, title: str, is_done: Callable[[MachineApp], bool]
) -> None:
    """In its pane, wherever one was before."""
    async with running(project) as (app, pilot):
        await type_in_chat(app, pilot, "hello you")
        await until(pilot, lambda: len(app.session.history.events) >= 1)
        app.go_to(app.plugins_pane)
        command = next(one for one in app.get_system_commands(app.screen) if one.title == title)

        command.callback()

        await until(pilot, lambda: is_done(app))
