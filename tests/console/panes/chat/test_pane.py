"""The chat: conversations, people, and a line to type in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from textual.pilot import Pilot

from machine_console.panes.chat.pane import ChatPane, Conversation
from machine_console.panes.chat.transcript import ChatMessage
from tests.console.story import CHANNELS, MESSAGES, PEOPLE, THEMES, PaneHost

pytestmark = pytest.mark.slow


class Host(PaneHost):
    """Keeps what the pane asks for."""

    def on_mount(self) -> None:
        super().on_mount()
        fill(self.pane)

    def on_chat_pane_message_entered(self, event: ChatPane.MessageEntered) -> None:
        self.intents.append(event)

    def on_chat_pane_channel_picked(self, event: ChatPane.ChannelPicked) -> None:
        self.intents.append(event)


class Early(PaneHost):
    """Knows nobody yet."""

    def on_chat_pane_message_entered(self, event: ChatPane.MessageEntered) -> None:
        self.intents.append(event.text)


def fill(pane: object) -> None:
    assert isinstance(pane, ChatPane)
    pane.show_people(PEOPLE)
    pane.show_channels(CHANNELS)
    pane.show_messages(MESSAGES)


async def test_typing_says_it_as_the_chosen_person_in_the_chosen_conversation() -> None:
    """The app turns this into a message in the workspace."""
    pane = ChatPane()
    host = Host(pane)
    async with host.run_test() as pilot:
        await pilot.press("ctrl+t", "ctrl+down", *"hi [b]", "enter")

        assert host.intents[-1] == ChatPane.MessageEntered("C2", "U2", "hi [b]")
        assert pane.main().value == ""


@pytest.mark.parametrize("is_live", [False, True])
async def test_what_is_entered_before_the_bot_is_there_is_said_then(is_live: bool) -> None:
    """The first thing a stranger does must not go unheard; real people hear only what was meant for them."""
    pane = ChatPane()
    host = Early(pane)
    async with host.run_test() as pilot:
        await pilot.press(*"ping", "enter")
        assert host.intents == []
        assert pane.main().value == "ping"

        pane.show_mode(is_live=is_live)
        fill(pane)
        await pilot.pause()
        assert host.intents == ([] if is_live else ["ping"])


async def test_the_direct_message_of_a_person_makes_them_speak() -> None:
    """In somebody's DM with the bot nobody else can write."""
    pane = ChatPane()
    async with Host(pane).run_test() as pilot:
        pane.pick("D2")
        await pilot.pause()
        assert pane.speaker == PEOPLE[1]

        await pilot.press("ctrl+t")
        assert pane.channel == CHANNELS[2]


async def test_an_opened_direct_message_stays_current_under_its_new_id() -> None:
    """Its id is known only once the first message has been written."""
    pane = ChatPane()
    async with Host(pane).run_test() as pilot:
        to_be = [*CHANNELS[:2], CHANNELS[2].__class__("dm:U1", "@alice", is_dm=True, person_id="U1")]
        pane.show_channels(to_be)
        pane.pick("dm:U1")
        pane.show_channels(CHANNELS)
        await pilot.pause()

        assert pane.channel == CHANNELS[2]


async def test_escape_leaves_the_input_and_i_returns() -> None:
    """Number keys jump to panes only outside of the input."""
    pane = ChatPane()
    async with Host(pane).run_test() as pilot:
        await pilot.press("escape")
        assert not pane.main().has_focus

        await pilot.press("i")
        assert pane.main().has_focus


async def test_who_says_something_sees_it() -> None:
    """Also who had scrolled up to read what was said before; who reads on is left there."""
    pane = ChatPane()
    said = [*MESSAGES, ChatMessage("1772616700.0001", "alice", "the last word")]
    async with Host(pane).run_test(size=(60, 12)) as pilot:
        conversation = pane.query_one(Conversation)
        await pilot.press("escape", "home")
        pane.show_messages(said)
        assert conversation.cursor == 0

        await pilot.press("i", *"hi", "enter")
        pane.show_messages(said)
        assert conversation.cursor == conversation.row_count() - 1


async def test_live_mode_says_that_people_read_it() -> None:
    """Nobody should post into a real workspace by mistake."""
    pane = ChatPane()
    async with Host(pane).run_test() as pilot:
        pane.show_mode(is_live=True)
        await pilot.pause()

        assert "LIVE" in str(pane.border_title)
        assert pane.main().placeholder == "LIVE: says in #general as the bot"


async def test_a_click_on_the_speaker_lets_the_next_one_speak() -> None:
    """The mouse works everywhere."""
    pane = ChatPane()
    async with Host(pane).run_test() as pilot:
        await pilot.click("#speaker")

        assert pane.speaker == PEOPLE[1]


async def test_commands_complete() -> None:
    """The right arrow accepts what is suggested."""
    pane = ChatPane()
    async with Host(pane).run_test() as pilot:
        pane.suggest(["/deploy", "/greet"])
        await pilot.press(*"/de")
        await pilot.pause()
        await pilot.press("right")

        assert pane.main().value == "/deploy "


async def still(pilot: Pilot[None]) -> None:
    """Pictures have no blinking cursor."""
    pilot.app.query_one(ChatPane).main().cursor_blink = False


async def live(pilot: Pilot[None]) -> None:
    await still(pilot)
    pilot.app.query_one(ChatPane).show_mode(is_live=True)


@THEMES
@pytest.mark.parametrize("size", [(80, 24), (160, 45), (40, 15)], ids=["80x24", "160x45", "40x15"])
def test_looks_right(snap_compare: Callable[..., bool], theme: str, size: tuple[int, int]) -> None:
    """The picture was looked at."""
    assert snap_compare(Host(ChatPane(), theme), terminal_size=size, run_before=still)


def test_live_looks_dangerous(snap_compare: Callable[..., bool]) -> None:
    """The picture was looked at."""
    before: Callable[[Pilot[None]], Awaitable[None]] = live
    assert snap_compare(Host(ChatPane()), terminal_size=(80, 24), run_before=before)
