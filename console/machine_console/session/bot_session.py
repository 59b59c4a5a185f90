"""What panes ask of a bot, and what they have it do: the only way from the window to the bot.

Values come out and are frozen; commands go in and are awaited. Nothing here is the running bot itself, so that the bot
may be in another process. What looks often asks for a version first, which costs nothing while nothing happens.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from typing import Any, Protocol

from machine.trace import Considered
from machine_console.history.history import EventTrace, History
from machine_console.history.replay import Replayed
from machine_console.session.chat import ChatChannel, ChatPerson, ChatSource
from machine_console.session.plugins import FailureEntry, JobEntry, PluginEntry
from machine_console.session.stored_values import StoredValue
from machine_console.status.bot_status import BotFacts, Status
from machine_console.status.notifications import Notification
from machine_console.text.document_tree import Place
from machine_console.text.formatting import Names


@dataclass(frozen=True, slots=True)
class ReplSetup:
    """What the prompt begins with; see `machine_console.repl.pane.terminal.ReplTerminal.attach`."""

    namespace: Mapping[str, object]
    label: str = ""
    is_live: bool = False
    mode: str = "emacs"


class BotSession(Protocol):
    """A bot, as far as the window is concerned.

    Commands raise `MachineError` with a message for the person where something cannot be done.
    """

    @property
    def history(self) -> History:
        """What the bot did: the console's own record, kept from what the trace tells."""

    @property
    def names(self) -> Names:
        """What people and channels are called; ids until the bot has started."""

    @property
    def project(self) -> Path:
        """The folder of the bot."""

    @property
    def timezone(self) -> tzinfo:
        """In which times are shown."""

    @property
    def is_live(self) -> bool:
        """Whether the workspace is a real one."""

    @property
    def captures_replays(self) -> bool:
        """Whether nothing is sent of what handlers send while an event is replayed."""

    @property
    def has_started(self) -> bool:
        """Whether the bot runs; before that there are no plugins, no stored values, and nobody to talk to."""

    @property
    def chat(self) -> ChatSource | None:
        """The conversations; `None` until the bot has started."""

    # How the bot is doing.

    @property
    def status(self) -> Status:
        """What the top line says."""

    def facts(self) -> BotFacts:
        """What the Bot pane says; worked out at each call."""

    def take_notifications(self) -> Sequence[Notification]:
        """What a person should be told since the last time this was asked."""

    def last_failure(self) -> FailureEntry | EventTrace | None:
        """What failed last: a plugin that could not be loaded, or an event whose handler raised."""

    # Plugins.

    @property
    def plugins_version(self) -> int:
        """Grows when plugins, failures, jobs or commands are no longer what they were."""

    @property
    def calls_version(self) -> int:
        """Grows when a handler has run."""

    def plugins(self) -> Sequence[PluginEntry]:
        """The plugins that are live."""

    def failures(self) -> Sequence[FailureEntry]:
        """The plugins that could not be loaded."""

    def jobs(self) -> Sequence[JobEntry]:
        """The scheduled jobs."""

    @property
    def knows_commands(self) -> bool:
        """Whether `commands()` has all there are: bots in other processes, and other apps in Slack, have their own."""

    def commands(self) -> Sequence[str]:
        """The slash commands that plugins handle."""

    def source_of(self, handler: str) -> Place | None:
        """Where a handler is written; `None` for one that is not loaded."""

    async def reload(self) -> None:
        """Take over changed plugin files now."""

    async def enable_plugin(self, name: str) -> None:
        """Switch a plugin on."""

    async def disable_plugin(self, name: str) -> None:
        """Switch a plugin off."""

    async def run_job(self, job_id: str) -> None:
        """Run a scheduled job at once."""

    # Stored values.

    @property
    def storage_version(self) -> int:
        """Grows when a plugin has stored or deleted something."""

    async def stored(self) -> tuple[Sequence[StoredValue], int | None]:
        """What is stored, and how many bytes the backend takes, where it knows."""

    async def set_value(self, key: str, value: Any) -> None:
        """Store a value under a full key; it keeps the lifetime it had."""

    async def delete_value(self, key: str) -> None:
        """Remove a full key."""

    async def undo_storage(self) -> str | None:
        """Take the last change made here back; returns its key, or `None` if there is none left."""

    # Events.

    async def explain(self, text: str, person: ChatPerson | None, channel: ChatChannel | None) -> Sequence[Considered]:
        """Which handlers a text would run, and why or why not; nothing is run."""

    async def replay(self, event: EventTrace, payload: Mapping[str, Any] | None = None) -> Replayed:
        """Run an event again, with another payload where one is given."""

    async def replay_recording(self) -> Sequence[Replayed] | None:
        """Run the recording that the session was opened for; `None` where there is none."""

    # Its life.

    async def start(self) -> None:
        """Start the bot; returns when it listens. Raises `OSError` as well where a file cannot be used."""

    async def stop(self) -> None:
        """Stop the bot, whose handlers finish first; safe to call twice, and before `start()` has returned."""

    def repl_setup(self) -> ReplSetup:
        """What the prompt runs on, once the bot has started: live objects, which is what a prompt is for."""
