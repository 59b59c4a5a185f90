"""A short history of a bot, told by hand with trace records at fixed times, for panes to show."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

import pytest
from textual.app import App, ComposeResult
from textual.message import Message

from machine.envelope import Envelope
from machine.trace import (
    ApiCalled,
    Considered,
    EnvelopeAcknowledged,
    EnvelopeReceived,
    EventEmitted,
    Frame,
    HandlersConsidered,
    InvocationFailed,
    InvocationFinished,
    InvocationStarted,
    LogWritten,
    Record,
    StorageAccessed,
)
from machine_console.app.theme import DARK, LIGHT
from machine_console.history.history import EventTrace, History
from machine_console.history.replay import Replayed
from machine_console.panes.base import Pane
from machine_console.session.bot_session import ReplSetup
from machine_console.session.chat import ChatChannel, ChatMessage, ChatPerson, PersonActions
from machine_console.session.plugins import FailureEntry, HandlerEntry, JobEntry, PluginEntry
from machine_console.session.stored_values import StoredValue
from machine_console.status.bot_status import BotFacts, Status
from machine_console.status.notifications import Notification
from machine_console.text.document_tree import Place

START = datetime(2026, 3, 4, 9, 30, 0, tzinfo=UTC)
STYLE_SHEET = Path(__file__).parents[2] / "console" / "machine_console" / "app" / "app.tcss"

PING = "machine.plugins.builtin.general.PingPongPlugin.listen_to_ping"
HELLO = "machine.plugins.builtin.general.HelloPlugin.hello"
DEPLOY = "plugins.deploys.Deploys.deploy"


def at(milliseconds: float) -> datetime:
    """A moment after the start."""
    return START + timedelta(milliseconds=milliseconds)


def ms(milliseconds: float) -> timedelta:
    """A duration."""
    return timedelta(milliseconds=milliseconds)


def message(envelope_id: str, text: str, user: str = "U1", channel: str = "C1", **event: object) -> Envelope:
    """A message as Slack delivers it."""
    inner = {"type": "message", "user": user, "channel": channel, "text": text, "ts": "1772616600.000100", **event}
    payload = {"type": "event_callback", "event_id": f"Ev{envelope_id}", "team_id": "T1", "event": inner}
    return Envelope(envelope_id, "events_api", payload)


class Names:
    """What people and channels of the story are called."""

    def person(self, user_id: str) -> str:
        return {"U1": "alice", "U2": "bob", "U9": "machine"}.get(user_id, user_id)

    def channel(self, channel_id: str) -> str:
        return {"C1": "#general", "C2": "#ops", "D1": "@alice"}.get(channel_id, channel_id)


def received(envelope: Envelope, start: float, *considered: Considered) -> Iterator[Record]:
    """An envelope arrives, is acknowledged and held against the handlers."""
    yield EnvelopeReceived(at=at(start), envelope_id=envelope.id, envelope=envelope)
    yield EnvelopeAcknowledged(at=at(start + 2), envelope_id=envelope.id, answer=None, duration=ms(2))
    matched = tuple(one for one in considered if one.is_match)
    yield HandlersConsidered(at=at(start + 2), envelope_id=envelope.id, matched=matched, explain=lambda: considered)


def ping(*, text: str = "ping, are you there?") -> Considered:
    """The ping handler matched."""
    return Considered(
        PING, 'listen_to(r"^(?P<word>ping)")', True, "the pattern matches", {"word": "ping"}, (0, 4), text
    )


def hello_missed(text: str) -> Considered:
    """The hello handler did not match."""
    return Considered(
        HELLO, 'respond_to(r"^(?:hi|hello)$")', False, "the message is not addressed to the bot", text=text
    )


def handled_ping() -> Iterator[Record]:
    """A message that one handler answered, with everything a handler can do on the way."""
    text = "ping, are you there?"
    yield from received(message("e1", text), 0, ping(), hello_missed(text))
    ids: dict[str, Any] = {"envelope_id": "e1", "invocation_id": "i1"}
    yield InvocationStarted(at=at(3), handler=PING, **ids)
    yield LogWritten(
        at=at(4), level="info", logger="plugin.ping", message="Pinged", fields={"channel": "general"}, **ids
    )
    yield StorageAccessed(
        at=at(5), plugin="Ping", operation="get", key="count", is_found=False, size=None, duration=ms(0.3), **ids
    )
    yield StorageAccessed(
        at=at(6),
        plugin="Ping",
        operation="set",
        key="count",
        is_found=None,
        size=18,
        duration=ms(0.6),
        value="12",
        **ids,
    )
    yield ApiCalled(
        at=at(14),
        method="chat.postMessage",
        arguments={"channel": "C1", "text": "pong"},
        is_ok=True,
        error=None,
        response={"ok": True, "ts": "1772616600.000200"},
        duration=ms(7.4),
        **ids,
    )
    yield EventEmitted(at=at(15), event="pinged", arguments={"by": "alice"}, listeners=("stats.Stats.count",), **ids)
    yield InvocationFinished(at=at(16), handler=PING, duration=ms(13), **ids)


def unheard() -> Iterator[Record]:
    """A message nobody listens to, and the bot's own answer."""
    yield from received(message("e2", "Grüße an alle 👋🏽", user="U2", channel="C2"), 2_000)
    yield from received(message("e3", "pong", user="U9", bot_id="B1"), 2_300)


