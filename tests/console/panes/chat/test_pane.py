"""The chat: conversations, people, and a line to type in."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.pilot import Pilot

from machine_console.panes.chat.pane import ChatPane
from machine_console.panes.chat.widgets import Conversation
from machine_console.session.chat import ChatChannel, ChatMessage
from tests.console.story import CHANNELS, MESSAGES, PEOPLE, THEMES, PaneHost, ToldChat, ToldSession

pytestmark = pytest.mark.slow


async def test_typing_says_it_as_the_chosen_person_in_the_chosen_conversation() -> None:
    """As in Slack."""
    chat = ToldChat()
    pane = ChatPane(ToldSession(chat=chat))
    host = PaneHost(pane)
    async with host.run_test() as pilot:
        await pilot.press("ctrl+t", "ctrl+down", *"hi [b]", "enter")
        await host.workers.wait_for_complete()

        assert chat.said == [("C2", "U2", "hi [b]")]
        assert pane.main().value == ""


@pytest.mark.parametrize("is_live", [False, True])
async def test_what_is_entered_before_the_bot_is_there_is_said_then(is_live: bool) -> None:
    """The first thing a stranger does must not go unheard; real people hear only what was meant for them."""
    session = ToldSession(chat=None, is_live=is_live)
    pane = ChatPane(session)
    host = PaneHost(pane)
    async with host.run_test() as pilot:
        await pilot.press(*"ping", "enter")
        assert pane.main().value == "ping"

        session.chat = ToldChat()
        pane.sync()
        await pilot.pause()
        await host.workers.wait_for_complete()
        assert session.chat.said == ([] if is_live else [("C1", "U1", "ping")])


@pytest.mark.parametrize("knows_commands", [True, False])
async def test_only_a_session_that_knows_all_commands_refuses_one(knows_commands: bool) -> None:
    """D7: bots in other processes have commands of their own."""
    chat = ToldChat()
    host = PaneHost(ChatPane(ToldSession(chat=chat, knows_commands=knows_commands)))
    async with host.run_test() as pilot:
        await pilot.press(*"/ticket", "enter")
        await host.workers.wait_for_complete()

        assert chat.said == ([] if knows_commands else [("C1", "U1", "/ticket")])


async def test_the_direct_message_of_a_person_makes_them_speak() -> None:
    """In somebody's DM with the bot nobody else can write."""
    pane = ChatPane(ToldSession())
    async with PaneHost(pane).run_test() as pilot:
        pane.pick("D2")
        await pilot.pause()
        assert pane.speaker == PEOPLE[1]

        await pilot.press("ctrl+t")
        assert pane.channel == CHANNELS[2]


async def test_an_opened_direct_message_stays_current_under_its_new_id() -> None:
    """Its id is known only once the first message has been written."""
    chat = ToldChat(channels_told=[*CHANNELS[:2], ChatChannel("dm:U1", "@alice", is_dm=True, person_id="U1")])
    pane = ChatPane(ToldSession(chat=chat))
    async with PaneHost(pane).run_test() as pilot:
        pane.pick("dm:U1")
        await pilot.pause()
        chat.channels_told = CHANNELS
        pane.on_show()
        await pilot.pause()

        assert pane.channel == CHANNELS[2]


async def test_escape_leaves_the_input_and_i_returns() -> None:
    """Number keys jump to panes only outside of the input."""
    pane = ChatPane(ToldSession())
    async with PaneHost(pane).run_test() as pilot:
        await pilot.press("escape")
        assert not pane.main().has_focus

        await pilot.press("i")
        assert pane.main().has_focus


async def test_who_says_something_sees_it() -> None:
    """Also who had scrolled up to read what was said before; who reads on is left there."""
    chat = ToldChat()
    pane = ChatPane(ToldSession(chat=chat))
    host = PaneHost(pane)
    async with host.run_test(size=(60, 12)) as pilot:
        conversation = pane.query_one(Conversation)
        await pilot.press("escape", "home")
        chat.messages = [*MESSAGES, ChatMessage("1772616700.0001", "alice", "the last word")]
        pane.on_show()
        assert conversation.cursor == 0

        await pilot.press("i", *"hi", "enter")
        pane.on_show()
        assert conversation.cursor == conversation.row_count() - 1


async def test_live_mode_says_that_people_read_it() -> None:
    """Nobody should post into a real workspace by mistake."""
    pane = ChatPane(ToldSession(is_live=True))
    async with PaneHost(pane).run_test() as pilot:
        await pilot.pause()

        assert "LIVE" in str(pane.border_title)
        assert pane.main().placeholder == "LIVE: says in #general as the bot"


async def test_a_click_on_the_speaker_lets_the_next_one_speak() -> None:
    """The mouse works everywhere."""
    pane = ChatPane(ToldSession())
    async with PaneHost(pane).run_test() as pilot:
        await pilot.click("#speaker")

        assert pane.speaker == PEOPLE[1]


async def test_commands_complete() -> None:
    """The right arrow accepts what is suggested."""
    pane = ChatPane(ToldSession(known_commands=["/deploy", "/greet"]))
    async with PaneHost(pane).run_test() as pilot:
        await pilot.press(*"/de")
        await pilot.pause()
        await pilot.press("right")

        assert pane.main().value == "/deploy "


async def still(pilot: Pilot[None]) -> None:
    """Pictures have no blinking cursor."""
    pilot.app.query_one(ChatPane).main().cursor_blink = False


@THEMES
@pytest.mark.parametrize("size", [(80, 24), (160, 45), (40, 15)], ids=["80x24", "160x45", "40x15"])
def test_looks_right(snap_compare: Callable[..., bool], theme: str, size: tuple[int, int]) -> None:
    """The picture was looked at."""
    assert snap_compare(PaneHost(ChatPane(ToldSession()), theme), terminal_size=size, run_before=still)


def test_live_looks_dangerous(snap_compare: Callable[..., bool]) -> None:
    """The picture was looked at."""
    assert snap_compare(PaneHost(ChatPane(ToldSession(is_live=True))), terminal_size=(80, 24), run_before=still)
