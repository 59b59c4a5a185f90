"""What the chat pane is put together from: the list of conversations, what was said, and who is speaking."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widget import Widget

from machine_console.panes.chat.transcript import EMPTY_CONVERSATION, ts_of, unread_label
from machine_console.session.chat import ChatChannel
from machine_console.text.styled_text import Line, Part, clean, fit, line
from machine_console.widgets.block_view import BlockView
from machine_console.widgets.line_list import LinesView


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
