"""A prompt of a running bot in its own workspace."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator

import pytest
from rich.console import Console, RenderableType

from machine.bot import Machine
from machine.plugins.base import MachineBasePlugin
from machine.plugins.decorators import listen_to, schedule
from machine.plugins.message import Message
from machine.trace import Trace
from machine_console.history.history import History
from machine_console.repl.language.evaluator import Evaluation
from machine_console.repl.prompt.session import Session
from machine_console.repl.verbs.namespace import build_namespace
from tests.conftest import BotUnderTest


class Greeter(MachineBasePlugin):
    """Answers greetings and remembers who greeted."""

    @listen_to(r"^hello (?P<who>\w+)$")
    async def greet(self, message: Message, who: str) -> None:
        """hello <who>: answers"""
        await self.storage.set("greeted", who)
        await message.say(f"hello {who}, this is the bot")

    @listen_to("^break$")
    async def broken(self, message: Message) -> None:
        raise ValueError("broken on purpose")

    @schedule(hour="9")
    async def morning(self) -> None:
        """Every morning."""


class PromptUnderTest:
    """Types at the prompt and reads what it shows.

    Attributes:
        bot: The bot behind the prompt.
        shown: Everything shown, as text.
    """

    def __init__(self, bot: BotUnderTest, history: History, *, is_live: bool = False) -> None:
        self.bot = bot
        self.shown: list[str] = []
        namespace = build_namespace(bot.machine, history, None if is_live else bot.workspace)
        self.session = Session(namespace, self._write, lambda: 100)

    async def __call__(self, source: str) -> str:
        """Evaluate an input and return what it showed."""
        self.shown.clear()
        self.outcome: Evaluation = await self.session.run(source)
        return "\n".join(self.shown)

    def _write(self, output: RenderableType) -> None:
        console = Console(file=io.StringIO(), width=100, color_system=None)
        console.print(output)
        assert isinstance(console.file, io.StringIO)
        self.shown.append(console.file.getvalue().rstrip())


@pytest.fixture
async def prompt(bot: BotUnderTest) -> PromptUnderTest:
    """The prompt of a bot with one plugin."""
    history = History()
    await bot.start(Greeter)
    bot.machine.trace.subscribe(history.record)
    return PromptUnderTest(bot, history)


@pytest.fixture
async def live_prompt(bot: BotUnderTest) -> AsyncIterator[PromptUnderTest]:
    """The prompt of a bot that takes the workspace for a real one, and only uses its Web API."""
    history, trace = History(), Trace()
    trace.subscribe(history.record)
    async with bot.sandbox:
        settings = {
            "SLACK_API_URL": bot.sandbox.api_url,
            "SLACK_BOT_TOKEN": bot.sandbox.bot_token,
            "PLUGINS": [],
            "STORAGE_BACKEND": "machine.storage.backends.memory.MemoryStorage",
        }
        async with Machine(
            settings, trace=trace, project=bot.project, plugins=[Greeter], listens=False, is_live=True
        ) as bot.life.machine:
            yield PromptUnderTest(bot, history, is_live=True)
