"""The workspace to talk in: conversations on the left, what was said on the right, and a line to type in."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import ClassVar

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.suggester import SuggestFromList
from textual.widget import Widget
from textual.widgets import Input

from machine_console.blockkit.controls import Control
from machine_console.panes.base import Pane
from machine_console.panes.chat.transcript import (
    EMPTY_CONVERSATION,
    ChatChannel,
    ChatMessage,
    ChatPerson,
    Transcript,
    ts_of,
    typing_hint,
    unread_label,
)
from machine_console.text.formatting import Names
from machine_console.text.styled_text import Line, Part, clean, fit, line
from machine_console.widgets.block_view import BlockView
from machine_console.widgets.line_list import LinesView

_TARGETS = {"thread": "Reply in the thread, Esc leaves it", "edit": "What the message should say, Esc leaves it"}


class ChannelList(LinesView):
    """The conversations, with how much is unread in each."""

    def __init__(self) -> None:
        super().__init__(id="channel-list")
        self.channels: Sequence[ChatChannel] = ()
        self.current: str | None = None

    def row_count(self) -> int:
        """How many conversations there are."""
        return len(self.channels)

    def row_key(self, index: int) -> Hashable:
        """Drawn anew when its unread mark changes."""
        channel = self.channels[index]
        return channel, channel.id == self.current

    def row(self, index: int, width: int) -> Line:
        """Its name, and its unread mark at the right."""
        channel = self.channels[index]
        unread = unread_label(channel.unread)
        style = "strong" if channel.unread or channel.id == self.current else "place" if channel.is_dm else ""
        mark = "▎" if channel.id == self.current else " "
        room = max(width - len(unread) - 2, 1)
        return (Part(mark, "accent"), Part(fit(channel.label, room), style), Part(unread, "number"))

    def hint(self) -> Sequence[Line]:
        """No conversations, for a moment."""
        return (line(Part(" Connecting", "dim")),)


class Conversation(BlockView):
    """What was said, newest last."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("i", "write", "Write"),
        Binding("t", "act('thread')", "Thread"),
        Binding("e", "act('edit')", "Edit"),
        Binding("d,delete", "act('delete')", "Delete"),
        Binding("plus,R", "act('react')", "React"),
        Binding("H", "home", "Home tab", show=False),
    ]

    _can_follow = True

    def __init__(self) -> None:
        super().__init__(id="conversation", is_following=True)

    class WritingWanted(Message):
        """A person wants to say something."""

    @dataclass
    class ActWanted(Message):
        """A person wants to do something with the message under the cursor."""

        what: str
        ts: str

    class HomeWanted(Message):
        """A person wants to see the app's home tab."""

    def action_act(self, what: str) -> None:
        """Do something with the message under the cursor."""
        if self.row_count():
            self.post_message(self.ActWanted(what, ts_of(self.path_at(self.cursor)[-1])))

    def action_home(self) -> None:
        """Ask for the home tab."""
        self.post_message(self.HomeWanted())

    def hint(self) -> Sequence[Line]:
        """How to begin."""
        return EMPTY_CONVERSATION

    def action_write(self) -> None:
        """Ask for the line to type in."""
        self.post_message(self.WritingWanted())


