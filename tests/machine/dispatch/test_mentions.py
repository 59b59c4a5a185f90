"""Mentions, of which Slack tells by `message`, by `app_mention`, or by both in either order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from machine.dispatch.mentions import MAX_REMEMBERED, Mentions
from machine.envelope import Envelope
from machine.plugins import MachineBasePlugin, Message
from machine.plugins.decorators import listen_to, process, respond_to
from machine.trace import HandlersConsidered, LogWritten
from tests.conftest import BotUnderTest


class Deployer(MachineBasePlugin):
    """Keeps what it was told."""

    told: list[str]

    async def init(self) -> None:
        self.told = []

    @respond_to("^deploy (?P<what>.+)$")
    async def deploy(self, msg: Message, what: str) -> None:
        self.told.append(f"respond_to {what} in {msg.channel.name} by {msg.sender.name}")

    @respond_to("^deploy", handle_message_changed=True)
    async def deploy_again(self, msg: Message) -> None:
        self.told.append("edits as well")

    @listen_to("deploy")
    async def overhear(self, msg: Message) -> None:
        self.told.append("listen_to")

    @process("app_mention")
    async def mentioned(self, event: dict[str, Any]) -> None:
        self.told.append("process app_mention")

    @process("message")
    async def written(self, event: dict[str, Any]) -> None:
        self.told.append("process message")


async def deployer(bot: BotUnderTest, **settings: Any) -> Deployer:
    await bot.start(Deployer, **settings)
    [plugin] = [loaded.instance for loaded in bot.machine.plugins.values()]
    assert isinstance(plugin, Deployer)
    return plugin


def event(bot: BotUnderTest, kind: str, ts: Any = "1.000001", **fields: Any) -> Envelope:
    """One of the two events, as Slack sends them for `@machine deploy api`."""
    workspace = bot.workspace
    body = {
        "type": kind,
        "user": workspace.find_person("alice").id,
        "channel": workspace.find_channel("general").id,
        "text": f"<@{workspace.bot.id}> deploy api",
        "ts": ts,
        "event_ts": ts,
    }
    body |= {"channel_type": "channel"} if kind == "message" else {}
    identifier = f"Ev-{kind}-{ts}-{len(fields)}"
    return Envelope(identifier, "events_api", {"event_id": identifier, "event": body | fields})


async def test_an_app_with_mentions_only(bot: BotUnderTest) -> None:
    """B9: `@respond_to` runs although no `message` event ever comes; `@listen_to` hears messages only."""
    object.__setattr__(bot.workspace.app, "events", ("app_mention",))
    plugin = await deployer(bot)

    bot.workspace.post("alice", "general", "@machine deploy api")
    bot.workspace.post("alice", "general", "good @machine, deploy api")  # mentions the bot, but does not address it
    await bot.settled()

    assert sorted(plugin.told) == [
        "edits as well",
        "process app_mention",
        "process app_mention",
        "respond_to api in general by alice",
    ]


@pytest.mark.parametrize("order", [("message", "app_mention"), ("app_mention", "message")])
@pytest.mark.parametrize("together", [True, False])
async def test_a_mention_runs_respond_to_once(bot: BotUnderTest, order: tuple[str, str], together: bool) -> None:
    """B9: whichever of the two events comes first; the other one says why it runs nothing."""
    plugin = await deployer(bot)
    envelopes = [event(bot, kind) for kind in order]

    for batch in [envelopes] if together else [[envelope] for envelope in envelopes]:
        await bot.deliver(*batch)

    assert sorted(plugin.told) == [
        "edits as well",
        "listen_to",
        "process app_mention",
        "process message",
        "respond_to api in general by alice",
    ]
    second = bot.traced(HandlersConsidered)[-1]
    reasons = {one.reason for one in second.explain() if one.trigger.startswith("respond_to")}
    assert reasons == {f"the same message came before, as the event {order[0]}"}


async def test_two_mentions_run_twice(bot: BotUnderTest) -> None:
    """B9: the same words again are another message."""
    plugin = await deployer(bot)

    await bot.deliver(event(bot, "app_mention"), event(bot, "app_mention", ts="1.000002"))

    assert plugin.told.count("respond_to api in general by alice") == 2


async def test_an_edited_mention(bot: BotUnderTest) -> None:
    """B9: an `app_mention` also comes for an edit; only handlers that ask for edits run, and once."""
    plugin = await deployer(bot)
    edited = {"edited": {"user": "U1", "ts": "2.000001"}}
    await bot.deliver(event(bot, "message"))
    plugin.told.clear()

    mention = event(bot, "app_mention", **edited)
    changed = {**event(bot, "message").event, **edited}
    previous = {**changed, "text": "something else"}
    change = event(
        bot, "message", ts="2.000002", subtype="message_changed", message=changed, previous_message=previous, text=""
    )
    await bot.deliver(mention, change)

    assert sorted(plugin.told) == ["edits as well", "process app_mention", "process message"]


async def test_mentions_without_messages_are_told_of(bot: BotUnderTest, production_logging: None) -> None:
    """B9: once, at the second, where a handler waits for messages."""
    object.__setattr__(bot.workspace.app, "events", ("app_mention",))
    await deployer(bot)

    for _ in range(4):
        bot.workspace.post("alice", "general", "@machine deploy api")
    await bot.settled()

    warnings = [record.message for record in bot.traced(LogWritten) if record.level == "warning"]
    assert len([text for text in warnings if "message.channels" in text]) == 1


async def test_a_mention_of_the_bots_own(bot: BotUnderTest) -> None:
    """B9: what the bot wrote itself triggers nothing, as ever."""
    plugin = await deployer(bot)

    await bot.deliver(event(bot, "app_mention", user=bot.workspace.bot.id))

    assert plugin.told == []


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.integers() | st.text(max_size=3) | st.just("<@U1> x"), lambda one: st.lists(one, max_size=2)
)
EVENTS = st.dictionaries(st.sampled_from(["text", "ts", "channel", "edited", "message", "subtype"]), VALUES)


@given(st.lists(st.tuples(st.sampled_from(["message", "app_mention"]), EVENTS), max_size=6))
def test_any_event_has_at_most_one_first(events: list[tuple[str, Mapping[str, Any]]]) -> None:
    """B9: whatever Slack sends in the fields, nothing raises, and of one kind alone nothing is a twin."""
    mentions, alone = Mentions("U1"), Mentions("U1")
    for number, (kind, fields) in enumerate(events):
        envelope = Envelope(str(number), "events_api", {"event": {**fields, "type": kind}})
        assert mentions.twin_of(envelope) in (None, "message", "app_mention")
        only = Envelope(str(number), "events_api", {"event": {**fields, "type": "message"}})
        assert alone.twin_of(only) is None


def test_no_more_is_remembered_than_can_matter() -> None:
    """B9: a bot that runs for months forgets."""
    mentions = Mentions("U1")
    for number in range(MAX_REMEMBERED + 1):
        body = {"type": "message", "channel": "C1", "text": "<@U1>", "ts": f"{number}.0"}
        assert mentions.twin_of(Envelope(str(number), "events_api", {"event": body})) is None

    first = {"type": "app_mention", "channel": "C1", "text": "<@U1>", "ts": "0.0"}
    last = {**first, "ts": f"{MAX_REMEMBERED}.0"}
    assert mentions.twin_of(Envelope("a", "events_api", {"event": last})) == "message"
    assert mentions.twin_of(Envelope("b", "events_api", {"event": first})) is None