def failed_deploy() -> Iterator[Record]:
    """A slash command whose handler raised."""
    payload = {"command": "/deploy", "text": "api", "user_id": "U2", "channel_id": "C2"}
    envelope = Envelope("e4", "slash_commands", payload)
    considered = Considered(DEPLOY, 'command("/deploy")', True, "the command is /deploy")
    yield from received(envelope, 61_000, considered)
    ids: dict[str, Any] = {"envelope_id": "e4", "invocation_id": "i2"}
    yield InvocationStarted(at=at(61_003), handler=DEPLOY, **ids)
    yield ApiCalled(
        at=at(61_090),
        method="chat.postMessage",
        arguments={"channel": "C404", "text": "Deploying api …"},
        is_ok=False,
        error="channel_not_found",
        response={"ok": False, "error": "channel_not_found"},
        duration=ms(81),
        **ids,
    )
    traceback = (
        'Traceback (most recent call last):\n  File "plugins/deploys.py", line 21, in deploy\n'
        "    version = versions[service]\n              ~~~~~~~~^^^^^^^^^\nKeyError: 'api'\n"
    )
    source = {
        19: "    async def deploy(self, command):",
        20: "        service = command.text",
        21: "        version = versions[service]",
        22: "        await self.roll_out(service, version)",
    }
    variables = {"service": "'api'", "versions": "{'web': '1.4.2'}", "token": "…redacted"}
    frames = (Frame("plugins/deploys.py", 21, "Deploys.deploy", source, variables),)
    yield InvocationFailed(
        at=at(61_120),
        handler=DEPLOY,
        error="KeyError: 'api'",
        traceback=traceback,
        duration=ms(117),
        frames=frames,
        **ids,
    )
    yield LogWritten(
        at=at(61_121), level="error", logger="machine.dispatch", message="A handler failed", fields={"handler": DEPLOY}
    )


def told_history() -> History:
    """The whole story."""
    history = History()
    for chapter in (handled_ping(), unheard(), failed_deploy()):
        for record in chapter:
            history.record(record)
    return history


