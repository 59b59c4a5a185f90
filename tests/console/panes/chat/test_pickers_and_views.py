"""The rest of Block Kit in the chat: times, menus, radio buttons; modals on modals; the home tab."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static

from machine_console.app.application import MachineApp
from machine_console.screens.dialogs import ChoiceScreen, DateScreen, TextScreen
from machine_console.screens.modal import ViewScreen
from machine_console.widgets.block_view import BlockView
from tests.console.app.test_application import project, running, said, until
from tests.console.panes.chat.test_block_interactions import go_to, shown

pytestmark = pytest.mark.slow

__all__ = ["project"]

PLUGIN = """
from machine.plugins import BlockAction, HomeOpened, MachineBasePlugin, Message, ModalClosure, ModalSubmission
from machine.plugins.decorators import action, home_opened, listen_to, modal, modal_closed


def text(words):
    return {"type": "plain_text", "text": words}


def options(*words):
    return [{"text": text(word), "value": word.lower()} for word in words]


def field(name, **element):
    element = {"action_id": name, **element}
    return {"type": "input", "block_id": name, "label": text(name.capitalize()), "element": element}


FIRST = {"type": "modal", "callback_id": "first", "title": text("First"), "submit": text("Next"),
         "blocks": [field("age", type="plain_text_input")]}
SECOND = {"type": "modal", "callback_id": "second", "title": text("Second"), "submit": text("Done"),
          "notify_on_close": True, "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "*On top*"}}]}


class Pickers(MachineBasePlugin):
    @listen_to("^pick$")
    async def pick(self, msg: Message) -> None:
        await msg.say("Pick", blocks=[{"type": "actions", "block_id": "a", "elements": [
            {"type": "timepicker", "action_id": "time", "initial_time": "09:00"},
            {"type": "datetimepicker", "action_id": "moment", "initial_date_time": 1772614800},
            {"type": "radio_buttons", "action_id": "one", "options": options("Red", "Green")},
            {"type": "overflow", "action_id": "more", "options": options("Edit", "Remove")},
            {"type": "button", "action_id": "open", "text": text("Open")},
        ]}])

    @action("time")
    @action("moment")
    @action("one")
    @action("more")
    async def used(self, act: BlockAction) -> None:
        used = act.payload.actions[0]
        option = getattr(used, "selected_option", None)
        value = option.value if option else getattr(used, "selected_time", None) or used.selected_date_time
        await self.say("general", f"{used.action_id} is {value}")

    @action("open")
    async def open(self, act: BlockAction) -> None:
        await act.open_modal(FIRST)

    @modal("first")
    async def first(self, submission: ModalSubmission):
        age = submission.view.state.values["age"]["age"].value
        if not age.isdecimal():
            yield {"response_action": "errors", "errors": {"age": "Write a number"}}
        else:
            yield {"response_action": "push", "view": SECOND}

    @modal_closed("second")
    async def closed(self, closure: ModalClosure) -> None:
        await self.say("general", "second was closed")

    @home_opened()
    async def home(self, home: HomeOpened) -> None:
        await home.publish({"type": "home", "blocks": [
            {"type": "header", "text": text("Your day")},
            {"type": "actions", "elements": [{"type": "button", "action_id": "open", "text": text("Open")}]}]})
"""


def pickers(project: Path) -> AbstractAsyncContextManager[tuple[MachineApp, Pilot[int], BlockView]]:
    """The console, with the message under the eyes of alice."""
    return shown(project, PLUGIN, "pick", "[ Open ]")


async def press_enter_for(app: MachineApp, pilot: Pilot[int], screen: type[object]) -> None:
    """Use the control under the cursor, which asks for more."""
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(app.screen, screen))
    await pilot.pause()


async def answer(app: MachineApp, pilot: Pilot[int], text: str) -> None:
    """Write a text into the screen that asks for one."""
    app.screen.query_one(Input).value = text
    await pilot.press("enter")


def _holds(app: MachineApp, screen: ViewScreen, text: str) -> bool:
    return app.screen is screen and text in screen.document.text()


async def test_times_and_moments_are_picked(project: Path) -> None:
    """A text that is not a time says so and stays there to be mended."""
    async with pickers(project) as (app, pilot, conversation):
        await go_to(pilot, conversation, "time")
        await press_enter_for(app, pilot, TextScreen)
        await answer(app, pilot, "later")
        problem = app.screen.query_one("#asked-problem", Static)
        await until(pilot, lambda: "'later' is not a time" in str(problem.render()))
        assert app.screen.query_one(Input).value == "later"
        await answer(app, pilot, "7:30")
        await until(pilot, lambda: "time is 07:30:00" in said(app, "general"))
        await until(pilot, lambda: "07:30" in conversation.text())

        await go_to(pilot, conversation, "moment")
        await press_enter_for(app, pilot, DateScreen)
        await pilot.press("right", "enter")
        await until(pilot, lambda: isinstance(app.screen, TextScreen))
        await answer(app, pilot, "10:00")
        await until(pilot, lambda: any(text.startswith("moment is 2026-03-05 10:00") for text in said(app, "general")))


async def test_radio_buttons_and_menus_send_the_option(project: Path) -> None:
    """One of several, and what hides behind the dots."""
    async with pickers(project) as (app, pilot, conversation):
        await go_to(pilot, conversation, "one", "green")
        await pilot.press("enter")
        await until(pilot, lambda: "one is green" in said(app, "general"))
        await until(pilot, lambda: "(•) Green" in conversation.text() and "( ) Red" in conversation.text())

        await go_to(pilot, conversation, "more")
        await press_enter_for(app, pilot, ChoiceScreen)
        await pilot.press("down", "enter")
        await until(pilot, lambda: "more is remove" in said(app, "general"))


async def test_a_modal_validates_and_another_is_put_on_top(project: Path) -> None:
    """The app's own errors stand at the field; closing the upper one leads back to the lower."""
    async with pickers(project) as (app, pilot, conversation):
        await go_to(pilot, conversation, "open")
        await press_enter_for(app, pilot, ViewScreen)
        lower = app.screen
        assert isinstance(lower, ViewScreen)
        for age in ("old", "42"):
            await go_to(pilot, lower.document, "age")
            await press_enter_for(app, pilot, TextScreen)
            await answer(app, pilot, age)
            await until(pilot, partial(_holds, app, lower, age))
            await pilot.press("ctrl+s")
            if age == "old":
                await until(pilot, lambda: "Write a number" in lower.document.text())

        await until(pilot, lambda: isinstance(app.screen, ViewScreen) and app.screen is not lower)
        upper = app.screen
        assert isinstance(upper, ViewScreen)
        await until(pilot, lambda: "On top" in upper.document.text())
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is lower)
        await until(pilot, lambda: "second was closed" in said(app, "general"))


async def test_the_home_tab_is_shown_and_works(project: Path) -> None:
    """What the app published for this person, with its buttons."""
    async with pickers(project) as (app, pilot, _):
        await pilot.press("H")
        await until(pilot, lambda: isinstance(app.screen, ViewScreen))
        home = app.screen
        assert isinstance(home, ViewScreen)
        await until(pilot, lambda: "Your day" in home.document.text())
        assert not app.chat_pane._blocks._looking_for_home

        await go_to(pilot, home.document, "open")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ViewScreen) and app.screen is not home)


async def test_a_home_tab_that_nobody_publishes_is_told_of(project: Path) -> None:
    """Once the app has had the time to."""
    async with running(project) as (app, pilot):
        app.chat_pane.action_home()

        await until(pilot, lambda: any("It has no home tab" in one.message for one in app._notifications))
