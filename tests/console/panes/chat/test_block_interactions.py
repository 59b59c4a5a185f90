"""Block Kit in the chat, with a real bot behind it: pressed, chosen, filled in, submitted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from machine.settings import Settings
from machine_console.app.application import MachineApp
from machine_console.runtime.runtime import Runtime
from machine_console.screens.dialogs import ChoiceScreen, ConfirmScreen, DateScreen, TextScreen
from machine_console.screens.modal import ViewScreen
from machine_console.session.local_session import LocalSession
from machine_console.widgets.block_view import BlockView
from tests.console.app.test_application import project, runtime_of, said, type_in_chat, until, workspace_of

pytestmark = pytest.mark.slow

__all__ = ["project"]

PLUGIN = '''
from machine.plugins import MachineBasePlugin, Message, BlockAction, ModalSubmission, OptionsRequest, HomeOpened
from machine.plugins.decorators import action, home_opened, listen_to, modal, options


def text(words):
    return {"type": "plain_text", "text": words}


MODAL = {
    "type": "modal", "callback_id": "why", "title": text("Why?"), "submit": text("Send"),
    "blocks": [
        {"type": "input", "block_id": "reason", "label": text("Reason"),
         "element": {"type": "plain_text_input", "action_id": "reason", "min_length": 3}},
        {"type": "input", "block_id": "day", "label": text("Day"), "optional": True,
         "element": {"type": "datepicker", "action_id": "day", "initial_date": "2026-03-04"}},
    ],
}


class Forms(MachineBasePlugin):
    @listen_to(r"^form$")
    async def form(self, msg: Message) -> None:
        """form: something to press"""
        await msg.say("A form", blocks=[
            {"type": "section", "block_id": "s", "text": {"type": "mrkdwn", "text": "*Deploy* `api`"},
             "accessory": {"type": "static_select", "action_id": "where", "placeholder": text("Where"),
                           "options": [{"text": text("Staging"), "value": "st"},
                                       {"text": text("Production"), "value": "pr"}]}},
            {"type": "actions", "block_id": "a", "elements": [
                {"type": "button", "action_id": "go", "text": text("Go"), "value": "1", "style": "primary"},
                {"type": "button", "action_id": "ask", "text": text("Ask"), "confirm": {
                    "title": text("Sure?"), "text": text("Really"), "confirm": text("Yes"), "deny": text("No")}},
            ]},
            {"type": "actions", "block_id": "b", "elements": [
                {"type": "checkboxes", "action_id": "tags",
                 "options": [{"text": text("One"), "value": "1"}, {"text": text("Two"), "value": "2"}]},
                {"type": "external_select", "action_id": "city", "min_query_length": 0, "placeholder": text("City")},
                {"type": "users_select", "action_id": "who", "placeholder": text("Who")},
            ]},
        ])

    @action("go")
    @action("where")
    @action("tags")
    @action("city")
    @action("who")
    async def used(self, act: BlockAction) -> None:
        chosen = [act.payload.actions[0].action_id]
        await self.say("general", f"used {chosen[0]} by {act.user.name}")

    @action("ask")
    async def ask(self, act: BlockAction) -> None:
        await act.open_modal(MODAL)

    @options("city")
    async def cities(self, request: OptionsRequest):
        names = ("Oslo", "Rome")
        yield [{"text": text(name), "value": name} for name in names if request.query.lower() in name.lower()]

    @modal("why")
    async def why(self, submission: ModalSubmission) -> None:
        await self.say("general", "submitted")
'''


@asynccontextmanager
async def forms(project: Path) -> AsyncIterator[tuple[MachineApp, Pilot[int], BlockView]]:
    """The console, with a message to press things in under the eyes of alice."""
    async with shown(project, PLUGIN, "form", "[ Go ]") as opened:
        yield opened


@asynccontextmanager
async def shown(
    project: Path, plugin: str, text: str, expected: str
) -> AsyncIterator[tuple[MachineApp, Pilot[int], BlockView]]:
    """The console with a plugin, and what that has answered to a text."""
    (project / "plugins" / "shown.py").write_text(plugin)
    app = MachineApp(LocalSession(Runtime(Settings.check({}), project)), title="test")
    async with app.run_test(size=(160, 45)) as pilot:
        await until(pilot, lambda: app.status.connection == "connected" and app.status.plugins > 0)
        assert not runtime_of(app).machine.failures, runtime_of(app).machine.failures
        await type_in_chat(app, pilot, text)
        conversation = app.query_one("#conversation", BlockView)
        await until(pilot, lambda: expected in conversation.text())
        await pilot.press("escape")
        yield app, pilot, conversation


async def go_to(pilot: Pilot[int], view: BlockView, action_id: str, value: str | None = None) -> None:
    """Go to a control with the key that goes from one to the next."""
    await until(pilot, lambda: view.has_focus)  # a question that was in front may still be on its way out
    await pilot.press("g")
    for _ in range(20):
        control = view.control()
        if control is not None and control.action_id == action_id and value in {None, control.value}:
            return
        await pilot.press("right_square_bracket")
    where = f"row {view.cursor} of {view.row_count()}, with the focus on {pilot.app.focused}"
    raise AssertionError(f"{action_id} is not there; the cursor is on {view.control()} in {where}:\n{view.text()}")


async def test_a_button_in_the_last_row_keeps_the_cursor(project: Path) -> None:
    """Else what arrives meanwhile would be under it when somebody presses Enter."""
    async with forms(project) as (app, pilot, conversation):
        await go_to(pilot, conversation, "go")
        before = conversation.row_count()
        workspace_of(app).post("bob", "general", "hello")
        await until(pilot, lambda: conversation.row_count() > before)

        control = conversation.control()
        assert control is not None
        assert control.action_id == "go"


async def test_a_button_is_pressed_by_key(project: Path) -> None:
    """The bot hears what Slack would send, from the person who speaks."""
    async with forms(project) as (app, pilot, conversation):
        await go_to(pilot, conversation, "go")
        await pilot.press("enter")
        await until(pilot, lambda: "used go by alice" in said(app, "general"))


async def test_a_button_is_pressed_by_mouse(project: Path) -> None:
    """Where it stands, and not beside it."""
    async with forms(project) as (app, pilot, conversation):
        rows = conversation.text().splitlines()
        row = next(index for index, text in enumerate(rows) if "[ Go ]" in text)
        await pilot.click("#conversation", offset=(rows[row].index("[ Go ]") + 2, row))
        await until(pilot, lambda: "used go by alice" in said(app, "general"))


async def test_a_select_is_chosen_from_and_shows_it(project: Path) -> None:
    """Typing narrows down what there is."""
    async with forms(project) as (app, pilot, conversation):
        await go_to(pilot, conversation, "where")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ChoiceScreen))
        await pilot.press(*"prod", "enter")
        await until(pilot, lambda: "used where by alice" in said(app, "general"))
        await until(pilot, lambda: "[ Production ▾ ]" in conversation.text())


async def test_checkboxes_and_people_and_what_the_app_offers(project: Path) -> None:
    """The other ways to choose."""
    async with forms(project) as (app, pilot, conversation):
        await go_to(pilot, conversation, "tags", "2")
        await pilot.press("enter")
        await until(pilot, lambda: "[x] Two" in conversation.text())

        await go_to(pilot, conversation, "who")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ChoiceScreen))
        await pilot.press(*"bob", "enter")
        await until(pilot, lambda: "[ @bob ▾ ]" in conversation.text())

        await go_to(pilot, conversation, "city")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ChoiceScreen))
        await pilot.press(*"ro")
        await until(pilot, lambda: app.screen.query_one("#asked-options").option_count == 1)  # type: ignore[attr-defined]
        await pilot.press("enter")
        await until(pilot, lambda: "[ Rome ▾ ]" in conversation.text())


async def test_a_modal_opens_is_filled_in_and_submitted(project: Path) -> None:
    """After the confirmation that the app asks for; while the input is empty or too short, it stays (D3)."""
    async with forms(project) as (app, pilot, conversation):
        await go_to(pilot, conversation, "ask")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("y")
        await until(pilot, lambda: isinstance(app.screen, ViewScreen))
        screen: ViewScreen = app.screen  # type: ignore[assignment]  # as just waited for

        await pilot.press("ctrl+s")
        await until(pilot, lambda: "✗ Please complete this required field." in screen.document.text())
        assert app.screen is screen

        await pilot.press("tab", "shift+tab")
        control = screen.document.control()
        assert control is not None
        assert control.action_id == "reason"
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, TextScreen))
        assert "Reason" in str(app.screen.query_one(".asking").border_title)
        app.screen.query_one(Input).value = "No"
        await pilot.press("enter")
        await until(pilot, lambda: "[ No" in screen.document.text())
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "✗ Must be at least 3 characters; it has 2." in screen.document.text())
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, TextScreen))
        app.screen.query_one(Input).value = "Because"
        await pilot.press("enter")
        await until(pilot, lambda: "[ Because" in screen.document.text())

        await go_to(pilot, screen.document, "day")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, DateScreen))
        await pilot.press("right", "down", "enter")
        await until(pilot, lambda: "2026-03-12" in screen.document.text())

        await pilot.press("ctrl+s")
        await until(pilot, lambda: "submitted" in said(app, "general"))
        await until(pilot, lambda: not isinstance(app.screen, ViewScreen))


async def test_a_message_is_edited_answered_and_deleted_by_key(project: Path) -> None:
    """What people do in Slack with their own messages."""
    async with forms(project) as (app, pilot, _):
        await pilot.press("g", "e")
        await until(pilot, lambda: app.chat_pane.main().has_focus)
        await pilot.press(*"al", "enter")  # one types on where the message ends
        await until(pilot, lambda: said(app, "general")[0] == "formal")

        await pilot.press("escape", "g", "t")
        await until(pilot, lambda: app.chat_pane.main().has_focus)
        await pilot.press(*"ok", "enter")
        workspace = workspace_of(app)
        first = workspace.history("general")[0]
        await until(pilot, lambda: [one.text for one in workspace.history("general", first.ts)] == ["formal", "ok"])

        await pilot.press("escape", "g", "d")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("y")
        await until(pilot, lambda: "formal" not in said(app, "general"))


@pytest.mark.parametrize("size", [(80, 24), (160, 45)])
async def test_a_modal_fits(project: Path, size: tuple[int, int]) -> None:
    """What submits it is always in sight."""
    async with forms(project) as (app, pilot, _):
        workspace = workspace_of(app)
        await pilot.resize_terminal(*size)
        view = {"type": "modal", "title": {"type": "plain_text", "text": "T"}, "blocks": [{"type": "divider"}] * 60}
        workspace.views.open(workspace.find_person("alice").id, view)
        await until(pilot, lambda: isinstance(app.screen, ViewScreen))
        await pilot.pause()

        assert app.screen.query_one("#close").region.bottom <= size[1] - 1