PEOPLE = [ChatPerson("U1", "alice"), ChatPerson("U2", "bob")]
CHANNELS = [
    ChatChannel("C1", "#general"),
    ChatChannel("C2", "#ops", unread=3),
    ChatChannel("D1", "@alice", is_dm=True, person_id="U1"),
    ChatChannel("D2", "@bob", is_dm=True, person_id="U2"),
]
MESSAGES = [
    ChatMessage("1772616600.0001", "alice", "ping, are you there?"),
    ChatMessage("1772616600.0002", "machine", "pong", is_bot=True, reactions=(("tada", 2), ("eyes", 1))),
    ChatMessage("1772616640.0001", "bob", "shall we deploy the api?\nit has been green all day", is_edited=True),
    ChatMessage("1772616650.0001", "alice", "yes, please", thread_ts="1772616640.0001"),
    ChatMessage("1772616655.0001", "machine", "On it.", is_bot=True, thread_ts="1772616640.0001"),
    ChatMessage("1772616661.0001", "machine", "Only you may deploy, bob.", is_bot=True, ephemeral_to="bob"),
    ChatMessage(
        "1772616663.0001", "machine", "", is_bot=True, extras=("Deploy api 1.4.2 to production?", "[Deploy] [Cancel]")
    ),
]

PLUGINS = [
    PluginEntry(
        "machine.plugins.builtin.general.PingPongPlugin",
        "Ping",
        (HandlerEntry(PING, 'listen_to(r"^(?P<word>ping)")', "general.py:14"),),
        START,
        ms(3.2),
    ),
    PluginEntry(
        "plugins.deploys.Deploys",
        "Deploys",
        (
            HandlerEntry(DEPLOY, 'command("/deploy")', "plugins/deploys.py:18"),
            HandlerEntry("plugins.deploys.Deploys.remind", 'schedule(hour="9")', "plugins/deploys.py:30"),
        ),
        at(4_000),
        ms(14),
        "plugins/deploys.py",
    ),
]
FAILURES = [
    FailureEntry(
        "plugins.greeter",
        "import",
        "SyntaxError: '(' was never closed",
        '  File "plugins/greeter.py", line 7\n    async def greet(self, msg:\n                   ^\n',
        "plugins/greeter.py:7",
        is_old_version_live=True,
    )
]
JOBS = [JobEntry("Deploys.remind", datetime(2026, 3, 5, 9, 0, tzinfo=UTC))]

VALUES = [
    StoredValue("plugins.deploys.Deploys", "last", {"service": "api", "by": "bob", "tags": ["blue", 2]}, 96),
    StoredValue("plugins.deploys.Deploys", "count", 12, 5),
    StoredValue("shared", "motto", "Ship it", 18),
    StoredValue("shared", "old", size=240, error="Its class plugins.gone.Thing no longer exists."),
]


THEMES = pytest.mark.parametrize("theme", [DARK.name, LIGHT.name], ids=["dark", "light"])
"""For tests that draw something: in both."""


CONNECTING = Status()
NO_FACTS = BotFacts("connected", "Sandbox", is_live=False)


@dataclass
class ToldChat:
    """The conversations of the story; keeps what is said, as whom and where."""

    people_told: Sequence[ChatPerson] = tuple(PEOPLE)
    channels_told: Sequence[ChatChannel] = tuple(CHANNELS)
    messages: Sequence[ChatMessage] = tuple(MESSAGES)
    version: int = 0
    actions: PersonActions | None = None
    said: list[tuple[str, str, str]] = field(default_factory=list)

    def channels(self) -> Sequence[ChatChannel]:
        return self.channels_told

    def people(self) -> Sequence[ChatPerson]:
        return self.people_told

    def shown(self, channel_id: str, person_id: str) -> Sequence[ChatMessage]:
        del channel_id, person_id
        return self.messages

    def seen(self, channel_id: str) -> None:
        """Nothing is counted here."""

    async def say(self, channel_id: str, person_id: str, text: str, thread_ts: str | None = None) -> str | None:
        del thread_ts
        self.said.append((channel_id, person_id, text))
        return None


