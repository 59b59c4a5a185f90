"""The bot of a test: the real one, talking with its real clients to a workspace of its own."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from machine.bot import Machine
from machine.envelope import Envelope
from machine.errors import PluginError
from machine.logger import structlog
from machine.logs import configure_structlog
from machine.plugins import MachineBasePlugin
from machine.sandbox import Workspace
from machine.sandbox.delivery.faults import Faults
from machine.sandbox.state.objects import Conversation, Message
from machine.sandbox.state.people import nearest
from machine.simulation import Simulation
from machine.storage import PluginStorage
from machine.testing.conversations import Conversations
from machine.testing.errors import Failures
from machine.testing.life import Life
from machine.testing.messages import SentMessage
from machine.testing.must_await import Question
from machine.testing.person import Person
from machine.testing.webhooks import WebhookAnswer, send
from machine.time.clock import Clock
from machine.time.frozen_time import PluginTime
from machine.time.time_travel import travel
from machine.trace import ApiCalled, Considered, EventEmitted, InvocationFailed, Record

__tracebackhide__ = True  # pytest shows the line of the test, not those in here

R = TypeVar("R", bound=Record)
P = TypeVar("P", bound=MachineBasePlugin)
T = TypeVar("T")

_DEFAULTS: Mapping[str, Any] = {
    "PLUGIN_DIR": "_no_plugins",  # a name of its own: the project's `plugins` is imported by Python as ever
}
_CONNECTION: Mapping[str, Any] = {
    "HTTP": "127.0.0.1:0",  # for webhooks only
    "SLACK_SIGNING_SECRET": None,  # with one, events would come over HTTP
}


class Bot:
    """A bot in a workspace of its own, and the people in it.

    Args:
        workspace: Where it is; its clock should be `clock`.
        clock: The time, for scheduled jobs, scheduled messages and storage.
        project: A folder for what the bot keeps in files.
        plugins: The plugin classes.
        settings: Settings beside those that lead to the workspace. Unless they say otherwise, storage is in memory.

    Attributes:
        workspace: The sandbox's workspace, for what is not offered here.
        clock: The time.
    """

    def __init__(
        self,
        *,
        workspace: Workspace,
        clock: Clock,
        project: Path,
        plugins: Iterable[type[MachineBasePlugin]] = (),
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        self.workspace = workspace
        self.clock = clock
        self._plugins = tuple(plugins)
        self._settings = {name.upper(): value for name, value in (settings or {}).items()}
        self._life = Life(workspace, project)
        self._conversations = Conversations(workspace)
        self._failures = Failures()
        self._plugin_time = PluginTime(clock)
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def machine(self) -> Machine:
        """The bot itself."""
        return self._life.machine

    @property
    def records(self) -> list[Record]:
        """Everything that was traced, in order."""
        return self._life.recorded.records

    def user(self, name: str) -> Person:
        """Somebody in the workspace, by name, id or e-mail address; in the default workspace alice, bob, carol, dave.

        Raises:
            WorkspaceError: There is nobody called so; the message names who is near, and who there is.
        """
        return Person(self, self._conversations.person(name))

    async def add_user(self, name: str, **fields: Any) -> Person:
        """Let somebody join the workspace; `fields` are those of a profile: `real_name`, `email`, `is_admin`."""
        self.workspace.add_person(name, **fields)
        await self.settled()
        return self.user(name)

    async def add_channel(self, name: str, *members: str | Person, is_private: bool = False) -> None:
        """Create a channel with these people in it and the bot, by default with everybody."""
        people = [self.user(member) if isinstance(member, str) else member for member in members]
        self._conversations.create(name, [person.id for person in people], is_private=is_private)
        await self.settled()

    def said(
        self, wanted: str | re.Pattern[str], *, channel: str | None = None, thread: SentMessage | None = None
    ) -> Question[SentMessage | None]:
        """The first message of the bot that says this, or `None`; looked for when nothing is under way any more.

        Args:
            wanted: A part of the text as people read it or as Slack keeps it, or a pattern.
            channel: Only here: `#ops`, or `@alice` for the bot's DM with her.
            thread: Only in the thread of this message.
        """
        return Question(self._find_said(wanted, channel, thread))

    def said_nothing(self, *, channel: str | None = None, since: SentMessage | None = None) -> Question[bool]:
        """Whether the bot has posted nothing, when nothing is under way any more.

        Args:
            channel: Only here.
            since: Only after this message.
        """
        return Question(self._was_silent(channel, since))

    def messages(self, channel: str | None = None) -> list[SentMessage]:
        """What the bot has posted, here or anywhere; threads, ephemeral and deleted messages included."""
        return self._conversations.messages(channel)

    def history(self, channel: str | None = None) -> list[SentMessage]:
        """What everybody has written, here or anywhere, oldest first; without what was deleted."""
        return self._conversations.history(channel)

    async def until(self, condition: Callable[[], T | None], what: str = "the condition") -> T:
        """Wait for what a handler does not wait for itself, such as a task of its own.

        Looked at again after each trace record and each change of the workspace.

        Args:
            condition: Called until it gives something true, which is given back.
            what: Named in the failure.
        """
        return await self._life.until(condition, what)

    async def settled(self) -> None:
        """Wait until nothing is under way: events have arrived, handlers have ended, and so has what they caused.

        Raises:
            HandlerError: A handler raised, and the test does not expect it.
            AssertionError: It takes longer than `patience`.
        """
        if self._loop is not asyncio.get_running_loop():
            raise RuntimeError(
                "The bot runs on another event loop than the test. Give fixtures and tests the same loop scope; see "
                "asyncio_default_fixture_loop_scope and asyncio_default_test_loop_scope of pytest-asyncio."
            )
        await self._life.settled()
        self._failures.check()

    async def webhook(
        self,
        path: str,
        *,
        json: object = None,
        data: str | bytes | None = None,
        headers: Mapping[str, str] | None = None,
        method: str = "POST",
    ) -> WebhookAnswer:
        """Somebody sends a request to a route of a plugin (`@webhook`), over HTTP; gives back the plugin's answer.

        It returns when nothing is under way any more.

        Args:
            path: As in `@webhook`, perhaps with a query: `/github?token=1`.
            json: What is sent as JSON.
            data: The body as it is, in place of `json`; for what is signed.
            headers: Besides those that every request has.
            method: The HTTP method.

        Raises:
            LookupError: No plugin serves this path; the message names those that are served.
            HandlerError: The handler raised, and the test does not expect it.
        """
        answer = await send(self.machine, method, path, json, data, headers)
        await self.settled()
        return answer

    @property
    def now(self) -> datetime:
        """The time in the test (aware, UTC). It stands still until the test travels."""
        return self.clock.now

    async def travel(self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0) -> None:
        """Let time pass: see `travel_to`."""
        await self.travel_to(self.now + timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds))

    async def travel_to(self, moment: datetime) -> None:
        """Let time pass until a moment; one without a time zone is in that of the setting `TZ`.

        What is due on the way happens in order, each at its own time: scheduled jobs run and end, scheduled messages
        are posted. Stored values, response URLs and trigger ids expire. Nothing is waited for by a real clock.

        Plugins that ask for the time with `datetime.now()`, `date.today()` or `time.time()` are told that of the test;
        what they wait for with `asyncio.sleep()` takes its real time.

        Raises:
            ValueError: The moment is before `now`.
        """
        aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=self.machine.settings.tz)
        if aware < self.now:
            raise ValueError(
                f"{aware} is before {self.now}: one cannot travel back. To begin a test at a time of your own, mark it "
                "with @pytest.mark.machine(now=datetime(...))."
            )
        await travel(aware, self.clock, self.machine, self.workspace, self.settled)

    def plugin(self, which: type[P] | str) -> P:
        """The plugin that runs, by its class or the name of its class.

        Raises:
            LookupError: It is not loaded; the message names those that are.
        """
        wanted = which if isinstance(which, str) else f"{which.__module__}.{which.__qualname__}"
        for name, loaded in self.machine.plugins.items():
            if wanted in {name, loaded.instance.__class__.__name__}:
                return loaded.instance  # type: ignore[return-value]  # it is the class that was asked for
        names = [name if "." in wanted else name.rpartition(".")[2] for name in self.machine.plugins]
        raise LookupError(f"There is no plugin {wanted!r}. {nearest(wanted, names, 'Plugins')}")

    def storage(self, which: type[MachineBasePlugin] | str) -> PluginStorage:
        """The storage of a plugin, by its class or the name of its class; to read and to prepare."""
        cls = type(self.plugin(which))
        return self.machine.plugin_storage(f"{cls.__module__}.{cls.__qualname__}")

    def traced(self, kind: type[R]) -> list[R]:
        """The trace records of a kind (see `machine.trace`), oldest first."""
        return self._life.recorded.of_kind(kind)

    @property
    def events(self) -> list[Envelope]:
        """What the bot has received from Slack, oldest first."""
        return self._life.recorded.events

    def calls(self, method: str) -> list[ApiCalled]:
        """The bot's calls of a Web API method, with arguments, response and error; `response_url` is one too."""
        return self._life.recorded.calls(method)

    def emitted(self, event: str) -> list[EventEmitted]:
        """The events of this name that plugins have emitted; values of arguments are as `repr()` shows them."""
        return self._life.recorded.emitted(event)

    def handlers(self, text: str, *, user: str | None = None, channel: str | None = None) -> list[Considered]:
        """Which handlers would run for a message or `/command`, and why or why not; nothing is run.

        Args:
            text: What somebody would say.
            user: Who; anybody by default.
            channel: Where; their DM with the bot by default.
        """
        simulation = Simulation(self.workspace.names, self.workspace.team.id)
        return list(self.machine.explain(simulation.typed(text, *self._conversations.speaker(user, channel))))

    @property
    def faults(self) -> Faults:
        """What is to go wrong between Slack and the bot: errors, rate limits, broken connections, repeated events."""
        return self.workspace.faults

    @property
    def errors(self) -> list[InvocationFailed]:
        """The handlers that have raised, expected or not: `handler`, `error` and `traceback`."""
        return list(self._failures.seen)

    def expect_errors(self, match: str = "") -> AbstractContextManager[list[InvocationFailed]]:
        """Within this context, handlers may raise; at least one must.

        Args:
            match: A regular expression that is found in the error, such as `ValueError: no such service`. Other errors
                fail the test as ever.

        Returns:
            A context manager that gives the list of those errors.
        """
        return self._failures.expected(match)

    def check(self) -> None:
        """Raise `HandlerError` if a handler has raised unexpectedly, and it has not been told yet."""
        self._failures.check()

    @property
    def patience(self) -> timedelta:
        """How long it waits for what is under way, 10 seconds at first."""
        return self._life.settling.patience

    @patience.setter
    def patience(self, patience: timedelta) -> None:
        self._life.settling.patience = patience

    def find_channel(self, which: str) -> Conversation:
        """The channel `#ops`, or for `@alice` the bot's DM with her.

        Raises:
            WorkspaceError: There is none; the message names what is near, and what there is.
        """
        return self._conversations.channel(which)

    def mark(self) -> int:
        """How many messages the bot has posted so far; for `posted_since`."""
        return len(self._conversations.posted)

    def posted_since(self, mark: int) -> list[Message]:
        """What the bot has posted since the mark."""
        return self._conversations.posted[mark:]

    async def start(self) -> None:
        """Start workspace and bot.

        Raises:
            PluginError: A plugin cannot be loaded.
        """
        self._loop = asyncio.get_running_loop()
        if not structlog.is_configured():
            configure_structlog()
        self._life.trace.subscribe(self._failures.add, InvocationFailed)
        self._plugin_time.exchange(cls.__module__ for cls in self._plugins)
        settings = {**_DEFAULTS, **self._settings, **_CONNECTION}
        await self._life.start(self._plugins, settings, clock=self.clock)
        self._plugin_time.exchange(plugin.module for plugin in self.machine.plugins.values())
        _require_loaded(self.machine)
        await self._life.sandbox.wait_for_connection()
        await self.settled()

    async def stop(self) -> None:
        """Stop both."""
        try:
            await self._life.stop()
        finally:
            self._plugin_time.restore()

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()

    async def _find_said(
        self, wanted: str | re.Pattern[str], channel: str | None, thread: SentMessage | None
    ) -> SentMessage | None:
        await self.settled()
        return self._conversations.find(wanted, channel, thread)

    async def _was_silent(self, channel: str | None, since: SentMessage | None) -> bool:
        await self.settled()
        return self._conversations.is_silent(channel, since)


def _require_loaded(machine: Machine) -> None:
    for name, error in machine.failures.items():
        place = f"\n{error.file}:{error.line}" if error.file and error.line else ""
        told = f"{name} could not be loaded ({error.phase}): {error}{place}\n{error.traceback}".rstrip()
        raise PluginError(name, told, phase=error.phase, file=error.file, line=error.line, traceback=error.traceback)