class Speaker(Widget):
    """Who is speaking; a click lets the next person speak."""

    class Clicked(Message):
        """Somebody else should speak."""

    def __init__(self) -> None:
        super().__init__(id="speaker")
        self.name_shown = ""

    def show(self, name: str) -> None:
        """Show this name."""
        self.name_shown = clean(name)
        self.refresh(layout=True)

    def render(self) -> Text:
        """The name, as a prompt."""
        return Text(f"{self.name_shown} > ")

    def on_click(self, event: events.Click) -> None:
        """Ask for somebody else."""
        event.stop()
        self.post_message(self.Clicked())


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

    @dataclass
    class MessageEntered(Message):
        """A person typed something and pressed Enter."""

        channel_id: str
        person_id: str
        text: str

        thread_ts: str | None = None

    @dataclass
    class MessageEdited(Message):
        """A person has changed what a message says."""

        channel_id: str
        person_id: str
        ts: str
        text: str

    @dataclass
    class MessageAction(Message):
        """A person wants to `delete` a message or to `react` to it."""

        what: str
        channel_id: str
        person_id: str
        ts: str

    @dataclass
    class ControlUsed(Message):
        """A person uses something in a message."""

        channel_id: str
        person_id: str
        ts: str
        used: Control

    @dataclass
    class HomeWanted(Message):
        """A person wants to see the app's home tab."""

        person_id: str

    class SpeakerChanged(Message):
        """Somebody else looks at the conversation."""

    @dataclass
    class ChannelPicked(Message):
        """Another conversation should be shown."""

        channel_id: str

    class LookedAt(Message):
        """The pane is on the screen after it was hidden."""

    def __init__(self, timezone: tzinfo = UTC, names: Names | None = None) -> None:
        super().__init__(id="chat")
        self._timezone = timezone
        self._transcript = Transcript(timezone, names)
        self._messages: Sequence[ChatMessage] = ()
        self._target: tuple[str, str] | None = None
        self._people: Sequence[ChatPerson] = ()
        self._speaker: ChatPerson | None = None
        self._is_live = False
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

    def show_mode(self, *, is_live: bool) -> None:
        """Say whether people read what is typed here."""
        self._is_live = is_live
        self.set_class(is_live, "-live")
        self._tell_state()

    def show_people(self, people: Sequence[ChatPerson]) -> None:
        """Let one speak as these people."""
        self._people = people
        if self._speaker not in people:
            self._speak_as(people[0] if people else None)
        self._say_what_was_entered_early()

    def show_channels(self, channels: Sequence[ChatChannel]) -> None:
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
        """Tell that somebody looks."""
        self.post_message(self.LookedAt())

    def show_messages(self, messages: Sequence[ChatMessage]) -> None:
        """Show what was said in the current conversation."""
        self._messages = messages
        self._conversation.show(self._transcript.nodes(messages))

    def suggest(self, commands: Sequence[str]) -> None:
        """Complete these slash commands."""
        self._input.suggester = SuggestFromList([f"{command} " for command in commands])

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
        self.post_message(self.ChannelPicked(channel_id))

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
            self.post_message(self.SpeakerChanged())
        self._speaker = person
        self._speaker_view.show(person.name if person else "")
        self._tell_state()

    def _tell_state(self) -> None:
        channel, speaker = self.channel, self._speaker
        where = channel.label if channel else ""
        if channel is not None and speaker is not None:
            hint = typing_hint(where, speaker.name, is_live=self._is_live)
            self._input.placeholder = clean(_TARGETS.get(self._target[0], hint) if self._target else hint)
        self.tell(f"{where}, LIVE: real people read this" if self._is_live else where)

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
            self.post_message(self.ControlUsed(self.channel.id, self._speaker.id, ts_of(event.key), event.used))

    @on(Conversation.HomeWanted)
    def _home_wanted(self, event: Conversation.HomeWanted) -> None:
        event.stop()
        self.action_home()

    def action_home(self) -> None:
        """Ask for the app's home tab, as the speaker sees it."""
        if self._speaker is not None:
            self.post_message(self.HomeWanted(self._speaker.id))

    @on(Conversation.ActWanted)
    def _act_wanted(self, event: Conversation.ActWanted) -> None:
        event.stop()
        message = next((one for one in self._messages if one.ts == event.ts), None)
        if message is None or self.channel is None or self._speaker is None:
            return
        if event.what in {"delete", "react"}:
            self.post_message(self.MessageAction(event.what, self.channel.id, self._speaker.id, message.ts))
            return
        self._aim((event.what, (message.thread_ts or message.ts) if event.what == "thread" else message.ts))
        if event.what == "edit":
            self._input.value = message.text
            self._input.cursor_position = len(message.text)
        self._input.focus()

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
                self.post_message(self.MessageEdited(channel.id, speaker.id, ts, text))
            else:
                if not ts:  # in a thread, one stays where one reads
                    self._conversation.is_following = True
                self.post_message(self.MessageEntered(channel.id, speaker.id, text, ts or None))
