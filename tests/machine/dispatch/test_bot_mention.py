"""Whether a message addresses the bot, and what is left of it then."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from machine.dispatch.bot_mention import Addressing
from machine.plugins import MachineBasePlugin, Message
from machine.plugins.decorators import listen_to, respond_to
from tests.conftest import BotUnderTest

BOT = Addressing("U0BOT", ["machine", "my-bot", "Ops Bot"], ["!", "hal", "jarvis,"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<@U0BOT> hello", "hello"),
        ("<@U0BOT|machine> hello", "hello"),
        ("<@U0BOT>: hello", "hello"),
        ("<@U0BOT>, hello", "hello"),
        ("<@U0BOT>hello", "hello"),
        ("  \n\t<@U0BOT>   hello", "hello"),
        ("<@U0BOT>", ""),
        ("<@U0BOT> one\ntwo", "one\ntwo"),
        ("<@U0BOT> <@U0BOT> hello", "<@U0BOT> hello"),
        ("@machine hello", "hello"),
        ("@Machine: hello", "hello"),
        ("@machine", ""),
        ("machine: hello", "hello"),
        ("MACHINE:hello", "hello"),
        ("my-bot: hello", "hello"),
        ("@my-bot hello", "hello"),
        ("Ops Bot: hello", "hello"),
        ("@ops bot hello", "hello"),
        ("!hello", "hello"),
        ("! hello", "hello"),
        ("hal hello", "hello"),
        ("Hal, hello", "hello"),
        ("jarvis, hello", "hello"),
    ],
)
def test_what_addresses_the_bot(text: str, said: str) -> None:
    """Pitfall 8: mentions with and without a name, `@name`, `name:`, aliases, leading blanks."""
    assert BOT.strip(text) == said


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "hello <@U0BOT>",
        "<@U0BOTHER> hello",
        "<@U0OTHER> hello",
        "<@U0OTHER|machine> hello",
        "machine hello",
        "machines: hello",
        "a machine: hello",
        "@machines hello",
        "@machine-two hello",
        "@my-bot2 hello",
        "todo: buy milk",
        "halt! hello",
        "jarvis hello",
        "<!here> hello",
        "&lt;@U0BOT&gt; hello",
    ],
)
def test_what_does_not_address_the_bot(text: str) -> None:
    """Pitfall 8: the name as a part of another word, later in the text, or of somebody else."""
    assert BOT.strip(text) is None


def test_a_bot_without_names_hears_its_mention_only() -> None:
    """Empty names and aliases address nobody."""
    bot = Addressing("U0BOT", ["", ""], [""])

    assert (bot.strip("<@U0BOT> x"), bot.strip(": x"), bot.strip("@ x"), bot.strip("x")) == ("x", None, None, None)


@given(st.text())
def test_any_text_can_be_asked_about(text: str) -> None:
    """What remains is an end of the text; nothing is invented."""
    said = BOT.strip(text)

    assert said is None or (text.endswith(said) and len(said) < len(text))


@given(st.text(), st.sampled_from(["<@U0BOT>", "<@U0BOT|any>", "@machine", "machine:", "my-bot:", "!", "@ops bot"]))
def test_whatever_follows_a_mention_is_kept(text: str, mention: str) -> None:
    """As people wrote it, but for the blanks between."""
    said = BOT.strip(f" {mention} {text}")

    assert said is not None
    assert said == text.lstrip() or (text.lstrip()[:1] in {":", ","} and not said.startswith(" "))


@given(st.text(min_size=1), st.text(min_size=1))
def test_names_are_no_patterns(name: str, text: str) -> None:
    """Whatever a bot is called (`c++`, `(bot)`), its name is taken literally."""
    bot = Addressing("U0BOT", [name], [])

    assert bot.strip(f"{name}: {text}") == text.lstrip() or name[:1].isspace() or text.isspace()


class Listener(MachineBasePlugin):
    """Says what it heard, and how."""

    heard: list[tuple[str, str]]

    async def init(self) -> None:
        self.heard = []

    @respond_to(".*")
    async def respond(self, msg: Message) -> None:
        self.heard.append(("respond_to", msg.text))

    @listen_to(".*")
    async def listen(self, msg: Message) -> None:
        self.heard.append(("listen_to", msg.text))


async def heard(bot: BotUnderTest) -> list[tuple[str, str]]:
    """What the listener heard, once all is over."""
    await bot.settled()
    [listener] = [loaded.instance for loaded in bot.machine.plugins.values()]
    assert isinstance(listener, Listener)
    return sorted(listener.heard)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("todo: buy milk", "todo: buy milk"),
        ("alice: hello", "alice: hello"),
        ("@machine hello", "hello"),
        ("machine: hello", "hello"),
        ("!hello", "hello"),
    ],
)
async def test_a_direct_message_is_kept_whole(bot: BotUnderTest, written: str, said: str) -> None:
    """Pitfall 6: only a mention of the bot itself is taken off."""
    await bot.start(Listener, ALIASES="!")

    bot.workspace.post("alice", bot.workspace.open_dm("alice"), written)

    assert await heard(bot) == [("listen_to", said), ("respond_to", said)]


@pytest.mark.parametrize(("written", "addressed"), [("hello", False), ("@machine hello", True)])
async def test_in_a_group_the_bot_must_be_addressed(bot: BotUnderTest, written: str, addressed: bool) -> None:
    """Pitfall 7: a group direct message is a conversation among people."""
    await bot.start(Listener)
    group = bot.workspace.open_group_dm("alice", "bob", bot.workspace.bot)

    bot.workspace.post("alice", group, written)

    expected = [("listen_to", "hello"), ("respond_to", "hello")]
    assert await heard(bot) == (expected if addressed else expected[:1])


async def test_an_alias_of_several_letters_ends_a_word(bot: BotUnderTest) -> None:
    """`ALIASES` as a list; `hal` is not `halt`."""
    await bot.start(Listener, ALIASES=["hal", "?"])

    bot.workspace.post("alice", "general", "halt")
    bot.workspace.post("alice", "general", "hal stop")
    bot.workspace.post("alice", "general", "?why")

    assert [text for how, text in await heard(bot) if how == "respond_to"] == ["stop", "why"]
