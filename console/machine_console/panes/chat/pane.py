"""The workspace to talk in: conversations on the left, what was said on the right, and a line to type in."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.suggester import SuggestFromList
from textual.widgets import Input

from machine_console.blockkit.controls import Option
from machine_console.panes.base import Pane
from machine_console.panes.chat.block_interactions import BlockInteractions, people_only
from machine_console.panes.chat.transcript import Transcript, ts_of, typing_hint
from machine_console.panes.chat.widgets import ChannelList, Conversation, Speaker
from machine_console.panes.throttle import Throttle
from machine_console.screens.dialogs import ChoiceScreen, ConfirmScreen
from machine_console.session.bot_session import BotSession
from machine_console.session.chat import ChatChannel, ChatMessage, ChatPerson, MessageRef
from machine_console.text.emoji_names import EMOJI
from machine_console.text.styled_text import clean
from machine_console.widgets.line_list import LinesView

_TARGETS = {"thread": "Reply in the thread, Esc leaves it", "edit": "What the message should say, Esc leaves it"}
_SHARE, _BUSY_SHARE = 30, 100
"""Looking at a conversation waits so many times as long as it took the last time: a long one must not slow the bot."""
_BUSY = 50
"""Changes between two looks that nobody can follow."""
_LEAST_WAIT_S, _MOST_WAIT_S = 0.25, 2.0
"""Seconds between two looks at a conversation; the first message shows at once."""


class ChatPane(Pane):
    """The sandbox as a small Slack; in live mode, what the bot sees of the real one."""

    NUMBER = 3
    TITLE = "Chat"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+t", "next_speaker", "Next speaker"),
        Binding("alt+down,ctrl+down", "next_channel(1)", "Next channel"),
        Binding("alt+up,ctrl+up", "next_channel(-1)", "Previous channel", show=False),
        Binding("escape", "leave_input", "Leave input", show=False),
    ]

    def __init__(self, session: BotSession) -> None:
        super().__init__(id="chat", classes="-live" if session.is_live else "")
        self._session = session
        self._is_live = session.is_live
        self._transcript = Transcript(session.timezone, session.names)
        self._blocks = BlockInteractions(session, self)
        self._throttle = Throttle()
        self._chat_seen = -1
        self._plugins_seen = -1
        self._messages: Sequence[ChatMessage] = ()
        self._target: tuple[str, str] | None = None
        self._people: Sequence[ChatPerson] = ()
        self._speaker: ChatPerson | None = None
        self._entered_early = ""
        self._channels = ChannelList()
        self._conversation = Conversation()
        self._speaker_view = Speaker()
        self._input = Input(id="chat-input", compact=True, select_on_focus=False)

    def compose(self) -> ComposeResult:
        """Conversations | what was said, above the line to type in."""
        with Horizontal():
            yield self._channels
            with Vertical(id="talk"):
                yield self._conversation
                with Horizontal(id="composer"):
                    yield self._speaker_view
                    yield self._input

    def main(self) -> Input:
        """The line to type in."""
        return self._input

    @property
    def channel(self) -> ChatChannel | None:
        """The conversation that is shown."""
        current = self._channels.current
        return next((channel for channel in self._channels.channels if channel.id == current), None)

    @property
    def speaker(self) -> ChatPerson | None:
        """Who is speaking."""
        return self._speaker

    @property
    def unread(self) -> int:
        """How much has been said that nobody looked at."""
        return sum(channel.unread for channel in self._channels.channels)

    def sync(self) -> None:
        """Show what has been said; the longer that takes, the less often, for it must not slow the bot."""
        chat = self._session.chat
        if chat is None:
            return
        if self._session.plugins_version != self._plugins_seen:
            self._plugins_seen = self._session.plugins_version
            self._input.suggester = SuggestFromList([f"{command} " for command in self._session.commands()])
        self._blocks.sync()
        if chat.version != self._chat_seen and self._throttle.is_open:
            self._look()

    def _look(self) -> None:
        chat = self._session.chat
        if chat is None:
            return
        started = time.perf_counter()
        is_busy = chat.version - self._chat_seen > _BUSY
        if self._channels.current is not None and self.display:
            chat.seen(self._channels.current)
        self._chat_seen = chat.version
        self._show_people(chat.people())
        self._show_channels(chat.channels())
        channel, person = self.channel, self._speaker
        if channel is not None:
            self._messages = chat.shown(channel.id, person.id if person else "")
            self._conversation.show(self._transcript.nodes(self._messages))
        wait = (time.perf_counter() - started) * (_BUSY_SHARE if is_busy else _SHARE)
        self._throttle.close(min(max(wait, _LEAST_WAIT_S), _MOST_WAIT_S))

    def _show_people(self, people: Sequence[ChatPerson]) -> None:
        self._people = people
        if self._speaker not in people:
            self._speak_as(people[0] if people else None)
        self._say_what_was_entered_early()

    def _show_channels(self, channels: Sequence[ChatChannel]) -> None:
        """List these conversations; the first one is shown if none is yet."""
        before = self.channel
        self._channels.channels = channels
        if self.channel is None and channels:
            same = (one for one in channels if before and one.is_dm and one.person_id == before.person_id)
            self.pick(next(same, channels[0]).id)
        self._channels.sync()
        self._say_what_was_entered_early()

    def _say_what_was_entered_early(self) -> None:
        """Before the bot is there one may type already; what is there still is said then, but not to real people."""
        if self._entered_early and self.channel is not None and self._speaker is not None:
            text, self._entered_early = self._entered_early, ""
            if self._input.value.strip() == text and not self._is_live:
                self.call_later(self._input.action_submit)

    def on_show(self) -> None:
        """What came while the pane was hidden has been seen now."""
        self._look()

    @property
    def people(self) -> Sequence[ChatPerson]:
        """Whom one can speak as."""
        return self._people

    @property
    def channels(self) -> Sequence[ChatChannel]:
        """The conversations."""
        return self._channels.channels

    def pick(self, channel_id: str) -> None:
        """Show another conversation; in a direct message, its person speaks."""
        if channel_id == self._channels.current:
            return
        self._channels.current = channel_id
        self._aim(None)
        channel = self.channel
        if channel is None:
            return
        self._channels.cursor = [one.id for one in self._channels.channels].index(channel_id)
        self._channels.refresh()
        self._conversation.reset()
        self._conversation.is_following = True
        if channel.person_id is not None and not self._is_live:
            self._speak_as(next((one for one in self._people if one.id == channel.person_id), self._speaker))
        self._tell_state()
        self.call_later(self._look)

    def speak_as(self, person_id: str) -> None:
        """Let another person speak; who speaks in somebody else's direct message changes to their own."""
        person = next((one for one in self._people if one.id == person_id), None)
        self._speak_as(person)
        channel = self.channel
        if person is not None and channel is not None and channel.is_dm and channel.person_id != person.id:
            own = next((one for one in self._channels.channels if one.person_id == person.id), None)
            if own is not None:
                self.pick(own.id)

    def _speak_as(self, person: ChatPerson | None) -> None:
        if person != self._speaker:
            self.call_later(self._look)  # what is chosen in messages is each person's own
        self._speaker = person
        self._speaker_view.show(person.name if person else "")
        self._tell_state()

    def _tell_state(self) -> None:
        channel, speaker = self.channel, self._speaker
        where = channel.label if channel else ""
        if channel is not None and speaker is not None:
            hint = typing_hint(where, speaker.name, is_live=self._is_live)
            self._input.placeholder = clean(_TARGETS.get(self._target[0], hint) if self._target else hint)
        self.show_state(f"{where}, LIVE: real people read this" if self._is_live else where)

    def action_next_speaker(self) -> None:
        """Let the next person speak."""
        if self._people:
            position = self._people.index(self._speaker) if self._speaker in self._people else -1
            self.speak_as(self._people[(position + 1) % len(self._people)].id)

    def action_next_channel(self, step: int) -> None:
        """Show the next conversation."""
        ids = [channel.id for channel in self._channels.channels]
        if ids:
            position = ids.index(self._channels.current) if self._channels.current in ids else 0
            self.pick(ids[(position + step) % len(ids)])

    def action_leave_input(self) -> None:
        """Go to what was said, where number keys jump to other panes; what was begun for a message is given up."""
        if self._target is not None:
            if self._target[0] == "edit":
                self._input.clear()
            self._aim(None)
        self._conversation.focus()

    def on_lines_view_highlighted(self, event: LinesView.Highlighted) -> None:
        """Moving through the list shows the conversation."""
        event.stop()
        if event.view is self._channels and self._channels.has_focus:
            self.pick(self._channels.channels[event.index].id)

    def on_lines_view_chosen(self, event: LinesView.Chosen) -> None:
        """Choosing a conversation, or Enter anywhere, leads to the line to type in."""
        if event.view is self._channels:
            event.stop()
            self.pick(self._channels.channels[event.index].id)
            self._input.focus()

    def _aim(self, target: tuple[str, str] | None) -> None:
        """What is typed next is for this message: an answer in its thread, or what it should say."""
        self._target = target
        self._tell_state()

    @on(Conversation.ControlUsed)
    def _control_used(self, event: Conversation.ControlUsed) -> None:
        event.stop()
        if self.channel is not None and self._speaker is not None:
            self._blocks.use_in_message(self._speaker.id, MessageRef(self.channel.id, ts_of(event.key)), event.used)

    @on(Conversation.HomeWanted)
    def _home_wanted(self, event: Conversation.HomeWanted) -> None:
        event.stop()
        self.action_home()

    def action_home(self) -> None:
        """Open the app's home tab, as the speaker sees it."""
        if self._speaker is not None:
            self._blocks.open_home(self._speaker.id)

    @on(Conversation.ActWanted)
    def _act_wanted(self, event: Conversation.ActWanted) -> None:
        event.stop()
        message = next((one for one in self._messages if one.ts == event.ts), None)
        if message is None or self.channel is None or self._speaker is None:
            return
        if event.what in {"delete", "react"}:
            act = self._delete if event.what == "delete" else self._react
            self.attempt(act(self.channel.id, self._speaker.id, message.ts), group="chat")
            return
        self._aim((event.what, (message.thread_ts or message.ts) if event.what == "thread" else message.ts))
        if event.what == "edit":
            self._input.value = message.text
            self._input.cursor_position = len(message.text)
        self._input.focus()

    async def _delete(self, channel_id: str, person_id: str, ts: str) -> None:
        actions = people_only(self._session)
        asked = ConfirmScreen("Delete the message?", "The bot hears of it, as in Slack.")
        if await self.app.push_screen_wait(asked):
            await actions.delete(channel_id, person_id, ts)

    async def _react(self, channel_id: str, person_id: str, ts: str) -> None:
        actions = people_only(self._session)
        options = [Option(name, f"{picture} {name}") for name, picture in EMOJI.items()]
        for emoji in await self.app.push_screen_wait(ChoiceScreen("React with", options)) or ():
            await actions.react(channel_id, person_id, ts, emoji)

    @on(Conversation.WritingWanted)
    def _writing_wanted(self, event: Conversation.WritingWanted) -> None:
        event.stop()
        self._input.focus()

    @on(Speaker.Clicked)
    def _speaker_clicked(self, event: Speaker.Clicked) -> None:
        event.stop()
        self.action_next_speaker()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Say it."""
        event.stop()
        text, channel, speaker = event.value.strip(), self.channel, self._speaker
        if channel is None or speaker is None:
            self._entered_early = text
        elif text:
            self._input.clear()
            what, ts = self._target or ("", "")
            self._aim(None)
            if what == "edit":
                self.attempt(self._edit(channel.id, speaker.id, ts, text), group="chat")
                return
            if not ts:  # in a thread, one stays where one reads
                self._conversation.is_following = True
            self.attempt(self._say(channel.id, speaker.id, text, ts or None))

    async def _edit(self, channel_id: str, person_id: str, ts: str, text: str) -> None:
        await people_only(self._session).edit(channel_id, person_id, ts, text)

    async def _say(self, channel_id: str, person_id: str, text: str, thread_ts: str | None) -> None:
        chat, known = self._session.chat, self._session.commands()
        command = text.partition(" ")[0]
        if chat is None:
            return
        if text.startswith("/") and self._session.knows_commands and command not in known:
            there_are = f"There are: {', '.join(known)}" if known else "No plugin has any."
            self.tell(f"No plugin has the command {command}. {there_are}", severity="warning")
            return
        told = await chat.say(channel_id, person_id, text, thread_ts)
        self._throttle.open()  # what one has said oneself is not waited for
        if told:
            self.tell(told, severity="warning")
