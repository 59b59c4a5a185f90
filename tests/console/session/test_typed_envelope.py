"""What would it run? Chat, playground, REPL and test kit give one answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from machine.plugins import MachineBasePlugin, Message
from machine.plugins.command import Command
from machine.plugins.decorators import command, listen_to, respond_to
from machine.sandbox import Workspace
from machine.sandbox.workspace_file.parser import DEFAULT_DESCRIPTION
from machine.simulation import Simulation
from machine.testing import Bot, Clock
from machine.trace import Considered, HandlersConsidered
from machine_console.history.history import History
from machine_console.repl.verbs.queries import Queries
from machine_console.session.sandbox_chat import SandboxChat
from machine_console.session.typed_envelope import typed_envelope

GROUP = '[[usergroups]]\nhandle = "oncall"\nname = "On call"\nmembers = ["bob"]\n'


class Listener(MachineBasePlugin):
    """Listens to what Slack makes of what people type."""

    @listen_to(r"^thank <@(?P<who>U\w+)>")
    async def thank(self, msg: Message, who: str) -> None: ...

    @listen_to(r"^see <#C\w+\|ops>$")
    async def see(self, msg: Message) -> None: ...

    @listen_to(r"^wake <!subteam\^S\w+\|@oncall>$")
    async def wake(self, msg: Message) -> None: ...

    @listen_to(r"^a &amp; b &lt; c &gt; d$")
    async def compare(self, msg: Message) -> None: ...

    @listen_to(r"^<https://example\.com/\?a=1&amp;b=2>$")
    async def follow(self, msg: Message) -> None: ...

    @listen_to(r"^open <http://api\.example\.com/\?a&amp;b\|api\.example\.com/\?a&amp;b>$")
    async def open(self, msg: Message) -> None: ...

    @listen_to(r"^write to <mailto:bob@acme\.example\|bob@acme\.example> :tada:$")
    async def write(self, msg: Message) -> None: ...

    @listen_to(r"^run `ls api\.example\.com &amp; 🎉`$")
    async def run(self, msg: Message) -> None: ...

    @listen_to(r"^thank @nobody in #secret$")
    async def plain(self, msg: Message) -> None: ...

    @respond_to(r"^status$")
    async def status(self, msg: Message) -> None: ...

    @command("/deploy")
    async def deploy(self, cmd: Command) -> None: ...


@pytest.fixture
async def kit(tmp_path: Path) -> AsyncIterator[Bot]:
    """A bot whose workspace has a user group."""
    description = tmp_path / "workspace.toml"
    description.write_text(DEFAULT_DESCRIPTION.read_text(encoding="utf-8") + GROUP, encoding="utf-8")
    workspace = Workspace.from_toml(description)
    workspace.channels.invite(workspace.find_channel("secret"), [workspace.bot.id], workspace.find_person("bob").id)
    workspace.open_group_dm("alice", "carol", workspace.bot)
    async with Bot(workspace=workspace, clock=Clock(), project=tmp_path, plugins=[Listener]) as kit:
        await kit.user("alice").joins("#general")
        yield kit


def in_short(considered: Sequence[Considered]) -> list[tuple[object, ...]]:
    return sorted((one.handler, one.is_match, one.reason, *one.groups.items()) for one in considered)


def happened(kit: Bot) -> Sequence[Considered]:
    """The handlers that the bot has held the newest message or command against."""
    newest = [event for event in kit.events if event.type != "app_mention"][-1]
    return next(one for one in kit.traced(HandlersConsidered) if one.envelope_id == newest.id).explain()


@pytest.mark.parametrize("place", ["#general", "@alice", "group DM", "#secret"])
@pytest.mark.parametrize(
    ("text", "handler"),
    [
        ("thank @bob for it", "thank"),
        ("see #ops", "see"),
        ("wake @oncall", "wake"),
        ("a & b < c > d", "compare"),
        ("https://example.com/?a=1&b=2", "follow"),
        ("open api.example.com/?a&b", "open"),
        ("write to bob@acme.example 🎉", "write"),
        ("run `ls api.example.com & 🎉`", "run"),
        ("thank @nobody in #secret", "plain"),
        ("@machine status", "status"),
        ("status", None),
        ("/deploy api & @bob", "deploy"),
        ("/restart", None),
        (" /deploy api", None),
    ],
)
async def test_chat_playground_repl_and_test_kit_say_the_same(
    kit: Bot, text: str, handler: str | None, place: str
) -> None:
    """C2: the playground said that no handler would run for a typed `thank @bob`, although one did."""
    workspace = kit.workspace
    alice = workspace.find_person("alice")
    where = workspace.open_group_dm("alice", "carol", workspace.bot) if place == "group DM" else kit.find_channel(place)
    chat = SandboxChat(workspace)
    person = next(one for one in chat.people() if one.id == alice.id)
    channel = next(one for one in chat.channels() if one.id == where.id)

    simulation = Simulation(chat.names, kit.machine.identity.team_id)
    channels = kit.machine.slack.directory.channels
    shown = kit.machine.explain(typed_envelope(text, person, channel, simulation, channels))
    repl = Queries(kit.machine, History(), workspace).handlers(text, user="alice", channel=where.id)
    said_by_kit = kit.handlers(text, user="alice", channel=place if place != "group DM" else where.id)
    await chat.say(channel.id, person.id, text)
    await kit.settled()

    assert isinstance(repl, list)
    assert in_short(shown) == in_short(repl) == in_short(said_by_kit) == in_short(happened(kit))
    matched = [one.handler.rpartition(".")[2] for one in shown if one.is_match]
    if text == "status":
        handler = "status" if place == "@alice" else None
    assert matched == ([handler] if handler else [])


async def test_a_thread_makes_no_difference(kit: Bot) -> None:
    """What handlers wait for is the text, wherever in its channel it is written."""
    question = kit.workspace.post("alice", "general", "well?")

    kit.workspace.post("alice", "general", "thank @bob", question.ts)
    await kit.settled()

    assert in_short(happened(kit)) == in_short(kit.handlers("thank @bob", user="alice", channel="#general"))
