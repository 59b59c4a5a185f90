"""Where conversations come from: the sandbox itself, or what the bot sees of a workspace."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from machine.envelope import Envelope
from machine.errors import MachineError
from machine.sandbox import Workspace
from machine.settings import Settings
from machine.trace import EnvelopeReceived, Record
from machine_console.runtime.runtime import Runtime
from machine_console.session.chat import ChatMessage
from machine_console.session.chat_log import MAX_MESSAGES, ChatLog
from machine_console.session.live_chat import LiveChat
from machine_console.session.sandbox_chat import SandboxChat
from machine_console.text.formatting import kind_of
from machine_console.text.names import LiveNames, SandboxNames
from tests.waiting import NET_S


def texts(log: ChatLog, channel_id: str) -> list[str]:
    return [message.text for message in log.messages(channel_id)]


async def test_the_sandbox_is_shown_as_it_changes() -> None:
    """Messages, edits, reactions and deletions, the moment they happen."""
    workspace = Workspace.default()
    general = workspace.find_channel("general").id
    first = workspace.post("alice", "general", "before the console")
    chat = SandboxChat(workspace)

    second = workspace.post("bob", "general", "hi <@alice> & all", thread_ts=first.ts)
    workspace.edit("bob", "general", second.ts, "hello")
    workspace.react("carol", "general", second.ts, "tada")
    workspace.delete("alice", "general", first.ts)

    (message,) = chat.log.messages(general)
    assert (message.author, message.text, message.is_edited) == ("bob", "hello", True)
    assert message.reactions == (("tada", 1),)
    assert message.thread_ts == first.ts
    assert chat.log.unread(general) == 1

    chat.close()
    workspace.post("bob", "general", "unheard")
    assert len(chat.log.messages(general)) == 1


async def test_direct_messages_are_listed_before_they_exist() -> None:
    """One clicks a person to write as them to the bot."""
    workspace = Workspace.default()
    chat = SandboxChat(workspace)
    labels = {channel.label: channel for channel in chat.channels()}
    assert {"#general", "@alice", "@bob"} <= labels.keys()

    await chat.say(labels["@bob"].id, labels["@bob"].person_id or "", "psst")

    dm = next(channel for channel in chat.channels() if channel.label == "@bob")
    assert texts(chat.log, dm.id) == ["psst"]
    assert SandboxNames(workspace).channel(dm.id) == "@bob"


async def test_what_cannot_be_said_is_a_refusal() -> None:
    """The app shows it as a notice."""
    chat = SandboxChat(Workspace.default())
    secret = next(channel for channel in chat.channels() if channel.label == "#secret")
    outsider = next(person for person in chat.people() if person.name == "dave")

    with pytest.raises(MachineError, match=r"not_in_channel|channel_not_found"):
        await chat.say(secret.id, outsider.id, "let me in")


@pytest.fixture
async def runtime(tmp_path: Path) -> AsyncIterator[Runtime]:
    """A bot in the sandbox, which cannot tell it from a real workspace."""
    runtime = Runtime(Settings.check({"SQLITE_PATH": str(tmp_path / "storage.db")}), tmp_path)
    await runtime.start()
    yield runtime
    await runtime.stop()


async def test_live_mode_shows_what_the_bot_sees_and_speaks_as_the_bot(runtime: Runtime) -> None:
    """There is no other way to know what people wrote."""
    assert runtime.sandbox is not None
    workspace, machine = runtime.sandbox.workspace, runtime.machine
    chat = LiveChat(machine)
    general = workspace.find_channel("general").id
    assert "#general" in {channel.label for channel in chat.channels()}

    await chat.say(general, chat.people()[0].id, "I am a bot")

    assert workspace.history("general")[-1].text == "I am a bot"
    assert workspace.history("general")[-1].is_by_bot
    told = await chat.say(general, "", "/deploy")
    assert told is not None
    assert "only people" in told
    with pytest.raises(MachineError, match="channel_not_found"):
        await chat.say("C404", "", "hi")
    assert LiveNames(machine.slack.directory).channel("C404") == "C404"
    chat.close()


async def test_live_mode_follows_people_as_events_reach_the_bot(runtime: Runtime) -> None:
    """Messages, edits, reactions and deletions, put together from the trace."""
    assert runtime.sandbox is not None
    workspace = runtime.sandbox.workspace
    chat = LiveChat(runtime.machine)
    general = workspace.find_channel("general").id
    arrived: asyncio.Queue[str] = asyncio.Queue()

    def note(record: Record) -> None:
        if isinstance(record, EnvelopeReceived):
            arrived.put_nowait(kind_of(record.envelope))

    async def reached(kind: str) -> None:
        async with asyncio.timeout(NET_S):
            while await arrived.get() != kind:
                pass

    runtime.machine.trace.subscribe(note)
    kept, gone = workspace.post("alice", "general", "hi <@bob>"), workspace.post("bob", "general", "oops")
    await reached("message")
    await reached("message")
    workspace.edit("alice", "general", kept.ts, "hi bob")
    await reached("message_changed")
    workspace.react("carol", "general", kept.ts, "tada")
    await reached("reaction_added")
    workspace.delete("bob", "general", gone.ts)
    await reached("message_deleted")

    (message,) = chat.log.messages(general)
    assert (message.author, message.text, message.is_edited) == ("alice", "hi bob", True)
    assert message.reactions == (("tada", 1),)
    chat.close()


async def test_live_mode_keeps_the_newest_of_what_nobody_looked_at(runtime: Runtime) -> None:
    """In a storm each message counts as unread, and the last ones are there, with what became of them."""
    trace, count = runtime.machine.trace, MAX_MESSAGES + 7
    chat = LiveChat(runtime.machine)

    def arrive(number: int, **event: Any) -> None:
        event = {"type": "message", "user": "U1", "channel": "C1", **event}
        trace.emit(EnvelopeReceived(envelope=Envelope(f"e{number}", "events_api", {"event": event})))

    before = chat.version
    for number in range(count):
        arrive(number, ts=f"{number}.0", text=f"number {number}")
    arrive(count, subtype="message_changed", message={"ts": "5.0", "text": "forgotten", "user": "U1"})
    arrive(count + 1, subtype="message_deleted", deleted_ts="7.0")
    arrive(count + 2, channel="C2", ts="1.0", text="elsewhere")

    assert chat.version > before
    shown = chat.log.messages("C1")
    assert [message.text for message in shown] == [f"number {number}" for number in range(8, count)]
    assert chat.log.unread("C1") == count
    assert texts(chat.log, "C2") == ["elsewhere"]
    chat.close()


def test_only_the_newest_messages_are_kept() -> None:
    """A busy channel must not eat the memory."""
    log = ChatLog()
    for number in range(MAX_MESSAGES + 3):
        log.put("C1", ChatMessage(f"{number}.0", "a", str(number)))

    assert len(log.messages("C1")) == MAX_MESSAGES
    assert log.messages("C1")[0].text == "3"


def test_seen_messages_are_no_longer_unread() -> None:
    """Editing one is no news either."""
    log = ChatLog()
    log.put("C1", ChatMessage("1.0", "a", "x"))
    log.seen("C1")
    log.put("C1", ChatMessage("1.0", "a", "y", is_edited=True))

    assert log.unread("C1") == 0
