"""Results are easy to read, bounded, and harmless to a terminal."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console, RenderableType

from machine.models import Channel, User
from machine_console.repl.language.output import routed_output
from machine_console.repl.prompt.rendering import render, render_error
from machine_console.repl.prompt.session import Session
from machine_console.repl.verbs.display import Everything

SECRET = "xoxb-1234-5678-abcdefghij"
ALICE = User.model_validate(
    {"id": "U1", "name": "alice", "is_admin": True, "profile": {"real_name": "Alice A", "email": "alice@example.com"}}
)


def drawn(shown: RenderableType, width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None, force_terminal=False)
    console.print(shown)
    output = console.file
    assert isinstance(output, io.StringIO)
    return output.getvalue()


def test_a_user_is_a_card() -> None:
    """A person, not a model's repr."""
    card = drawn(render(ALICE))

    assert card.startswith("╭─ Alice A")
    assert "alice@example.com" in card
    assert "admin" in card


def test_channels_are_a_table() -> None:
    """Several of a kind are compared by column."""
    table = drawn(render([Channel(id="C1", name="general"), Channel(id="C2", name="ops", is_private=True)]))

    assert [line.split()[:2] for line in table.splitlines()[2:]] == [["#general", "C1"], ["#ops", "C2"]]


def test_plain_values_are_python() -> None:
    """What has no better form is shown as Python would show it."""
    assert drawn(render({"a": (1, "x")})).strip() == "{'a': (1, 'x')}"
    assert drawn(render("x\ny")).strip() == r"'x\ny'"


def test_long_results_are_folded_and_can_be_unfolded() -> None:
    """A result must not push everything else away, nor hide itself for good."""
    value = [f"line {number:04}" * 4 for number in range(150)]

    folded, full = drawn(render(value)), drawn(render(Everything(value)))

    assert len(folded.splitlines()) < 65
    assert "show(_)" in folded
    assert "line 0149" in full
    assert len(drawn(render([ALICE] * 100)).splitlines()) < 50


def test_secrets_are_redacted_by_form_and_by_name() -> None:
    """A token looks like one; a password is known by its field."""
    shown = drawn(render({"a": SECRET, "nested": [{"password": "hunter2"}]}))

    assert SECRET not in shown
    assert "hunter2" not in shown


def test_a_container_that_holds_itself_is_shown() -> None:
    """And does not recurse for ever."""
    value: list[object] = []
    value.append(value)
    assert "..." in drawn(render(value))


class _Rude:
    def __repr__(self) -> str:
        return "\x1b[2J\x1b]0;title\x07 rude"


def test_a_repr_cannot_command_the_terminal() -> None:
    """Text from Slack ends up in reprs, and may come from anybody."""
    assert "\x1b" not in drawn(render(_Rude()))
    assert "\x07" not in drawn(render([_Rude()]))


@given(st.text())
def test_no_text_reaches_the_terminal_as_a_control_character(text: str) -> None:
    """In values, in fields of cards and in errors alike."""
    user = User.model_validate({"id": "U1", "name": text, "profile": {"real_name": text}})

    for shown in (render(text), render(user), render([user]), render_error(text), render({text: text})):
        output = drawn(shown).replace("\n", "")
        assert not [character for character in output if ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0]


async def test_prints_come_out_in_order_and_redacted() -> None:
    """Also where a secret was printed in two pieces."""
    written: list[RenderableType] = []
    session = Session({}, written.append, lambda: 80)

    with routed_output():
        await session.run("print('xoxb-', end=''); print('1234-5678-abcdefghij'); print('end', end=''); 42")

    assert [drawn(shown).strip() for shown in written] == ["xoxb-…redacted", "end", "42"]


async def test_what_the_bot_prints_stays_with_the_bot(capsys: pytest.CaptureFixture[str]) -> None:
    """A plugin's print must not garble the prompt, nor the other way round."""
    written: list[RenderableType] = []
    session = Session({"outside": print}, written.append, lambda: 80)

    with routed_output():
        print("from the bot")
        await session.run("print('from the prompt')")

    assert capsys.readouterr().out == "from the bot\n"
    assert len(written) == 1
