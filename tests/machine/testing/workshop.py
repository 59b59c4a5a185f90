"""A plugin with a handler of each kind, as the tests of the test kit need them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

from machine.plugins import (
    BlockAction,
    Command,
    HomeOpened,
    MachineBasePlugin,
    Message,
    MessageShortcut,
    ModalClosure,
    ModalSubmission,
    OptionsRequest,
    Shortcut,
)
from machine.plugins.decorators import (
    action,
    command,
    home_opened,
    listen_to,
    message_shortcut,
    modal,
    modal_closed,
    on,
    options,
    process,
    respond_to,
    schedule,
    shortcut,
)


def plain(text: str) -> dict[str, str]:
    """A text object."""
    return {"type": "plain_text", "text": text}


BUTTONS = [
    {"type": "button", "action_id": "approve", "text": plain("Approve"), "value": "yes"},
    {"type": "button", "action_id": "deny", "text": plain("Deny"), "style": "danger"},
]
MENU = {
    "type": "static_select",
    "action_id": "colour",
    "placeholder": plain("Colour"),
    "options": [{"text": plain(name.title()), "value": name} for name in ("red", "green")],
}
CITY = {"type": "external_select", "action_id": "city", "placeholder": plain("City")}
DAY = {"type": "datepicker", "action_id": "day"}
MODAL = {
    "type": "modal",
    "callback_id": "ticket",
    "notify_on_close": True,
    "title": plain("New ticket"),
    "submit": plain("File it"),
    "blocks": [
        {
            "type": "input",
            "block_id": "title",
            "label": plain("Title"),
            "element": {"type": "plain_text_input", "action_id": "title"},
        }
    ],
}


class Workshop(MachineBasePlugin):
    """Everything a person can use."""

    heard: list[str]

    async def init(self) -> None:
        self.heard = []

    @respond_to(r"^deploy (?P<what>\w+) to (?P<where>\w+)$")
    async def deploy(self, msg: Message, what: str, where: str) -> None:
        question = f"Deploy {what} to {where}?"
        blocks: list[dict[str, Any]] = [
            {"type": "section", "text": {"type": "mrkdwn", "text": question}},
            {"type": "actions", "elements": [*BUTTONS, MENU, CITY, DAY]},
        ]
        await msg.say(question, blocks=blocks)

    @action("approve")
    async def approve(self, act: BlockAction) -> None:
        await act.say("Deploying api", ephemeral=False)

    @action("deny")
    async def deny(self, act: BlockAction) -> None:
        await act.say("A pity", ephemeral=True)

    @action("colour")
    @action("city")
    @action("day")
    async def choose(self, act: BlockAction) -> None:
        chosen = act.triggered_action
        value = getattr(chosen, "selected_option", None) or getattr(chosen, "selected_date", None)
        await act.say(f"So it is {getattr(value, 'value', value)}", ephemeral=False)

    @options("city")
    async def cities(self, request: OptionsRequest) -> list[str]:
        return [city for city in ("Amsterdam", "Amiens", "Berlin") if city.lower().startswith(request.query.lower())]

    @listen_to(r"^good (morning|evening)", handle_message_changed=True)
    async def greet(self, msg: Message) -> None:
        await msg.say(f"and to you, {msg.at_sender}", thread_ts=msg.ts)

    @listen_to(r"^whisper$")
    async def whisper(self, msg: Message) -> None:
        await self.send_dm(msg.sender, "Psst &amp; hush")

    @listen_to(r"^fail (?P<why>\w+)")
    async def fail(self, msg: Message, why: str) -> None:
        raise ValueError(why)

    @listen_to(r"^remember (?P<what>\w+)")
    async def remember(self, msg: Message, what: str) -> None:
        await self.storage.set("what", what, expires=timedelta(hours=1))
        self.emit("remembered", what=what)

    @on("remembered")
    async def note(self, what: str) -> None:
        self.heard.append(what)

    @listen_to(r"^later$")
    async def later(self, msg: Message) -> None:
        await self.say_scheduled(datetime.now(UTC) + timedelta(hours=2), msg.channel, "It is time")

    @listen_to(r"^background$")
    async def background(self, msg: Message) -> None:
        self._task = asyncio.create_task(self._work(msg))

    async def _work(self, msg: Message) -> None:
        await asyncio.sleep(0.02)
        await msg.say("Done")

    @listen_to(r"^hang$")
    async def hang(self, msg: Message) -> None:
        await asyncio.Event().wait()

    @process("reaction_added")
    async def reaction(self, event: dict[str, Any]) -> None:
        self.heard.append(f":{event['reaction']}:")

    @process("reaction_removed")
    async def no_reaction(self, event: dict[str, Any]) -> None:
        self.heard.append(f"no :{event['reaction']}:")

    @process("message")
    async def deletion(self, event: dict[str, Any]) -> None:
        if event.get("subtype") == "message_deleted":
            self.heard.append(f"deleted {event['previous_message']['text']}")
        self.heard.extend(f"file {file['name']}" for file in event.get("files") or ())

    @command("/deploy")
    async def run(self, cmd: Command) -> AsyncIterator[str]:
        yield f"On it: {cmd.text}"

    @command("/ticket")
    async def ticket(self, cmd: Command) -> None:
        await cmd.open_modal(MODAL)

    @modal("ticket")
    async def file(self, submission: ModalSubmission) -> AsyncIterator[dict[str, Any]]:
        title = str(submission.view.state.values["title"]["title"].value)
        if len(title) < 10:
            yield {"response_action": "errors", "errors": {"title": "Say a little more."}}
            return
        yield {"response_action": "clear"}
        await self.say("#ops", f"{self.at(submission.user)} filed: {title}")

    @modal_closed("ticket")
    async def leave(self, closure: ModalClosure) -> None:
        await closure.send_dm("No ticket was filed.")

    @home_opened()
    async def home(self, home: HomeOpened) -> None:
        text = {"type": "mrkdwn", "text": f"Good to see you, {home.user.fmt_mention()}"}
        await home.publish({"type": "home", "blocks": [{"type": "section", "text": text}]})

    @shortcut("hello")
    async def hello(self, used: Shortcut) -> None:
        await used.send_dm("Hello")

    @message_shortcut("quote")
    async def quote(self, used: MessageShortcut) -> None:
        await used.say(f"> {used.message_text}")


class Clockwork(MachineBasePlugin):
    """Runs by schedule."""

    @schedule(minute="*/30")
    async def half_hour(self) -> None:
        await self.say("#general", "half an hour")

    @schedule(hour=9, timezone="Europe/Amsterdam")
    async def morning(self) -> None:
        await self.say("#ops", "good morning")
