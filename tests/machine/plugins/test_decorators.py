"""What decorators say, alone and together, and what handlers receive by them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import structlog

from machine.envelope import Envelope
from machine.errors import PluginError
from machine.plugins import (
    BlockAction,
    Command,
    MachineBasePlugin,
    Message,
    ModalClosure,
    ModalSubmission,
    decorators,
)
from machine.plugins.decorators import (
    action,
    command,
    listen_to,
    modal,
    modal_closed,
    on,
    process,
    required_settings,
    respond_to,
    schedule,
    timeout,
)
from machine.trace import LogWritten, PluginFailed
from tests.conftest import BotUnderTest


class Recorder(MachineBasePlugin):
    """Keeps what its handlers were called with."""

    ran: list[Any]

    async def init(self) -> None:
        self.ran = []


def recorder(bot: BotUnderTest) -> Recorder:
    """The live recorder."""
    [plugin] = [loaded.instance for loaded in bot.machine.plugins.values() if isinstance(loaded.instance, Recorder)]
    return plugin


async def test_several_decorators_on_one_method_each_count(bot: BotUnderTest) -> None:
    """Each application is a trigger of its own."""

    class Many(Recorder):
        @process("reaction_added")
        @listen_to("^one$")
        @respond_to("^two$")
        @command("/three")
        @on("four")
        async def hear(self, thing: Any = None) -> None:
            self.ran.append(type(thing).__name__)

    await bot.start(Many)
    posted = bot.workspace.post("alice", "general", "one")
    bot.workspace.post("alice", "general", "@machine two")
    bot.workspace.react("alice", "general", posted.ts, "tada")
    await bot.workspace.run_command("alice", "general", "/three").answer
    recorder(bot).emit("four")
    await bot.settled()

    assert sorted(recorder(bot).ran) == ["Command", "Message", "Message", "NoneType", "dict"]


async def test_the_same_decorator_twice_counts_twice(bot: BotUnderTest) -> None:
    """With patterns that both match, the method runs for each."""

    class Twice(Recorder):
        @listen_to("^a", flags=0)
        @listen_to("b$")
        @command("/x")
        @command("/y")
        @action("p")
        @action("q")
        @on("e")
        @on("f")
        async def hear(self, thing: Any = None) -> None:
            self.ran.append(thing)

    await bot.start(Twice)
    bot.workspace.post("alice", "general", "a b")
    bot.workspace.post("alice", "general", "A c")
    for name in ("/x", "/y"):
        await bot.workspace.run_command("alice", "general", name).answer
    recorder(bot).emit("e")
    recorder(bot).emit("f")
    await bot.settled()

    assert [type(thing).__name__ for thing in recorder(bot).ran].count("Message") == 2
    assert [thing.command for thing in recorder(bot).ran if isinstance(thing, Command)] == ["/x", "/y"]
    assert recorder(bot).ran.count(None) == 2
    assert len(bot.machine.registry.handlers) == 8


async def test_named_groups_are_keyword_arguments(bot: BotUnderTest) -> None:
    """Those that did not take part in the match are `None`; a method may take them all by name."""

    class Groups(Recorder):
        @listen_to(r"^deploy (?P<what>\w+)(?: to (?P<where>\w+))?")
        async def two(self, msg: Message, what: str, where: str | None) -> None:
            self.ran.append((what, where))

        @respond_to(r"^(?P<first>\w+) (?P<second>\w+)$")
        async def any_of_them(self, msg: Message, **groups: str) -> None:
            self.ran.append(groups)

        @listen_to(r"^(\w+) unnamed$")
        async def unnamed(self, msg: Message) -> None:
            self.ran.append(msg.text)

    await bot.start(Groups)
    for text in ("Deploy api to live", "deploy api", "@machine hello there", "really unnamed"):
        bot.workspace.post("alice", "general", text)
        await bot.settled()

    assert recorder(bot).ran == [
        ("api", "live"),
        ("api", None),
        {"first": "hello", "second": "there"},
        "really unnamed",
    ]


async def test_patterns_ignore_case_unless_told_otherwise(bot: BotUnderTest) -> None:
    """As documented, `flags` replaces `re.IGNORECASE`."""

    class Cases(Recorder):
        @listen_to("^hello$")
        async def any_case(self, msg: Message) -> None:
            self.ran.append("any")

        @listen_to("^hello$", flags=0)
        async def exact(self, msg: Message) -> None:
            self.ran.append("exact")

        @listen_to("^second$", re.MULTILINE)
        async def line(self, msg: Message) -> None:
            self.ran.append("line")

    await bot.start(Cases)
    for text in ("HELLO", "hello", "first\nsecond\nthird"):
        bot.workspace.post("alice", "general", text)
    await bot.settled()

    assert sorted(recorder(bot).ran) == ["any", "any", "exact", "line"]


class Editing(Recorder):
    """Asks for edits, or not."""

    @listen_to("tea", handle_message_changed=True)
    async def listening(self, msg: Message) -> None:
        self.ran.append(("listen_to", msg.text, msg.sender.name))

    @respond_to("tea", handle_message_changed=True)
    async def responding(self, msg: Message) -> None:
        self.ran.append(("respond_to", msg.text, msg.sender.name))

    @listen_to("tea")
    async def once(self, msg: Message) -> None:
        self.ran.append(("once", msg.text, msg.sender.name))


async def test_edits_count_for_those_who_ask_for_them(bot: BotUnderTest) -> None:
    """`handle_message_changed`: the handler gets the new version of the message."""
    await bot.start(Editing)
    posted = bot.workspace.post("alice", "general", "@machine coffee")
    await bot.settled()

    bot.workspace.edit("alice", "general", posted.ts, "@machine tea")
    await bot.settled()

    assert sorted(recorder(bot).ran) == [("listen_to", "tea", "alice"), ("respond_to", "tea", "alice")]


async def test_an_edit_can_be_answered_like_a_message(bot: BotUnderTest) -> None:
    """It has the channel, the time and the thread of the message it changes."""

    class Answering(MachineBasePlugin):
        @listen_to("tea", handle_message_changed=True)
        async def answer(self, msg: Message) -> None:
            await msg.reply("there you are", in_thread=True)

    await bot.start(Answering)
    posted = bot.workspace.post("alice", "general", "coffee")
    bot.workspace.edit("alice", "general", posted.ts, "tea")
    await bot.settled()

    assert [said.text for said in bot.said(thread_ts=posted.ts)] == ["there you are"]


def changed(before: dict[str, Any], after: dict[str, Any]) -> Envelope:
    """What Slack sends when a message becomes another."""
    event = {
        "type": "message",
        "subtype": "message_changed",
        "channel": "C1",
        "ts": "9.9",
        "previous_message": {"type": "message", "ts": "1.2", "user": "U1", **before},
        "message": {"type": "message", "ts": "1.2", "user": "U1", **after},
    }
    return Envelope("e1", "events_api", {"event": event})


async def test_a_change_that_leaves_the_text_alone_triggers_nothing(bot: BotUnderTest) -> None:
    """Pitfall 11: Slack unfurled a link."""
    await bot.start(Editing)

    await bot.machine.handle(changed({"text": "tea"}, {"text": "tea", "attachments": [{"text": "unfurled"}]}))

    assert recorder(bot).ran == []


async def test_what_the_bot_wrote_itself_triggers_nothing(bot: BotUnderTest) -> None:
    """Pitfall 11: neither its messages nor its edits."""

    class Echo(Recorder):
        @process("message")
        async def event(self, event: dict[str, Any]) -> None:
            self.ran.append(event)

        @listen_to(".*", handle_message_changed=True)
        @respond_to(".*", handle_message_changed=True)
        async def echo(self, msg: Message) -> None:
            self.ran.append(msg)

    await bot.start(Echo)
    plugin = recorder(bot)
    response = await plugin.say("general", f"<@{bot.workspace.bot.id}> tea")
    await plugin.update("general", response["ts"], "more tea")
    await plugin.send_dm("alice", "tea")
    await plugin.delete("general", response["ts"])
    await bot.settled()

    assert plugin.ran == []


@pytest.mark.parametrize("hears", [True, False])
async def test_other_bots_are_heard_when_asked_for(bot: BotUnderTest, hears: bool) -> None:
    """Pitfall 12: off by default, on by `LISTEN_TO_BOTS`."""

    class Listening(Recorder):
        @listen_to("alert")
        async def hear(self, msg: Message) -> None:
            self.ran.append((msg.text, msg.sender.id))

    await bot.start(Listening, **({"LISTEN_TO_BOTS": True} if hears else {}))
    event = {"type": "message", "subtype": "bot_message", "bot_id": "B0OTHER", "channel": "C1", "ts": "1.2"}
    await bot.machine.handle(Envelope("e1", "events_api", {"event": {**event, "text": "alert!"}}))

    assert recorder(bot).ran == ([("alert!", "B0OTHER")] if hears else [])


@pytest.mark.parametrize(
    "subtype", ["channel_join", "channel_topic", "message_deleted", "message_replied", "unheard_of"]
)
async def test_messages_nobody_wrote_trigger_no_pattern(bot: BotUnderTest, subtype: str) -> None:
    """Pitfall 9: notices and unknown subtypes are for `@process`."""

    class Listening(Recorder):
        @listen_to(".*")
        async def hear(self, msg: Message) -> None:
            self.ran.append("listen_to")

        @process("message")
        async def event(self, event: dict[str, Any]) -> None:
            self.ran.append(event["subtype"])

    await bot.start(Listening)
    event = {"type": "message", "subtype": subtype, "user": "U1", "channel": "C1", "ts": "1.2", "text": "x"}
    await bot.machine.handle(Envelope("e1", "events_api", {"event": event}))

    assert recorder(bot).ran == [subtype]


async def test_process_gets_what_comes_without_an_inner_event(bot: BotUnderTest) -> None:
    """Pitfall 23: `app_rate_limited` is not wrapped in an `event`."""

    class Limits(Recorder):
        @process("app_rate_limited")
        async def limited(self, event: dict[str, Any]) -> None:
            self.ran.append(event)

    await bot.start(Limits)
    payload = {"type": "app_rate_limited", "minute_rate_limited": 1518467820, "team_id": "T1"}
    await bot.machine.handle(Envelope("e1", "events_api", payload))

    assert [event["minute_rate_limited"] for event in recorder(bot).ran] == [1518467820]


class Loud(Recorder):
    """Takes a logger everywhere."""

    @process("reaction_added")
    async def event(self, event: dict[str, Any], logger: structlog.stdlib.BoundLogger) -> None:
        logger.info("process")

    @listen_to("^hear (?P<what>.*)")
    async def listen(self, msg: Message, what: str, logger: structlog.stdlib.BoundLogger) -> None:
        logger.info("listen_to", what=what)

    @respond_to("^answer")
    async def respond(self, msg: Message, logger: structlog.stdlib.BoundLogger) -> None:
        logger.info("respond_to")

    @command("/plain")
    async def plain(self, run: Command, logger: structlog.stdlib.BoundLogger) -> None:
        logger.info("command")

    @command("/generator")
    async def generator(self, run: Command, *, logger: structlog.stdlib.BoundLogger) -> AsyncIterator[str]:
        yield "first"
        logger.info("generator")

    @action("yes")
    async def act(self, click: BlockAction, logger: structlog.stdlib.BoundLogger) -> None:
        logger.info("action")

    @modal("m")
    async def submitted(self, thing: ModalSubmission, logger: structlog.stdlib.BoundLogger) -> None:
        logger.info("modal")

    @modal_closed("m")
    async def closed(self, thing: ModalClosure, logger: structlog.stdlib.BoundLogger) -> None:
        logger.info("modal_closed")

    @on("news")
    async def news(self, logger: structlog.stdlib.BoundLogger, **news: Any) -> None:
        logger.info("on", **news)


@pytest.mark.usefixtures("production_logging")
async def test_every_kind_of_handler_may_take_a_logger(bot: BotUnderTest) -> None:
    """Pitfall 22: bound to the person who caused the event."""
    await bot.start(Loud)
    alice = bot.workspace.find_person("alice").id
    event = {"type": "message", "user": alice, "channel": "C1", "ts": "1.2"}
    person, view = {"user": {"id": alice}}, {"view": {"callback_id": "m"}}
    requests: list[tuple[str, dict[str, Any]]] = [
        ("events_api", {"event": {"type": "reaction_added", "user": alice}}),
        ("events_api", {"event": {**event, "text": "hear the news"}}),
        ("events_api", {"event": {**event, "text": f"<@{bot.workspace.bot.id}> answer"}}),
        ("slash_commands", {"command": "/plain", "user_id": alice}),
        ("slash_commands", {"command": "/generator", "user_id": alice}),
        ("block_actions", {**person, "actions": [{"action_id": "yes"}]}),
        ("view_submission", {**person, **view}),
        ("view_closed", {**person, **view}),
    ]
    for number, (kind, payload) in enumerate(requests):
        await bot.machine.handle(Envelope(f"e{number}", kind, payload))
    recorder(bot).emit("news", what="none")
    await bot.settled()

    lines = [record for record in bot.traced(LogWritten) if record.logger.startswith(__name__)]
    lines = [line for line in lines if line.message != "Message triggers handler"]
    said = {line.message: line.fields for line in lines}
    assert sorted(said) == sorted(
        ["process", "listen_to", "respond_to", "command", "generator", "action", "modal", "modal_closed", "on"]
    )
    assert said["listen_to"]["what"] == "the news"
    for message, fields in said.items():
        if message != "on":
            assert (fields["user_id"], fields["user_name"]) == (alice, "alice")


async def test_emitted_events_reach_every_plugin_with_its_own_self(bot: BotUnderTest) -> None:
    """Pitfall 21: listeners live in the registry, and are called with what was emitted."""
    heard: list[tuple[str, MachineBasePlugin, Any]] = []

    class One(MachineBasePlugin):
        @on("news")
        async def hear(self, what: str, **more: Any) -> None:
            heard.append(("one", self, (what, more)))

        @listen_to("^go$")
        async def tell(self, msg: Message) -> None:
            self.emit("news", what="here", number=1)
            self.emit("nobody listens to this")

    class Two(MachineBasePlugin):
        @on("news")
        async def hear(self, **news: Any) -> None:
            heard.append(("two", self, news))

        @on("other news")
        async def other(self, **news: Any) -> None:
            raise AssertionError("not called")

    await bot.start(One, Two)
    bot.workspace.post("alice", "general", "go")
    await bot.settled()

    instances = {type(loaded.instance).__name__: loaded.instance for loaded in bot.machine.plugins.values()}
    assert heard == [
        ("one", instances["One"], ("here", {"number": 1})),
        ("two", instances["Two"], {"what": "here", "number": 1}),
    ]


async def test_a_plugin_without_its_settings_is_not_loaded(bot: BotUnderTest) -> None:
    """Said clearly; one name or several, on the class or a method, in any case of letters; others load."""

    @required_settings("api_key")
    class NeedsOne(MachineBasePlugin):
        pass

    @required_settings(["API_URL", "Api_Key"])
    class NeedsTwo(MachineBasePlugin):
        pass

    class NeedsForMethod(MachineBasePlugin):
        @required_settings("NOT_THERE")
        @listen_to("x")
        async def hear(self, msg: Message) -> None: ...

    class Subclass(NeedsOne):
        pass

    @required_settings("ONLY_HERE")
    class NarrowSubclass(Recorder):
        pass

    await bot.start(NeedsOne, NeedsTwo, NeedsForMethod, Subclass, Recorder, NarrowSubclass, Api_URL="http://x")

    live = {type(loaded.instance).__name__ for loaded in bot.machine.plugins.values()}
    failed = {record.plugin.rpartition(".")[2]: record.error for record in bot.traced(PluginFailed)}
    assert live == {"Recorder"}
    assert set(failed) == {"NeedsOne", "NeedsTwo", "NeedsForMethod", "Subclass", "NarrowSubclass"}
    assert "API_KEY" in failed["NeedsOne"]
    assert "API_KEY" in failed["NeedsTwo"]
    assert "API_URL" not in failed["NeedsTwo"]


async def test_names_and_docstrings_stay(bot: BotUnderTest) -> None:
    """Pitfall 22: decorators write down, and wrap nothing."""

    class Documented(MachineBasePlugin):
        @listen_to("x")
        @decorators.require_any_role(["admin"])
        async def hear(self, msg: Message) -> None:
            """hear: listens"""

    await bot.start(Documented)

    assert (Documented.hear.__name__, Documented.hear.__doc__) == ("hear", "hear: listens")
    assert [handler.doc for handler in bot.machine.registry.handlers] == ["hear: listens"]


@pytest.mark.parametrize(
    ("use", "problem"),
    [
        (action, "@action needs an action_id or a block_id"),
        (decorators.options, "@options needs an action_id or a block_id"),
        (lambda: listen_to("(unclosed"), "no regular expression"),
        (lambda: respond_to(None), "needs a pattern"),  # type: ignore[arg-type]  # what is tested
        (lambda: command(""), "needs slash_command"),
        (lambda: process(""), "needs slack_event_type"),
        (lambda: on(""), "needs event"),
        (lambda: timeout(0), "above 0 seconds"),
        (lambda: decorators.require_any_role([]), "at least one role"),
        (lambda: decorators.require_all_roles("admin"), "needs a list"),  # type: ignore[arg-type]  # what is tested
    ],
)
def test_a_decorator_used_wrongly_says_so(use: Any, problem: str) -> None:
    """With an example of how it is meant."""
    with pytest.raises(PluginError, match=re.escape(problem) if "(" not in problem else problem):
        use()


class NotAsync(MachineBasePlugin):
    """A plugin whose handler is not async."""

    @listen_to("x")
    def hear(self, msg: Message) -> None: ...


class NoArgument(MachineBasePlugin):
    """A plugin whose handler takes no message."""

    @listen_to("x")
    async def hear(self) -> None: ...


class MissingGroup(MachineBasePlugin):
    """A plugin whose handler does not take its group."""

    @listen_to("(?P<what>x)")
    async def hear(self, msg: Message) -> None: ...


class UnknownArgument(MachineBasePlugin):
    """A plugin whose handler wants what nobody gives it."""

    @command("/x")
    async def hear(self, run: Command, what: str) -> None: ...


class ScheduledWithArgument(MachineBasePlugin):
    """A plugin whose job wants an argument."""

    @schedule(hour=1)
    async def work(self, msg: Message) -> None: ...


@pytest.mark.parametrize("plugin", [NotAsync, NoArgument, MissingGroup, UnknownArgument, ScheduledWithArgument])
async def test_a_handler_that_could_not_be_called_is_refused_when_loading(
    bot: BotUnderTest, plugin: type[MachineBasePlugin]
) -> None:
    """Pitfall 20: with file and line; the other plugins load."""
    await bot.start(plugin, Recorder)

    [failed] = bot.traced(PluginFailed)
    assert failed.file == __file__
    assert failed.line
    assert plugin.__name__ in failed.error
    assert len(bot.machine.plugins) == 1


async def test_handlers_run_side_by_side(bot: BotUnderTest) -> None:
    """One that waits holds up no other."""
    gate = asyncio.Event()

    class Pair(Recorder):
        @listen_to("^go$")
        async def waits(self, msg: Message) -> None:
            await gate.wait()
            self.ran.append("waited")

        @listen_to("^go$")
        async def opens(self, msg: Message) -> None:
            self.ran.append("opened")
            gate.set()

    await bot.start(Pair)
    bot.workspace.post("alice", "general", "go")
    await bot.settled()

    assert recorder(bot).ran == ["opened", "waited"]
