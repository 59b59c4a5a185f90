"""The bot under test is the real one, talking with slack_sdk's real clients to the sandbox on loopback."""

from __future__ import annotations

import gc
import logging
import textwrap
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
import structlog
from hypothesis import HealthCheck, settings

from machine.bot import Machine
from machine.envelope import Envelope
from machine.logs import configure_logging
from machine.plugins.base import MachineBasePlugin
from machine.sandbox import Sandbox, Workspace
from machine.sandbox.state.objects import Message
from machine.testing.life import Life
from machine.trace import Record
from tests.waiting import NET_S

R = TypeVar("R", bound=Record)

PATIENT_LIMITS_S = (
    "machine.receiving.intake.ANSWER_WITHIN_S",  # else an answer is not sent
    "machine.receiving.deduplication.CLAIM_WITHIN_S",  # else an event runs twice
    "machine.dispatch.supervisor.CANCEL_WITHIN_S",  # else a handler is left behind
    "machine.receiving.thread.CLOSE_WITHIN_S",  # else a thread is
    "machine.receiving.http.BODY_WITHIN_S",
    "machine.slack.directory.FIRST_PAGES_TIMEOUT_S",  # else people and channels are not known yet
    "machine.slack.directory.LOOK_UP_TIMEOUT_S",
    "machine.storage.backends.sqlite._BUSY_TIMEOUT_S",
    "machine.health.STORAGE_WITHIN_S",
    "machine.sandbox.state.views.TRIGGER_LIFETIME_S",  # else a modal is refused
    "machine_console.repl.verbs.simulation.WAIT_S",
    "machine_console.repl.verbs.storages.LOOK_UP_WITHIN_S",
)
"""Limits that a test exceeds only where the machine has no time for it."""

# How long an example takes says nothing about the code where the machine is busy.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
# Ten thousand examples of each property, for CI: `pytest --hypothesis-profile=thorough`.
settings.register_profile("thorough", settings.get_profile("patient"), max_examples=10_000)


class BotUnderTest:
    """The test kit's bot, before and after it is started, as the framework's own tests look at it: ids and all.

    Attributes:
        life: What the kit starts, watches and stops.
        records: Everything that was traced, in order.
        project: The bot's folder; `write_plugin` puts files into its plugin folder.
    """

    def __init__(self, project: Path) -> None:
        self.project = project
        self.life = life = Life(Workspace.default(), project, patience=timedelta(seconds=NET_S))
        self.workspace = life.workspace
        self.records = life.recorded.records
        self.traced, self.calls = life.recorded.of_kind, life.recorded.calls
        self.until, self.settled, self.stop = life.until, life.settled, life.stop

    @property
    def machine(self) -> Machine:
        """The bot itself, once it is started."""
        return self.life.machine

    @property
    def sandbox(self) -> Sandbox:
        """What it is connected to."""
        return self.life.sandbox

    async def start(self, *plugins: type[MachineBasePlugin], watch: bool = False, **settings: Any) -> None:
        """Start sandbox and bot; by default without any built-in plugin and with storage in memory."""
        await self.life.start(plugins, settings, watch=watch)

    def write_plugin(self, name: str, source: str) -> Path:
        """Write a file into the plugin folder, as an editor would save it."""
        folder = self.project / "plugins"
        folder.mkdir(exist_ok=True)
        path, scratch = folder / f"{name}.py", self.project / ".saving"
        # By rename, so that nobody ever finds half a file, however long this process is held up in the middle.
        scratch.write_text(textwrap.dedent(source), encoding="utf-8")
        return scratch.replace(path)

    def said(self, channel: str = "general", thread_ts: str | None = None) -> list[Message]:
        """What the bot has posted to a channel, or to one of its threads."""
        return [message for message in self.workspace.history(channel, thread_ts) if message.is_by_bot]

    async def answer(self, count: int = 1, channel: str = "general", thread_ts: str | None = None) -> Message:
        """The bot's message number `count` in a channel, or in one of its threads, when it is there."""
        enough = await self.until(
            lambda: found if len(found := self.said(channel, thread_ts)) >= count else None,
            f"message {count} in {channel}",
        )
        return enough[count - 1]

    async def record(self, kind: type[R], count: int = 1, where: Callable[[R], bool] = lambda _: True) -> R:
        """Record number `count` of a kind, when it is there."""
        enough = await self.until(
            lambda: hits if len(hits := [hit for hit in self.traced(kind) if where(hit)]) >= count else None,
            f"{kind.__name__} number {count}",
        )
        return enough[count - 1]

    async def deliver(self, *envelopes: Envelope) -> None:
        """Have envelopes received as if a transport had brought them together, and wait until they are handled."""
        await self.machine.receiver.deliver(envelopes)
        await self.machine.wait_until_idle()


def pytest_collection_finish() -> None:
    """What all tests need for as long as they run is not looked through for garbage again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def patient_limits() -> Iterator[None]:
    """A machine that is busy with other things holds up every loop; only the limits' own tests are about that."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("machine.watchdog.LIMIT", timedelta(minutes=5))
        for limit in PATIENT_LIMITS_S:
            patch.setattr(limit, NET_S)
        patch.setattr("machine.sandbox.delivery.socket_mode.ACK_TIMEOUT", timedelta(seconds=NET_S))
        patch.setattr("machine.sandbox.delivery.http_delivery.ACK_TIMEOUT", timedelta(seconds=NET_S))
        yield


@pytest.fixture
async def bot(tmp_path: Path) -> AsyncIterator[BotUnderTest]:
    """A bot that has not been started yet."""
    bot = BotUnderTest(tmp_path)
    yield bot
    await bot.stop()


@pytest.fixture
def production_logging() -> Iterator[None]:
    """Logging as `machine run` sets it up, so that what plugins log reaches the trace."""
    root = logging.getLogger()
    level = root.level
    configure_logging(logging.INFO)
    yield
    structlog.reset_defaults()
    root.setLevel(level)
    logging.captureWarnings(False)