@dataclass
class ToldSession:
    """A bot that is told by hand, and that keeps what it is asked to do."""

    history: History = field(default_factory=History)
    names: Names = field(default_factory=Names)
    status: Status = CONNECTING
    is_live: bool = False
    chat: ToldChat | None = field(default_factory=ToldChat)
    values: Sequence[StoredValue] = ()
    plugins_told: Sequence[PluginEntry] = ()
    failures_told: Sequence[FailureEntry] = ()
    jobs_told: Sequence[JobEntry] = ()
    facts_told: BotFacts = NO_FACTS
    known_commands: Sequence[str] = ()
    knows_commands: bool = True
    plugins_version: int = 1
    storage_version: int = 1
    calls_version: int = 0
    project: Path = Path(os.devnull, "no-project")  # nothing can be read or written there
    timezone: tzinfo = UTC
    has_started: bool = False
    captures_replays: bool = False
    asked: list[object] = field(default_factory=list)

    def facts(self) -> BotFacts:
        return self.facts_told

    def take_notifications(self) -> Sequence[Notification]:
        return ()

    def last_failure(self) -> FailureEntry | EventTrace | None:
        return self.history.last_failed

    def plugins(self) -> Sequence[PluginEntry]:
        return self.plugins_told

    def failures(self) -> Sequence[FailureEntry]:
        return self.failures_told

    def jobs(self) -> Sequence[JobEntry]:
        return self.jobs_told

    def commands(self) -> Sequence[str]:
        return self.known_commands

    def source_of(self, handler: str) -> Place | None:
        self.asked.append(handler)
        return None

    async def reload(self) -> None:
        self.asked.append("reload")

    async def enable_plugin(self, name: str) -> None:
        self.asked.append(("enable", name))

    async def disable_plugin(self, name: str) -> None:
        self.asked.append(("disable", name))

    async def run_job(self, job_id: str) -> None:
        self.asked.append(("run", job_id))

    async def stored(self) -> tuple[Sequence[StoredValue], int | None]:
        self.asked.append("stored")
        return self.values, sum(one.size or 0 for one in self.values)

    async def set_value(self, key: str, value: Any) -> None:
        self.asked.append(("set", key, value))

    async def delete_value(self, key: str) -> None:
        self.asked.append(("delete", key))

    async def undo_storage(self) -> str | None:
        self.asked.append("undo")
        return None

    async def explain(self, text: str, person: ChatPerson | None, channel: ChatChannel | None) -> Sequence[Considered]:
        del person, channel
        return [ping(text=text), hello_missed(text)] if text else []

    async def replay(self, event: EventTrace, payload: Mapping[str, Any] | None = None) -> Replayed:
        self.asked.append(("replay", event.envelope.id, payload))
        return Replayed("again", event, ())

    async def replay_recording(self) -> Sequence[Replayed] | None:
        return None

    async def start(self) -> None:
        """It has no life of its own."""

    async def stop(self) -> None:
        """See `start`."""

    def repl_setup(self) -> ReplSetup:
        return ReplSetup({})


def told_session(**facts: Any) -> ToldSession:
    """The bot of the whole story."""
    whole = ToldSession(told_history(), values=VALUES, plugins_told=PLUGINS, failures_told=FAILURES, jobs_told=JOBS)
    return replace(whole, **facts)


class PaneHost(App[None]):
    """Shows one pane alone, in the console's style, and keeps what it posts for the window."""

    CSS_PATH = STYLE_SHEET
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, pane: Pane, theme: str = DARK.name) -> None:
        super().__init__()
        self.pane = pane
        self.posted: list[Message] = []
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        self.theme = theme

    def compose(self) -> ComposeResult:
        yield self.pane

    def on_mount(self) -> None:
        self.pane.main().focus()
        self.pane.sync()

    def on_pane_told(self, event: Pane.Told) -> None:
        self.posted.append(event)

    def on_pane_left(self, event: Pane.Left) -> None:
        self.posted.append(event)

    def on_pane_event_opened(self, event: Pane.EventOpened) -> None:
        self.posted.append(event)

    def on_pane_plugin_opened(self, event: Pane.PluginOpened) -> None:
        self.posted.append(event)
