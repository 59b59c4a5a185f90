"""The bot of a test: the real one, talking with its real clients to a workspace of its own."""

from __future__ import annotations

import asyncio
import logging
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from machine.bot import Machine
from machine.envelope import Envelope
from machine.errors import PluginError, WorkspaceError
from machine.logger import structlog
from machine.logs import configure_structlog
from machine.plugins import MachineBasePlugin
from machine.sandbox import Change, Sandbox, Workspace
from machine.sandbox.delivery.faults import Faults
from machine.sandbox.state.changes import MessagePosted
from machine.sandbox.state.objects import Conversation, Message
from machine.sandbox.state.people import nearest
from machine.storage import PluginStorage
from machine.testing.clock import Clock
from machine.testing.errors import Failures
from machine.testing.frozen_time import PluginTime
from machine.testing.idle import Settling
from machine.testing.invented import invented_envelope
from machine.testing.messages import SentMessage
from machine.testing.must_await import Question
from machine.testing.person import Person
from machine.testing.time_travel import travel
from machine.testing.webhooks import WebhookAnswer, send
from machine.trace import (
    ApiCalled,
    Considered,
    EnvelopeReceived,
    EventEmitted,
    InvocationFailed,
    Record,
    Trace,
)

__tracebackhide__ = True  # pytest shows the line of the test, not those in here

R = TypeVar("R", bound=Record)
P = TypeVar("P", bound=MachineBasePlugin)
T = TypeVar("T")

PATIENCE = timedelta(seconds=10)
"""How long a test waits for what is under way; only a net, as what ends is seen at once."""

