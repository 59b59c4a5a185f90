"""Help, from the docstrings of what is loaded."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from machine.plugins import Command, MachineBasePlugin, Message
from machine.plugins.builtin.help import HelpPlugin
from machine.plugins.decorators import command, listen_to
from machine.slack.long_text import MAX_TEXT, split
from machine.testing import Bot


class Rockets(MachineBasePlugin):
    """Rockets

    Only the first line is the heading.
    """

    @listen_to(r"^launch (?P<name>\w+)")
    @listen_to(r"^fire (?P<name>\w+)")
    async def launch(self, msg: Message, name: str) -> None:
        """launch <name>: start a rocket"""

    @command("/abort")
    async def abort(self, command: Command) -> None:
        """/abort: stop the countdown"""

    @listen_to(r"secret")
    async def secret(self, msg: Message) -> None:
        """No command is described here"""


@pytest.mark.machine(plugins=[HelpPlugin, Rockets])
async def test_help_lists_commands_under_the_heading_of_their_plugin(bot: Bot) -> None:
    """A handler with two patterns is one entry; one without `command:` in its docstring is none."""
    lines = (await bot.user("alice").asks("@machine help", channel="#general")).text.splitlines()

    rockets = lines[lines.index("*Rockets*") :]
    assert rockets == ["*Rockets*", "• `launch <name>`: start a rocket", "• `/abort`: stop the countdown"]
    assert "launch &lt;name&gt;" in bot.calls("chat.postMessage")[0].arguments["text"]  # else Slack makes a link of it


class Pins(MachineBasePlugin):
    @listen_to("pin")
    async def pin_message(self, msg: Message) -> None:  # type: ignore[override]  # plugins do that
        await msg.pin_message()


@pytest.mark.machine(plugins=[HelpPlugin, Pins])
async def test_a_handler_without_docstring_is_no_entry_whatever_it_overrides(bot: Bot) -> None:
    """A handler called `pin_message` would else be listed with what the base class says of its own."""
    assert "Pin" not in (await bot.user("alice").asks("@machine help", channel="#general")).text


@pytest.mark.machine(plugins=[HelpPlugin, Rockets])
async def test_robot_help_lists_what_triggers_handlers(bot: Bot) -> None:
    """For those who want to know exactly."""
    text = (await bot.user("alice").asks("@machine robot help", channel="#general")).text

    assert "`/abort`" in text
    assert "^robot help$" in text


@given(st.lists(st.text(alphabet=st.characters(blacklist_characters="\n")), max_size=30), st.integers(1, 50))
def test_splitting_keeps_every_line_and_the_limit(lines: list[str], limit: int) -> None:
    """Pitfall 32: long help is split, never cut."""
    parts = list(split(lines, limit))

    assert all(len(part) <= limit for part in parts)
    assert "".join(parts).replace("\n", "") == "".join(lines)


def _handler(number: int) -> object:
    @listen_to(f"^command {number}$")
    async def handler(self: MachineBasePlugin, msg: Message) -> None:
        pass

    handler.__doc__ = f"command {number}: {'what it does ' * 5}"
    return handler


Many = type(
    "Many",
    (MachineBasePlugin,),
    {"__doc__": "Many", "__module__": __name__, **{f"handler_{number}": _handler(number) for number in range(120)}},
)


@pytest.mark.machine(plugins=[HelpPlugin, Many])
async def test_long_help_becomes_several_messages(bot: Bot) -> None:
    """Slack would show only the beginning of it."""
    await bot.user("alice").says("@machine help", channel="#general")

    texts = [message.text for message in bot.messages("#general")]
    assert len(texts) > 1
    assert all(len(text) <= MAX_TEXT for text in texts)
    assert all(f"`command {number}`" in "".join(texts) for number in range(120))
