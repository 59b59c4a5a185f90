"""What a person does with blocks: asks for what is missing, and does it in the workspace, as Slack would."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime, tzinfo
from typing import TypeVar

from textual.app import App

from machine.errors import MachineError
from machine.sandbox import Workspace
from machine.sandbox.delivery.interactions import Interaction
from machine.sandbox.refusal import SlackRefusal
from machine.sandbox.state.changes import Change, HomePublished, ViewClosed, ViewOpened, ViewUpdated
from machine.sandbox.state.objects import Surface, View
from machine.slack.facts.block_kit import BUTTONS, PICKERS, TEXT_INPUTS, TOGGLES
from machine_console.blockkit.controls import Control, Option, mapping
from machine_console.blockkit.elements import options_of
from machine_console.screens.dialogs import AskingScreen, ChoiceScreen, ConfirmScreen, DateScreen, TextScreen
from machine_console.screens.modal import ViewScreen
from machine_console.text.names import SandboxNames

_TIME = re.compile(r"^([01]?\d|2[0-3]):([0-5]\d)$")
Answer = TypeVar("Answer")


class BlockUser:
    """Lets people use the blocks of a sandbox: messages, modals and home tabs.

    Modals that the app opens become screens, for whoever they are opened.

    Args:
        app: Shows the screens.
        workspace: Where it happens.
        timezone: In which people enter times.
        changed: Called when what is chosen somewhere has changed.
    """

    def __init__(self, app: App[int], workspace: Workspace, timezone: tzinfo, changed: Callable[[], None]) -> None:
        self._app = app
        self._workspace = workspace
        self._timezone = timezone
        self._changed = changed
        self._names = SandboxNames(workspace)
        self._screens: dict[str, ViewScreen] = {}
        self._looking_for_home: set[str] = set()
        self._unsubscribe = workspace.subscribe(self._happened)

    def close(self) -> None:
        """Stop showing modals."""
        self._unsubscribe()

    def open_home(self, person_id: str) -> bool:
        """Open the app's home tab for a person, or as soon as the app publishes it; whether it has."""
        view = self._workspace.open_home(person_id)
        if view is not None:
            self._show(view)
        else:
            self._looking_for_home.add(person_id)
        return view is not None

    def awaits_home(self, person_id: str) -> bool:
        """Whether a person looks for a home tab that the app has not published."""
        return person_id in self._looking_for_home

    async def use(self, person_id: str, surface: Surface, control: Control) -> None:
        """Let a person use a control; asks for what they choose.

        Raises:
            MachineError: Slack would refuse it, or the app did not answer.
        """
        asked = control.confirm
        if asked is not None and not await self._ask(ConfirmScreen(asked.title, asked.text, asked.confirm, asked.deny)):
            return
        interaction = await self._interaction(person_id, surface, control)
        self._refresh(surface)
        if interaction is not None:
            await interaction.answer

    async def submit(self, view: View) -> None:
        """Submit a modal; inputs that hold nothing, or what Slack does not take, say so instead.

        Raises:
            MachineError: The app did not answer, or with what Slack would refuse.
        """
        try:
            submission = self._workspace.submit_view(view.user, view=view)
        except SlackRefusal as refusal:
            if refusal.error not in {"missing_input", "invalid_input"}:
                raise
        else:
            await submission.answer

    async def leave(self, view: View) -> None:
        """Close a modal or home tab."""
        if view.type == "home":
            self._drop(view)
            return
        interaction = self._workspace.close_view(view.user, view)
        if interaction is not None:
            await interaction.answer

    async def _interaction(self, person_id: str, surface: Surface, control: Control) -> Interaction | None:
        workspace, name = self._workspace, control.action_id
        if control.kind in BUTTONS:
            if control.url:
                self._app.open_url(control.url)
            return workspace.click(person_id, surface, name, control.value)
        if control.kind in TOGGLES:
            return workspace.choose(person_id, surface, name, *control.toggled())
        if control.kind in TEXT_INPUTS:
            text = await self._ask(self._text_screen(control))
            return None if text is None else workspace.pick(person_id, surface, name, text or None)
        if control.kind in PICKERS:
            value = await self._moment(control)
            return None if value is None else workspace.pick(person_id, surface, name, value or None)
        chosen = await self._ask(self._choice_screen(person_id, surface, control))
        return None if chosen is None else workspace.choose(person_id, surface, name, *chosen)

    def _text_screen(self, control: Control) -> TextScreen:
        text = control.chosen[0] if control.chosen else ""
        return TextScreen(control.title, text, is_multiline=control.is_multiline, example=control.label)

    def _choice_screen(self, person_id: str, surface: Surface, control: Control) -> ChoiceScreen:
        async def search(query: str) -> Sequence[Option]:
            try:
                answer = await self._workspace.ask_options(person_id, surface, control.action_id, query).answer
            except MachineError as error:
                self._app.notify(str(error), title="The app offers nothing", severity="error", markup=False)
                return ()
            return options_of(mapping(answer))

        return ChoiceScreen(
            control.title,
            () if control.is_external else self._options(control),
            control.chosen,
            is_multiple=control.is_multiple,
            search=search if control.is_external else None,
            min_query=control.min_query,
        )

    def _options(self, control: Control) -> Sequence[Option]:
        workspace = self._workspace
        if "users" in control.kind:
            people = (person for person in workspace.people.values() if person.id != "USLACKBOT")
            return [Option(person.id, f"@{person.name}", person.real_name) for person in people]
        if "conversations" in control.kind or "channels" in control.kind:
            is_any = "conversations" in control.kind
            channels = workspace.channels.values()
            return [Option(one.id, self._names.channel(one.id)) for one in channels if is_any or one.kind == "channel"]
        return control.options

    async def _moment(self, control: Control) -> str | int | None:
        """A day, a time or both; an empty text clears it, `None` leaves it as it was."""
        before = control.chosen[0] if control.chosen else ""
        now = datetime.now(self._timezone)
        if control.kind == "datetimepicker" and before:
            now = datetime.fromtimestamp(int(before), self._timezone)
        day = ""
        if control.kind != "timepicker":
            start = date.fromisoformat(before) if control.kind == "datepicker" and before else now.date()
            day = await self._ask(DateScreen(control.title, start)) or ""
            if not day or control.kind == "datepicker":
                return day or None
        text = before if control.kind == "timepicker" else f"{now:%H:%M}"
        time = await self._ask(TextScreen("A time, such as 13:30", text, example="13:30", check=_written_time))
        if not time:
            return time
        written = _written_time(time)
        if control.kind == "timepicker":
            return written
        return int(datetime.fromisoformat(f"{day} {written}").replace(tzinfo=self._timezone).timestamp())

    async def _ask(self, screen: AskingScreen[Answer]) -> Answer | None:
        ask: Callable[[AskingScreen[Answer]], Awaitable[Answer | None]] = self._app.push_screen_wait
        return await ask(screen)

    # Modals come and go.

    def _happened(self, change: Change) -> None:
        match change:
            case ViewOpened():
                self._app.call_later(self._show, change.view)
            case HomePublished() if change.view.user in self._looking_for_home:
                self._looking_for_home.discard(change.view.user)
                self._app.call_later(self._show, change.view)
            case ViewUpdated() | HomePublished():
                self._app.call_later(self._update, change.view)
            case ViewClosed():
                self._app.call_later(self._drop, change.view)
            case _:
                pass

    def _show(self, view: View) -> None:
        screen = ViewScreen(view, self._names, f"@{self._names.person(view.user)}", self._timezone)
        self._screens[view.id] = screen
        self._app.push_screen(screen)

    def _update(self, view: View) -> None:
        screen = self._screens.get(view.id)
        if screen is not None and screen.is_mounted:
            screen.show(view)

    def _drop(self, view: View) -> None:
        screen = self._screens.pop(view.id, None)
        if screen is None:
            return
        screen.is_gone = True
        if self._app.screen is screen:
            self._app.pop_screen()

    def _refresh(self, surface: Surface) -> None:
        """Show what is chosen now."""
        if isinstance(surface, View) and surface.id in self._screens:
            screen = self._screens[surface.id]
            try:
                screen.show(self._workspace.views.find(surface.id))
            except MachineError:
                return
        self._changed()


def _written_time(text: str) -> str:
    """A time as Slack writes it; nothing for nothing, which clears it."""
    found = _TIME.match(text.strip())
    if found is None and text:
        raise MachineError(f"{text!r} is no time. Write it as 13:30.")
    return f"{int(found[1]):02}:{found[2]}" if found is not None else ""