_DEFAULTS: Mapping[str, Any] = {
    "PLUGINS": (),
    "PLUGIN_DIR": "_no_plugins",  # a name of its own: the project's `plugins` is imported by Python as ever
    "STORAGE_BACKEND": "machine.storage.backends.memory.MemoryStorage",
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
        machine: The bot itself.
        clock: The time.
        records: Everything that was traced, in order.
        patience: How long it waits for what is under way, 10 seconds at first.
    """

    machine: Machine

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
        self.records: list[Record] = []
        self._project = project
        self._plugins = tuple(plugins)
        self._settings = {name.upper(): value for name, value in (settings or {}).items()}
        self._sandbox = Sandbox(workspace)
        self._failures = Failures()
        self._posted: list[Message] = []
        self._resources = AsyncExitStack()
        self._settling = Settling(PATIENCE)
        self._loop: asyncio.AbstractEventLoop | None = None

    # What people do, and what the bot does.

    def user(self, name: str) -> Person:
        """Somebody in the workspace, by name, id or e-mail address; in the default workspace alice, bob, carol, dave.

        Raises:
            WorkspaceError: There is nobody called so; the message names who is near, and who there is.
        """
        return Person(self, self._named(self.workspace.find_person, name))

    async def add_user(self, name: str, **fields: Any) -> Person:
        """Let somebody join the workspace; `fields` are those of a profile: `real_name`, `email`, `is_admin`."""
        self.workspace.add_person(name, **fields)
        await self.settled()
        return self.user(name)

    async def add_channel(self, name: str, *members: str | Person, is_private: bool = False) -> None:
        """Create a channel with these people in it and the bot, by default with everybody."""
        people = [self.user(member) if isinstance(member, str) else member for member in members]
        ids = [person.id for person in people] or list(self.workspace.people)
        creator = next(user for user in ids if user != self.workspace.bot.id)
        self.workspace.create_channel(name, creator, is_private=is_private, members=[*ids, self.workspace.bot.id])
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
        place = self.find_channel(channel).id if channel is not None else None
        return [SentMessage(self.workspace, posted) for posted in self._posted if place in {None, posted.channel}]

    def history(self, channel: str | None = None) -> list[SentMessage]:
        """What everybody has written, here or anywhere, oldest first; without what was deleted."""
        places = [self.find_channel(channel).id] if channel is not None else list(self.workspace.channels)
        found = [message for place in places for message in self.workspace.messages.newest_first(place)]
        return [SentMessage(self.workspace, message) for message in sorted(found, key=lambda message: message.ts)]

    async def until(self, condition: Callable[[], T | None], what: str = "the condition") -> T:
        """Wait for what a handler does not wait for itself, such as a task of its own.

        Looked at again after each trace record and each change of the workspace.

        Args:
            condition: Called until it gives something true, which is given back.
            what: Named in the failure.
        """
        return await self._settling.until(condition, what)

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
        await self._settling.settled(self._sandbox, self.machine)
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

    # Time.

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
        await travel(aware, self.clock, self.machine, self.workspace, self.settled)

    # What is inside.

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
        return [record for record in self.records if isinstance(record, kind)]

    @property
    def events(self) -> list[Envelope]:
        """What the bot has received from Slack, oldest first."""
        return [record.envelope for record in self.traced(EnvelopeReceived)]

    def calls(self, method: str) -> list[ApiCalled]:
        """The bot's calls of a Web API method, with arguments, response and error; `response_url` is one too."""
        return [call for call in self.traced(ApiCalled) if call.method == method]

    def emitted(self, event: str) -> list[EventEmitted]:
        """The events of this name that plugins have emitted; values of arguments are as `repr()` shows them."""
        return [record for record in self.traced(EventEmitted) if record.event == event]

    def handlers(self, text: str, *, user: str | None = None, channel: str | None = None) -> list[Considered]:
        """Which handlers would run for a message or `/command`, and why or why not; nothing is run.

        Args:
            text: What somebody would say.
            user: Who; anybody by default.
            channel: Where; their DM with the bot by default.
        """
        people = self.workspace.people.values()
        who = self.workspace.find_person(user) if user else next(person for person in people if not person.is_bot)
        where = self.find_channel(channel) if channel is not None else self.workspace.open_dm(who)
        return list(self.machine.explain(invented_envelope(self.workspace, who, where, text)))

    # What goes wrong.

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

    # For Person and the fixtures.

    @property
    def patience(self) -> timedelta:
        """How long it waits for what is under way."""
        return self._settling.patience

    @patience.setter
    def patience(self, patience: timedelta) -> None:
        self._settling.patience = patience

    def find_channel(self, which: str) -> Conversation:
        """The channel `#ops`, or for `@alice` the bot's DM with her.

        Raises:
            WorkspaceError: There is none; the message names what is near, and what there is.
        """
        if which.startswith("@"):
            return self.workspace.open_dm(self._named(self.workspace.find_person, which))
        return self._named(self.workspace.find_channel, which)

    def mark(self) -> int:
        """How many messages the bot has posted so far; for `posted_since`."""
        return len(self._posted)

    def posted_since(self, mark: int) -> list[Message]:
        """What the bot has posted since the mark."""
        return self._posted[mark:]

    async def start(self) -> None:
        """Start workspace and bot.

        Raises:
            PluginError: A plugin cannot be loaded.
        """
        self._loop = asyncio.get_running_loop()
        self._restore_afterwards()
        await self._resources.enter_async_context(self._sandbox)
        trace = Trace()
        trace.subscribe(self._record)
        self.workspace.subscribe(self._notice)
        settings = {
            "SLACK_API_URL": self._sandbox.api_url,
            "SLACK_BOT_TOKEN": self._sandbox.bot_token,
            "SLACK_APP_TOKEN": self._sandbox.app_token,
            **_DEFAULTS,
            **self._settings,
            **_CONNECTION,
        }
        self.machine = Machine(settings, trace=trace, project=self._project, plugins=self._plugins, clock=self.clock)
        if "LOGLEVEL" in self._settings:
            logging.getLogger().setLevel(self.machine.settings.loglevel)
        plugin_time = PluginTime(self.clock)
        self._resources.callback(plugin_time.restore)
        plugin_time.exchange(cls.__module__ for cls in self._plugins)
        await self._resources.enter_async_context(self.machine)
        plugin_time.exchange(plugin.module for plugin in self.machine.plugins.values())
        _require_loaded(self.machine)
        await self._sandbox.wait_for_connection()
        await self.settled()

    async def stop(self) -> None:
        """Stop both."""
        await self._resources.aclose()

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
        found = thread.thread if thread is not None else self.messages(channel)
        return next((message for message in found if message.is_by_bot and message.contains(wanted)), None)

    async def _was_silent(self, channel: str | None, since: SentMessage | None) -> bool:
        await self.settled()
        return not [message for message in self.messages(channel) if since is None or message.ts > since.ts]

    def _record(self, record: Record) -> None:
        self.records.append(record)
        if isinstance(record, InvocationFailed):
            self._failures.add(record)
        self._settling.notice(record)

    def _notice(self, change: Change) -> None:
        if isinstance(change, MessagePosted) and change.message.is_by_bot:  # notices such as "has joined" are not
            self._posted.append(change.message)
        self._settling.notice(change)

    @staticmethod
    def _named(find: Callable[[str], T], name: str) -> T:
        try:
            return find(name)
        except WorkspaceError as error:
            raise WorkspaceError(str(error)) from None  # told where the test gives the name, not within the sandbox

    def _restore_afterwards(self) -> None:
        """Undo afterwards what a bot changes in its process: it usually has one to itself."""
        root, path, level = logging.getLogger(), list(sys.path), logging.getLogger().level
        if not structlog.is_configured():
            configure_structlog()
        self._resources.callback(root.setLevel, level)
        self._resources.callback(lambda: sys.path.__setitem__(slice(None), path))


def _require_loaded(machine: Machine) -> None:
    for name, error in machine.failures.items():
        place = f"\n{error.file}:{error.line}" if error.file and error.line else ""
        told = f"{name} could not be loaded ({error.phase}): {error}{place}\n{error.traceback}".rstrip()
        raise PluginError(name, told, phase=error.phase, file=error.file, line=error.line, traceback=error.traceback)
