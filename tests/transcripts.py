"""Runs the examples of README and guides: plugins as files, and conversations with them, line by line.

A page shows a plugin as ```` ```python title="plugins/NAME.py" ````, settings as
```` ```python title="local_settings.py" ````, and below them what people and the bot say as ```` ```chat ````:

    #ops                            where what follows happens; #general to begin with
    alice: text                     somebody writes, or runs a /command
    alice (thread): text            in the thread of the newest message of a person
    alice (dm): text                in a direct message with the bot
    alice edits: text               changes her newest message
    alice reacts :eyes:             to the newest message of a person
    alice clicks Yes                a button, by its text, of the bot's newest message or of the open modal
    alice chooses Red in colour     from the element with this action id
    alice types am into city        into an external select
    alice enters title = text       into the open modal
    alice submits                   the open modal; or: alice closes it
    alice runs the shortcut name    ... on the message: on the newest message of a person
    alice opens the home tab
    (method runs)                   a schedule fires
    (plugins/name.py is saved)      with a change that makes no difference
    machine: text [Yes] [No]        the bot's next message there, with the texts of its elements
    machine (thread): text          likewise (dm), and (only alice sees it)
    machine changes it to: text     the bot's newest message has become this
    machine reacts :eyes:           likewise
    machine shows text              somewhere in the open modal or home tab
    machine offers A, B             as options

A line that begins with a blank goes on with the line before. In the end nothing may be said that was not expected.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from machine.sandbox.state.changes import Change, MessagePosted
from machine.sandbox.state.objects import Conversation, Message, View
from tests.conftest import BotUnderTest

_FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<body>.*?)^```$", re.DOTALL | re.MULTILINE)
_TITLE = re.compile(r'title="(?P<title>[^"]+)"')


@dataclass
class Example:
    """Files, and the conversations that follow them on a page.

    Attributes:
        line: Where it begins on its page.
        files: Texts by path within the bot's project.
        chats: What is said, in the order of the page.
    """

    line: int
    files: dict[str, str] = field(default_factory=dict)
    chats: list[str] = field(default_factory=list)


def examples_on(page: Path) -> list[Example]:
    """The examples on a page, in order; a file after a conversation begins a new one."""
    source = page.read_text(encoding="utf-8")
    found: list[Example] = []
    for fence in _FENCE.finditer(source):
        language, _, _ = fence["info"].partition(" ")
        title = _TITLE.search(fence["info"])
        if language == "python" and title is not None:
            if not found or found[-1].chats:
                found.append(Example(source.count("\n", 0, fence.start()) + 1))
            found[-1].files[title["title"]] = fence["body"]
        elif language == "chat":
            assert found, f"{page.name}: a conversation without a plugin"
            found[-1].chats.append(fence["body"])
    return found


async def run_example(bot: BotUnderTest, example: Example) -> None:
    """Load the files of an example and hold its conversations."""
    for name, text in example.files.items():
        path = bot.project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    await bot.start(**_settings(example.files.get("local_settings.py", "")))
    assert not bot.machine.failures, dict(bot.machine.failures)
    for chat in example.chats:
        await Chat(bot).run(chat)


def _settings(source: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile(source, "local_settings.py", "exec"), names)
    return {name: value for name, value in names.items() if name.isupper()}


class Chat:
    """A conversation that is being held.

    Attributes:
        place: Where what follows happens.
        question: What a person wrote last.
    """

    def __init__(self, bot: BotUnderTest) -> None:
        self._bot = bot
        self._workspace = bot.workspace
        self.place: Conversation = self._workspace.find_channel("general")
        self.question: Message | None = None
        self._answer: Any = None
        self._heard = [message.ts for message in self._all_said()]
        self._versions: dict[str, list[str]] = {}  # what was said may have been changed before anybody looks
        self._workspace.subscribe(self._remember)
        self._verbs: list[tuple[str, Callable[..., Awaitable[None]]]] = [
            (r"#(?P<name>[\w-]+)", self._go_to),
            (r"\((?P<job>\w+) runs\)", self._run_job),
            (r"\((?P<file>\S+) is saved\)", self._save),
            (r"machine changes it to: (?P<text>.+)", self._expect_change),
            (r"machine reacts :(?P<emoji>[\w+-]+):", self._expect_reaction),
            (r"machine shows (?P<text>.+)", self._expect_view),
            (r"machine offers (?P<options>.+)", self._expect_options),
            (r"machine(?: \((?P<where>[^)]+)\))?: (?P<text>.+)", self._expect_message),
            (r"(?P<who>\w+) reacts :(?P<emoji>[\w+-]+):", self._react),
            (r"(?P<who>\w+) edits: (?P<text>.+)", self._edit),
            (r"(?P<who>\w+) clicks (?P<label>.+)", self._click),
            (r"(?P<who>\w+) chooses (?P<choice>.+) in (?P<element>\S+)", self._choose),
            (r"(?P<who>\w+) types (?P<query>.+) into (?P<element>\S+)", self._type),
            (r"(?P<who>\w+) enters (?P<element>\S+) = (?P<text>.+)", self._enter),
            (r"(?P<who>\w+) submits", self._submit),
            (r"(?P<who>\w+) closes it", self._close),
            (r"(?P<who>\w+) runs the shortcut (?P<name>\S+)(?P<on> on the message)?", self._run_shortcut),
            (r"(?P<who>\w+) opens the home tab", self._open_home),
            (r"(?P<who>\w+)(?: \((?P<where>thread|dm)\))?: (?P<text>.+)", self._say),
        ]

    async def run(self, source: str) -> None:
        """Hold it."""
        for line in _lines(source):
            await self._do(line)
        await self._bot.settled()
        unexpected = [self._seen(message) for message in self._all_said() if message.ts not in self._heard]
        assert unexpected == [], f"the bot also said {unexpected}"

    async def _do(self, line: str) -> None:
        for pattern, verb in self._verbs:
            if match := re.fullmatch(pattern, line, re.DOTALL):
                await verb(**match.groupdict())
                return
        raise AssertionError(f"cannot be understood: {line}")

    async def _go_to(self, name: str) -> None:
        self.place = self._workspace.find_channel(name)

    async def _run_job(self, job: str) -> None:
        [handler] = [found.handler for found in self._bot.machine.jobs() if found.handler.name.endswith(f".{job}")]
        await handler.function()

    async def _save(self, file: str) -> None:
        await self._bot.settled()  # a reload finishes on the old code what has begun there
        path = self._bot.project / file
        path.write_text(path.read_text(encoding="utf-8") + "# saved\n", encoding="utf-8")
        assert await self._bot.machine.reload(), "nothing was reloaded"

    async def _say(self, who: str, where: str | None, text: str) -> None:
        if text.startswith("/"):
            await self._workspace.run_command(who, self.place, text).answer
            return
        place = self._workspace.open_dm(who) if where == "dm" else self.place
        thread = self._thread() if where == "thread" else None
        self.question = self._workspace.post(who, place, text, thread_ts=thread)

    async def _edit(self, who: str, text: str) -> None:
        assert self.question is not None
        self._workspace.edit(who, self.question.channel, self.question.ts, text)

    async def _react(self, who: str, emoji: str) -> None:
        assert self.question is not None
        self._workspace.react(who, self.question.channel, self.question.ts, emoji)

    async def _click(self, who: str, label: str) -> None:
        surface = await self._surface(who)
        [action_id] = [element["action_id"] for element in _elements(surface) if _label(element) == label]
        await self._workspace.click(who, surface, action_id).answer

    async def _choose(self, who: str, choice: str, element: str) -> None:
        await self._workspace.choose(who, await self._surface(who), element, choice).answer

    async def _type(self, who: str, query: str, element: str) -> None:
        self._answer = await self._workspace.ask_options(who, await self._surface(who), element, query).answer

    async def _enter(self, who: str, element: str, text: str) -> None:
        await self._until_modal(who)
        self._workspace.fill(who, {element: text})

    async def _submit(self, who: str) -> None:
        await self._until_modal(who)
        await self._workspace.submit_view(who).answer

    async def _close(self, who: str) -> None:
        await self._until_modal(who)
        self._workspace.close_view(who)

    async def _run_shortcut(self, who: str, name: str, on: str | None) -> None:
        if on:
            assert self.question is not None
            await self._workspace.run_message_shortcut(who, self.question, name).answer
        else:
            await self._workspace.run_shortcut(who, name).answer

    async def _open_home(self, who: str) -> None:
        self._workspace.open_home(who)

    async def _expect_message(self, where: str | None, text: str) -> None:
        person = where.removeprefix("only ").removesuffix(" sees it") if where and where.startswith("only ") else None
        message = await self._bot.until(lambda: self._next(where), f"the answer: {text}")
        self._heard.append(message.ts)
        said = [*self._versions.get(message.ts, ()), self._seen(message)]
        assert text in said, f"expected: {text}; the bot said: {said[-1]}"
        seen_by = self._workspace.find_person(person).id if person else None
        assert message.ephemeral_to == seen_by, f"who sees {text!r}"

    async def _expect_change(self, text: str) -> None:
        await self._bot.until(lambda: text in [self._seen(said) for said in self._all_said()], f"the change to {text}")

    async def _expect_reaction(self, emoji: str) -> None:
        question = self.question
        assert question is not None

        def reactions() -> bool:
            thread = self._workspace.history(question.channel, question.thread_ts)
            return any(message.ts == question.ts and emoji in message.reactions for message in thread)

        await self._bot.until(reactions, f"the reaction {emoji}")

    async def _expect_view(self, text: str) -> None:
        await self._bot.until(lambda: any(text in shown for shown in self._views()), f"a view with {text}")

    async def _expect_options(self, options: str) -> None:
        assert [option["text"]["text"] for option in self._answer["options"]] == options.split(", ")

    def _thread(self) -> str:
        """The thread of the newest message of a person."""
        assert self.question is not None
        return self.question.thread_ts or self.question.ts

    def _remember(self, change: Change) -> None:
        if isinstance(change, MessagePosted):
            self._versions[change.message.ts] = [self._seen(change.message)]

    def _views(self) -> list[str]:
        views = [
            view
            for person in self._workspace.people.values()
            for view in (self._workspace.views.shown_to(person.id), self._workspace.views.home_of(person.id))
        ]
        return [json.dumps([view.content, dict(view.errors)], ensure_ascii=False) for view in views if view is not None]

    async def _until_modal(self, who: str) -> View:
        person = self._workspace.find_person(who)
        view = await self._bot.until(lambda: self._workspace.views.shown_to(person.id), "a modal")
        assert isinstance(view, View)
        return view

    async def _surface(self, who: str) -> Message | View:
        """Where somebody clicks: the open modal, or else the bot's newest message with elements."""
        view = self._workspace.views.shown_to(self._workspace.find_person(who).id)
        if view is not None:
            return view
        return [message for message in self._all_said() if _elements(message)][-1]

    def _next(self, where: str | None) -> Message | None:
        """The next message of the bot that nobody has heard yet, where it is expected."""
        if where == "dm":
            said = [
                message for dm in list(self._workspace.channels.values()) if dm.is_dm for message in self._said(dm.id)
            ]
        elif where == "thread":
            said = self._bot.said(self.question.channel, self._thread()) if self.question else []
        else:
            said = self._bot.said(self.place.id)
        return next((message for message in said if message.ts not in self._heard), None)

    def _said(self, channel: str) -> list[Message]:
        top = self._workspace.history(channel)
        threads = [said for message in top for said in self._workspace.history(channel, message.ts)]
        return [message for message in {said.ts: said for said in (*top, *threads)}.values() if message.is_by_bot]

    def _all_said(self) -> list[Message]:
        said = [message for channel in list(self._workspace.channels.values()) for message in self._said(channel.id)]
        return sorted(said, key=lambda message: message.ts)

    def _seen(self, message: Message) -> str:
        """A message as people see it, with the texts of its elements."""
        text = html.unescape(message.text)
        for person in self._workspace.people.values():
            text = text.replace(f"<@{person.id}>", f"@{person.name}")
        for channel in self._workspace.channels.values():
            text = text.replace(f"<#{channel.id}>", f"#{channel.name}")
        return " ".join([text, *(f"[{_label(element)}]" for element in _elements(message))])


def _lines(source: str) -> Iterator[str]:
    whole = ""
    for line in source.splitlines():
        if line[:1].isspace():
            whole += f"\n{line.strip()}"
        else:
            if whole:
                yield whole
            whole = line.strip()
    if whole:
        yield whole


def _elements(surface: Message | View) -> list[dict[str, Any]]:
    elements: list[dict[str, Any]] = []
    for block in surface.blocks:
        found = [*(block.get("elements") or ()), block.get("element"), block.get("accessory")]
        elements += [dict(element) for element in found if element and "action_id" in element]
    return elements


def _label(element: dict[str, Any]) -> str:
    text = element.get("text") or element.get("placeholder") or {}
    return str(text.get("text", ""))
