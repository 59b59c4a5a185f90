"""What a person does with blocks: asks for what is missing, and does it in the workspace, as Slack would."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import date, datetime
from functools import partial
from typing import Any, TypeVar

from machine.errors import MachineError
from machine.slack.facts.block_kit import BUTTONS, PICKERS, TEXT_INPUTS, TOGGLES
from machine_console.blockkit.controls import Control, Option
from machine_console.panes.base import Pane
from machine_console.screens.dialogs import AskingScreen, ChoiceScreen, ConfirmScreen, DateScreen, TextScreen
from machine_console.screens.modal import ViewScreen
from machine_console.session.bot_session import BotSession
from machine_console.session.chat import ChatView, MessageRef, PersonActions, Surface, ViewChange

_TIME = re.compile(r"^([01]?\d|2[0-3]):([0-5]\d)$")
_HOME_WITHIN_S = 1.0
"""How long an app may take to publish its home tab before somebody is told that it has none."""
Answer = TypeVar("Answer")


def people_only(session: BotSession) -> PersonActions:
    """What only people can do.

    Raises:
        MachineError: This is a real workspace.
    """
    if session.chat is None or session.chat.actions is None:
        raise MachineError("In a real workspace only people do that. Do it in Slack itself.")
    return session.chat.actions


class BlockInteractions:
    """Lets people use the blocks of a sandbox: messages, modals and home tabs.

    Modals that the app opens become screens, for whoever they are opened.

    Args:
        session: The bot.
        pane: Shows the screens, and says what was refused.
    """

    def __init__(self, session: BotSession, pane: Pane) -> None:
        self._session = session
        self._pane = pane
        self._screens: dict[str, ViewScreen] = {}
        self._looking_for_home: set[str] = set()

    def sync(self) -> None:
        """Show what happened to modals and home tabs."""
        chat = self._session.chat
        for change in chat.actions.take_view_changes() if chat is not None and chat.actions is not None else ():
            self._follow(change)

    def use_in_message(self, person_id: str, message: MessageRef, control: Control) -> None:
        """Let a person use a control of a message."""
        self._attempt(self._use(person_id, message, control))

    def use(self, view: ChatView, used: Control) -> None:
        """Let whoever sees a view use one of its controls."""
        self._attempt(self._use(view.user, view, used))

    def submit(self, view: ChatView) -> None:
        """Submit a modal."""
        self._attempt(self._actions.submit(view))

    def leave(self, view: ChatView) -> None:
        """Close a modal or home tab."""
        if view.type == "home":
            self._drop(view)
        else:
            self._attempt(self._actions.close_view(view))

    def open_home(self, person_id: str) -> None:
        """Open the app's home tab for a person, or as soon as the app publishes it."""
        self._attempt(self._open_home(person_id))

    async def _open_home(self, person_id: str) -> None:
        view = await people_only(self._session).open_home(person_id)
        if view is not None:
            self._show(view)
        else:
            self._looking_for_home.add(person_id)
            self._pane.set_timer(_HOME_WITHIN_S, partial(self._tell_of_home, person_id))

    def _tell_of_home(self, person_id: str) -> None:
        if person_id in self._looking_for_home:
            self._pane.tell(
                "The app was told that they look. It has no home tab for them yet; it opens if the app publishes one.",
                title="Home",
            )

    @property
    def _actions(self) -> PersonActions:
        return people_only(self._session)

    def _attempt(self, work: Coroutine[Any, Any, None]) -> None:
        self._pane.attempt(work, group="chat")

    async def _use(self, person_id: str, surface: Surface, control: Control) -> None:
        """Ask for what is missing, then do it."""
        actions, name, asked = self._actions, control.action_id, control.confirm
        if asked is not None and not await self._ask(ConfirmScreen(asked.title, asked.text, asked.confirm, asked.deny)):
            return
        if control.kind in BUTTONS:
            if control.url:
                self._pane.app.open_url(control.url)
            await actions.click(person_id, surface, name, control.value)
        elif control.kind in TOGGLES:
            await actions.choose(person_id, surface, name, control.toggled())
        elif control.kind in TEXT_INPUTS:
            text = await self._ask(self._text_screen(control))
            if text is not None:
                await actions.pick(person_id, surface, name, text or None)
        elif control.kind in PICKERS:
            value = await self._moment(control)
            if value is not None:
                await actions.pick(person_id, surface, name, value or None)
        else:
            chosen = await self._ask(self._choice_screen(person_id, surface, control))
            if chosen is not None:
                await actions.choose(person_id, surface, name, chosen)

    def _text_screen(self, control: Control) -> TextScreen:
        text = control.chosen[0] if control.chosen else ""
        return TextScreen(control.title, text, is_multiline=control.is_multiline, example=control.label)

    def _choice_screen(self, person_id: str, surface: Surface, control: Control) -> ChoiceScreen:
        async def search(query: str) -> Sequence[Option]:
            try:
                return await self._actions.offered(person_id, surface, control.action_id, query)
            except MachineError as error:
                self._pane.tell(str(error), title="The app offers nothing", severity="error")
                return ()

        return ChoiceScreen(
            control.title,
            () if control.is_external else self._options(control),
            control.chosen,
            is_multiple=control.is_multiple,
            search=search if control.is_external else None,
            min_query=control.min_query,
        )

    def _options(self, control: Control) -> Sequence[Option]:
        if "users" in control.kind:
            return self._actions.people()
        if "conversations" in control.kind or "channels" in control.kind:
            return self._actions.conversations(only_channels="conversations" not in control.kind)
        return control.options

    async def _moment(self, control: Control) -> str | int | None:
        """A day, a time or both; an empty text clears it, `None` leaves it as it was."""
        before = control.chosen[0] if control.chosen else ""
        now = datetime.now(self._session.timezone)
        if control.kind == "datetimepicker" and before:
            now = datetime.fromtimestamp(int(before), self._session.timezone)
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
        return int(datetime.fromisoformat(f"{day} {written}").replace(tzinfo=self._session.timezone).timestamp())

    async def _ask(self, screen: AskingScreen[Answer]) -> Answer | None:
        ask: Callable[[AskingScreen[Answer]], Awaitable[Answer | None]] = self._pane.app.push_screen_wait
        return await ask(screen)

    # Modals come and go.

    def _follow(self, change: ViewChange) -> None:
        view = change.view
        match change.what:
            case "opened":
                self._show(view)
            case "published" if view.user in self._looking_for_home:
                self._looking_for_home.discard(view.user)
                self._show(view)
            case "closed":
                self._drop(view)
            case _:
                screen = self._screens.get(view.id)
                if screen is not None and screen.is_mounted:
                    screen.show(view)

    def _show(self, view: ChatView) -> None:
        names = self._session.names
        screen = ViewScreen(view, self, names, f"@{names.person(view.user)}", self._session.timezone)
        self._screens[view.id] = screen
        self._pane.app.push_screen(screen)

    def _drop(self, view: ChatView) -> None:
        screen = self._screens.pop(view.id, None)
        if screen is None:
            return
        screen.is_gone = True
        if self._pane.app.screen is screen:
            self._pane.app.pop_screen()


def _written_time(text: str) -> str:
    """A time as Slack writes it; nothing for nothing, which clears it."""
    found = _TIME.match(text.strip())
    if found is None and text:
        raise MachineError(f"{text!r} is not a time. Write it as 13:30.")
    return f"{int(found[1]):02}:{found[2]}" if found is not None else ""
