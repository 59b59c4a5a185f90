"""Storage and plugins changed by hand in the console."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Input, Static, TextArea

from machine_console.screens.dialogs import ConfirmScreen, TextScreen
from tests.console.app.test_application import project, running, runtime_of, said, type_in_chat, until, workspace_of

pytestmark = pytest.mark.slow

__all__ = ["project"]

KEY = "plugins.greeter.Greeter:last"


async def test_a_value_is_edited_deleted_and_brought_back(project: Path) -> None:
    """With a question before, and a way back after."""
    async with running(project) as (app, pilot):
        machine = runtime_of(app).machine
        storage = machine.plugin_storage("plugins.greeter.Greeter")
        await storage.set("last", "bob", expires=500)
        app.go_to(app.storage_pane)
        await pilot.press("r")
        document = app.storage_pane.main()
        await until(pilot, lambda: "'bob'" in document.text())
        assert "⏳ 8:" in document.text()
        await pilot.press("down", "e")
        await until(pilot, lambda: isinstance(app.screen, TextScreen))
        app.screen.query_one(TextArea).text = "{'name': 'carol'}"
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "last  " in document.text() and "'bob'" not in document.text())
        assert await storage.get("last") == {"name": "carol"}
        assert await machine.storage.expiry(KEY) is not None

        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("y")
        await until(pilot, lambda: "Nothing is stored" in document.text())

        await pilot.press("u", "u")
        await until(pilot, lambda: "'bob'" in document.text())


async def test_a_value_is_added_beside_another_one(project: Path) -> None:
    """Its key is typed on behind the plugin's; a value that is none says why, and what was written stays."""
    async with running(project) as (app, pilot):
        storage = runtime_of(app).machine.plugin_storage("plugins.greeter.Greeter")
        await storage.set("last", "bob")
        app.go_to(app.storage_pane)
        await pilot.press("r")
        document = app.storage_pane.main()
        await until(pilot, lambda: "'bob'" in document.text())

        await pilot.press("down", "a")
        await until(pilot, lambda: isinstance(app.screen, TextScreen) and bool(app.screen.query(Input)))
        await pilot.press(*"next", "enter")
        await until(pilot, lambda: isinstance(app.screen, TextScreen) and bool(app.screen.query(TextArea)))
        asked = app.screen
        await pilot.press(*"[1, 2", "ctrl+s")
        problem = asked.query_one("#asked-problem", Static)
        await until(pilot, lambda: "no Python literal" in str(problem.render()))
        assert asked.query_one(TextArea).text == "[1, 2"
        await pilot.press("right_square_bracket", "ctrl+s")

        await until(pilot, lambda: "next  " in document.text())
        assert await storage.get("next") == [1, 2]


async def test_a_search_narrows_the_keys_down(project: Path) -> None:
    """By key, plugin or value."""
    async with running(project) as (app, pilot):
        storage = runtime_of(app).machine.plugin_storage("plugins.greeter.Greeter")
        await storage.set("first", 1)
        await storage.set("second", 2)
        app.go_to(app.storage_pane)
        await pilot.press("r")
        await until(pilot, lambda: "second" in app.storage_pane.main().text())

        await pilot.press("slash", *"sec", "enter")

        assert "first" not in app.storage_pane.main().text()
        assert "1 of 2 keys" in str(app.storage_pane.border_title)


async def test_a_plugin_is_switched_off_and_on(project: Path) -> None:
    """It stays loaded, hears nothing, and its calls are counted."""
    async with running(project) as (app, pilot):
        await type_in_chat(app, pilot, "hello one")
        await until(pilot, lambda: "Hello one" in said(app, "general"))
        app.go_to(app.plugins_pane)
        document = app.plugins_pane.main()
        await until(pilot, lambda: "1 call" in document.text())
        document.reveal(("plugins.greeter.Greeter",))

        await pilot.press("o")
        await until(pilot, lambda: "switched off" in document.text())
        assert ", 1 switched off" in str(app.plugins_pane.border_title)
        assert not any(one.plugin == "plugins.greeter.Greeter" for one in runtime_of(app).machine.registry.handlers)

        await pilot.press("o")
        await until(pilot, lambda: "switched off" not in document.text())
        workspace_of(app).post("alice", "general", "hello two")
        await until(pilot, lambda: "Hello two" in said(app, "general"))
