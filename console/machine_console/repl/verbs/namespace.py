"""The names at the prompt: verbs, live collections, and what may stand in their arguments."""

from __future__ import annotations

import pydoc
from typing import TYPE_CHECKING, Any

from machine.bot import Machine
from machine.envelope import Envelope, Payload
from machine.loading.loader import LoadedPlugin
from machine.scheduler import Job
from machine.trace import Considered
from machine_console.history.history import EventTrace, History, InvocationTrace
from machine_console.repl.language.errors import ReplError
from machine_console.repl.verbs.candidates import CANDIDATES, candidate_table
from machine_console.repl.verbs.collections import Collection, EventCollection
from machine_console.repl.verbs.display import NAMES, Card, Rows, add_row, card_of, when
from machine_console.repl.verbs.lookup import Lookup
from machine_console.repl.verbs.queries import Queries
from machine_console.repl.verbs.slack_verbs import SlackVerbs
from machine_console.repl.verbs.storages import Storages
from machine_console.text.formatting import milliseconds, short_handler
from machine_console.text.names import LiveNames

if TYPE_CHECKING:  # a bot against Slack has none
    from machine.sandbox import Workspace

VERBS: dict[str, str] = {
    "say": 'say("#ops", "hi"): post a message as the bot',
    "reply": 'reply("on it"): answer the newest message, in its thread',
    "react": 'react("tada"): add an emoji to the newest message',
    "dm": 'dm("alice", "hi"): write to a person directly',
    "update": 'update("better"): change the last message posted here, or update("better", _) another',
    "delete": "delete(_): delete a message of the bot's",
    "pin": "pin(_): pin a message",
    "topic": 'topic("#ops", "release day"): set a channel\'s topic',
    "upload": 'upload("#ops", file="report.csv"): share a file, or a text as a file',
    "schedule": 'schedule("10m", "#ops", "time is up"): say something later',
    "simulate": 'simulate("ping", user="alice", channel="#general"): let somebody say or do something',
    "replay": "replay(last): let the bot handle an event once more",
    "handlers": 'handlers("ping"): which handlers would run, and why or why not',
    "user": 'user("alice"): a person, also by id or e-mail address',
    "channel": 'channel("#general"): a channel, also by id',
    "history": 'history("#general", 20): the newest messages',
    "reload": "reload(): reload changed plugin files now",
    "show": "show(_): a folded result in full",
}
"""The verbs, as `help` lists them."""

NOUNS: dict[str, str] = {
    "users": "users.where(is_bot=False): the people",
    "channels": "channels: the channels and direct messages",
    "storage": 'await storage["todo.Todo"].keys(): what plugins have stored',
    "plugins": "plugins: what is loaded, and what failed",
    "jobs": "jobs: what runs when",
    "events": 'events.where(kind="message", error=True): what happened, newest last',
    "last": "last: the newest event and what it led to",
    "web": "web.users_info(user=...): slack_sdk's AsyncWebClient",
    "bot": "bot: the Machine itself",
    "workspace": 'workspace.faults.fail("chat.*", status=503): the embedded workspace, if the bot is in it',
    "_": "_, __: the last two results",
}
"""The other names, as `help` lists them."""


def build_namespace(machine: Machine, history: History, workspace: Workspace | None = None) -> dict[str, Any]:
    """The names that the prompt begins with.

    Args:
        machine: The bot, started.
        history: What it did; its `record` must be subscribed to the bot's trace.
        workspace: The embedded workspace the bot is in; `None` against Slack.
    """
    queries, slack_verbs = Queries(machine, history, workspace), SlackVerbs(machine, history)
    lookup = Lookup(machine.slack.directory)
    storage = Storages(machine)
    namespace: dict[str, Any] = {
        name: getattr(slack_verbs if hasattr(SlackVerbs, name) else queries, name) for name in VERBS
    }
    namespace |= {
        "users": Collection("people", machine.slack.users.values, lookup.user, machine.slack.users.__len__),
        "channels": Collection(
            "channels", machine.slack.channels.values, lookup.channel, machine.slack.channels.__len__
        ),
        "storage": storage,
        "plugins": _PluginCollection(machine),
        "jobs": Collection("jobs", machine.jobs),
        "events": EventCollection(history, lookup),
        "last": LastEvent(history),
        "web": machine.slack.web,
        "bot": machine,
        "help": _Help(),
        CANDIDATES: candidate_table(machine, storage.candidates, storage.key_candidates),
        NAMES: LiveNames(machine.slack.directory),
    }
    if workspace is not None:
        namespace["workspace"] = workspace
    return namespace


class LastEvent:
    """The newest event at the moment it is looked at; has the attributes of an `EventTrace`."""

    def __init__(self, history: History) -> None:
        self._history = history

    @property
    def event(self) -> EventTrace:
        """The newest event itself, which stays the same when others arrive.

        Raises:
            ReplError: There has been none.
        """
        event = self._history.last
        if event is None:
            raise ReplError('Nothing has happened yet. Try simulate("hello").')
        return event

    @property
    def envelope(self) -> Envelope:
        """What arrived."""
        return self.event.envelope

    @property
    def payload(self) -> Payload:
        """What Slack sent."""
        return self.envelope.payload

    @property
    def matched(self) -> tuple[Considered, ...]:
        """The handlers it was for."""
        return self.event.matched

    @property
    def invocations(self) -> list[InvocationTrace]:
        """The handlers that ran, with what they did."""
        return self.event.invocations

    def __getattr__(self, name: str) -> Any:
        return getattr(self.event, name)

    def __repr__(self) -> str:
        return "<the newest event>"

    def __repl__(self) -> Card:
        card = card_of(self.event)
        assert card is not None  # events have one
        return card


class _PluginCollection(Collection[LoadedPlugin]):
    """The plugins, with those that could not be loaded."""

    def __init__(self, machine: Machine) -> None:
        super().__init__("plugins", lambda: list(machine.plugins.values()), self._named)
        self._machine = machine

    def _named(self, name: str) -> LoadedPlugin:
        plugins = self._machine.plugins
        found = [plugin for plugin in plugins.values() if name in {plugin.name, plugin.title}]
        if len(found) != 1:
            raise ReplError(f"{name!r} is {'several plugins' if found else 'no plugin'}: {', '.join(plugins)}.")
        return found[0]

    def __repl__(self) -> Rows:
        rows = [
            (plugin.title, plugin.name, str(len(plugin.handlers)), milliseconds(plugin.duration)) for plugin in self
        ]
        rows += [("✗", name, "", str(error)) for name, error in self._machine.failures.items()]
        return Rows(("plugin", "full name", "handlers", "loaded in"), rows, "plugins")


class _Help:
    """`help` lists the names, `help(x)` explains one thing."""

    def __repr__(self) -> str:
        return "help lists the names, help(x) explains one"

    def __call__(self, what: object = None) -> Card | _Help:
        """Explain `what`: a verb, or anything of Python."""
        if what is None:
            return self
        text = pydoc.plain(pydoc.render_doc(what, "%s"))
        title, _, body = text.partition("\n")
        return Card(title, body=body.strip().split("\n"))

    def __repl__(self) -> Rows:
        return Rows(
            ("for example", "what it does"), [text.split(": ", 1) for text in (VERBS | NOUNS).values()], "names"
        )


add_row(
    Job,
    ("handler", "waits for", "next"),
    lambda job: (
        short_handler(job.handler.name),
        job.handler.trigger.describe(),
        when(job.next_run) if job.next_run else "never",
    ),
)
add_row(LoadedPlugin, ("plugin", "full name"), lambda plugin: (plugin.title, plugin.name))
