"""The inbox: what a bot notes of each event, and what the next bot in its folder makes of what is left."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from machine.envelope import Envelope
from machine.plugins import MachineBasePlugin, Message
from machine.plugins.decorators import listen_to
from machine.receiving.inbox import MAX_ATTEMPTS, Inbox
from machine.receiving.journal import AbandonedJournal, Entry, Journal
from machine.settings import InboxPolicy
from machine.trace import EnvelopeDropped, EnvelopeUnfinished, LogWritten, Trace
from tests.conftest import BotUnderTest


class Slow(MachineBasePlugin):
    """Begins, and does not end while the gate is shut."""

    gate: asyncio.Event
    begun: list[str]

    async def init(self) -> None:
        self.gate = asyncio.Event()
        self.begun = []

    @listen_to("^work")
    async def work(self, msg: Message) -> None:
        self.begun.append(msg.text)
        await self.gate.wait()
        await msg.say(f"done: {msg.text}")


def slow(bot: BotUnderTest) -> Slow:
    """The plugin of a bot."""
    (plugin,) = (loaded.instance for loaded in bot.machine.plugins.values())
    assert isinstance(plugin, Slow)
    return plugin


@pytest.fixture
async def next_bot(bot: BotUnderTest) -> AsyncIterator[BotUnderTest]:
    """Another bot in the same folder."""
    other = BotUnderTest(bot.project)
    yield other
    await other.stop()


def inbox_of(bot: BotUnderTest) -> Path:
    return bot.project / ".machine" / "inbox"


def event(number: int) -> Envelope:
    """Something to note."""
    payload = {"event_id": f"Ev{number}", "event": {"type": "message", "text": f"text {number}", "user": "U1"}}
    return Envelope(f"e{number}", "events_api", payload)


async def interrupted(bot: BotUnderTest, *texts: str) -> None:
    """Have a bot stopped while it works on messages."""
    await bot.start(Slow, DRAIN_TIMEOUT=0.01)
    for text in texts:
        bot.workspace.post("alice", "general", text)
    await bot.until(lambda: len(slow(bot).begun) == len(texts))
    await bot.stop()


async def test_what_is_handled_is_removed(bot: BotUnderTest) -> None:
    """And a bot that has finished leaves no file; what nobody listens to is finished at once."""
    await bot.start(Slow)
    bot.workspace.post("alice", "general", "work 1")
    bot.workspace.post("alice", "general", "no work")
    await bot.until(lambda: slow(bot).begun)
    (journal,) = inbox_of(bot).glob("*.db")
    with sqlite3.connect(journal) as connection:
        # Nothing tells of it: the inbox forgets an event after all that is traced.
        while connection.execute("SELECT count(*) FROM envelopes").fetchone() != (1,):  # noqa: ASYNC110
            await asyncio.sleep(0)
    connection.close()

    slow(bot).gate.set()
    await bot.answer()
    await bot.stop()

    assert list(inbox_of(bot).iterdir()) == []


@pytest.mark.usefixtures("production_logging")
async def test_what_was_interrupted_is_reported(bot: BotUnderTest, next_bot: BotUnderTest) -> None:
    """With what is needed to find it, and once."""
    await interrupted(bot, "work on the release")
    await next_bot.start(Slow)

    found = next_bot.traced(EnvelopeUnfinished)
    assert [(one.envelope.text, one.attempts, one.is_rerun) for one in found] == [("work on the release", 1, False)]
    (line,) = [log for log in next_bot.traced(LogWritten) if "was not finished" in log.message]
    assert "work on the release" in str(line)
    await next_bot.settled()
    assert slow(next_bot).begun == []
    assert list(inbox_of(bot).iterdir()) == []


async def test_what_was_interrupted_runs_again(bot: BotUnderTest, next_bot: BotUnderTest) -> None:
    """In the order in which it came, and a later delivery of the same event does not run it a third time."""
    await interrupted(bot, "work 1", "work 2", "work 3")
    await next_bot.start(Slow, INBOX="rerun")
    await next_bot.until(lambda: len(slow(next_bot).begun) == 3)

    assert slow(next_bot).begun == ["work 1", "work 2", "work 3"]
    again = next_bot.traced(EnvelopeUnfinished)[0].envelope
    await next_bot.machine.receiver.deliver([again])
    await next_bot.record(EnvelopeDropped)
    slow(next_bot).gate.set()
    await next_bot.answer(3)
    await next_bot.stop()
    assert list(inbox_of(bot).iterdir()) == []


async def test_a_living_bots_events_are_its_own(bot: BotUnderTest, next_bot: BotUnderTest) -> None:
    """Two processes may share a folder."""
    await bot.start(Slow)
    bot.workspace.post("alice", "general", "work 1")
    await bot.until(lambda: slow(bot).begun)
    await next_bot.start(Slow, INBOX="rerun")

    assert next_bot.traced(EnvelopeUnfinished) == []
    slow(bot).gate.set()
    await bot.answer()


async def test_an_event_that_crashes_the_bot_runs_no_more(tmp_path: Path) -> None:
    """It is run three times in all, then only reported."""
    journal = Journal(tmp_path)
    journal.add([Entry(event(attempts), datetime.now(UTC), attempts) for attempts in range(1, MAX_ATTEMPTS + 1)])
    journal.close()
    trace, found = Trace(), list[EnvelopeUnfinished]()
    trace.subscribe(found.append)  # type: ignore[arg-type]  # nothing else is traced
    inbox = Inbox(tmp_path, InboxPolicy.RERUN, trace)

    assert [envelope.id for envelope in await inbox.recover()] == ["e1", "e2"]
    assert [(one.attempts, one.is_rerun) for one in found] == [(1, True), (2, True), (3, False)]
    await inbox.close()
    (left,) = AbandonedJournal.find(tmp_path)
    assert [entry.attempts for entry in left.entries()] == [2, 3]
    left.delete()


@pytest.mark.usefixtures("production_logging")
async def test_a_damaged_journal_is_kept_and_told(bot: BotUnderTest) -> None:
    """It must not keep the bot from starting."""
    inbox_of(bot).mkdir(parents=True)
    (inbox_of(bot) / "1-abc.db").write_bytes(b"not a database, but long enough to be taken for one" * 100)
    await bot.start(Slow)

    assert [log.message for log in bot.traced(LogWritten) if "is damaged" in log.message]
    assert [path.name for path in inbox_of(bot).iterdir()] == ["1-abc.damaged"]


@pytest.mark.usefixtures("production_logging")
async def test_without_a_folder_the_bot_runs_on(bot: BotUnderTest) -> None:
    """It says once that there is no inbox."""
    inbox_of(bot).parent.mkdir()
    inbox_of(bot).write_text("in the way")
    await bot.start(Slow)
    slow(bot).gate.set()
    for number in range(3):
        bot.workspace.post("alice", "general", f"work {number}")
    await bot.answer(3)

    (line,) = [log for log in bot.traced(LogWritten) if "cannot be noted" in log.message]
    assert "INBOX" in line.message


async def test_off_is_off(bot: BotUnderTest) -> None:
    """Nothing is written."""
    await bot.start(Slow, INBOX="OFF")
    slow(bot).gate.set()
    bot.workspace.post("alice", "general", "work")
    await bot.answer()

    assert not inbox_of(bot).exists()


def test_only_its_user_can_read_it(tmp_path: Path) -> None:
    """It holds what people wrote."""
    journal = Journal(tmp_path / "inbox")
    modes = [path.stat().st_mode & 0o777 for path in (tmp_path / "inbox", *(tmp_path / "inbox").iterdir())]
    journal.close()

    assert set(modes) <= {0o700, 0o600}


async def test_what_could_not_be_removed_is_later(tmp_path: Path) -> None:
    """A disk that was full for a while must not have finished events run again."""
    inbox = Inbox(tmp_path, InboxPolicy.RERUN, Trace())
    envelopes = [Envelope(f"id-{number}", "events_api", {}) for number in range(3)]
    inbox.keep(envelopes)
    assert inbox._journal is not None
    inbox._journal._connection.execute("PRAGMA query_only = ON")
    inbox.handled(envelopes[0], [])
    await asyncio.sleep(0)
    assert inbox._left == ["id-0"]

    inbox._journal._connection.execute("PRAGMA query_only = OFF")
    inbox.handled(envelopes[1], [])
    await inbox.close()

    assert [envelope.id for envelope in await Inbox(tmp_path, InboxPolicy.RERUN, Trace()).recover()] == ["id-2"]


async def test_many_events_and_odd_ones_are_noted_together(tmp_path: Path) -> None:
    """More than one statement takes, in their order; half a character, which JSON may hold, is no reason to fail."""
    odd = Envelope("odd", "events_api", {"event": {"text": "cut \ud83d, żółw 🐢"}})
    journal = Journal(tmp_path)
    journal.add([Entry(one, datetime.now(UTC)) for one in [*map(event, range(250)), odd]])
    journal.remove([f"e{number}" for number in range(0, 250, 2)])
    journal.remove([])
    journal.close()

    [abandoned] = AbandonedJournal.find(tmp_path)
    left = [entry.envelope for entry in abandoned.entries()]

    assert left == [*map(event, range(1, 250, 2)), odd]
    abandoned.delete()


def test_a_journal_that_was_just_being_made_holds_nothing(tmp_path: Path) -> None:
    """A process may be killed before it has made the table; that is no damage."""
    (tmp_path / "17-abc.db").touch()

    assert asyncio.run(Inbox(tmp_path, InboxPolicy.REPORT, Trace()).recover()) == []

    assert list(tmp_path.iterdir()) == []
