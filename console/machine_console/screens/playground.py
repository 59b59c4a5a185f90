"""A text to try out: which handlers would it run? Nothing is run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, ClassVar, TypeAlias

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from machine.trace import Considered
from machine_console.panes.events.event_document import why_nodes
from machine_console.session.chat import ChatChannel, ChatPerson
from machine_console.text.styled_text import Line, Part, clean, line
from machine_console.widgets.document_view import DocumentView

Explain: TypeAlias = Callable[[str, ChatPerson | None, ChatChannel | None], Awaitable[Sequence[Considered]]]
"""Which handlers a text would run if this person wrote it in this channel."""


class _Answers(DocumentView):
    def hint(self) -> Sequence[Line]:
        return (
            line(Part("  No handler waits for messages.", "strong")),
            line(""),
            line(Part("  A plugin listens with ", "dim"), Part('@listen_to(r"pattern")', "code")),
        )


class PlaygroundScreen(ModalScreen[None]):
    """Says with each key which handlers a text would run.

    Args:
        explain: Tells which handlers a text would run.
        text: What the input holds at first.
        people: Who may be the one that writes; the first one is, at first.
        channels: Where it may be written.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Close", priority=True),
        Binding("ctrl+t", "next_person", "Next person", priority=True),
        Binding("ctrl+down,alt+down", "next_channel(1)", "Next channel", priority=True),
        Binding("ctrl+up,alt+up", "next_channel(-1)", "Previous channel", show=False, priority=True),
        Binding("down,tab", "to_answers", "To the handlers", show=False),
    ]

    def __init__(
        self, explain: Explain, text: str, people: Sequence[ChatPerson], channels: Sequence[ChatChannel]
    ) -> None:
        super().__init__()
        self._explain = explain
        self._people = people
        self._channels = channels
        self._person = 0
        self._channel = 0
        self.input = Input(text, placeholder="Type a message, or /command", compact=True, select_on_focus=False)
        self._who = Static("", id="playground-who", markup=False)
        self.answers = _Answers(id="playground-answers")

    def start_with(self, person_id: str | None, channel_id: str | None) -> None:
        """Let this person write in this channel, where they are known."""
        people, channels = [one.id for one in self._people], [one.id for one in self._channels]
        self._person = people.index(person_id) if person_id in people else 0
        self._channel = channels.index(channel_id) if channel_id in channels else 0

    def compose(self) -> ComposeResult:
        """The text on top, the handlers below."""
        with Vertical(id="playground") as frame:
            frame.border_title = Text("What would it run?", style="bold")
            frame.border_subtitle = Text("nothing is run; Ctrl+T person, Ctrl+↓ channel, Esc closes", style="dim")
            with Horizontal(id="playground-line"):
                yield self._who
                yield self.input
            yield self.answers

    def on_mount(self) -> None:
        """Ask for the first text."""
        self.input.focus()
        self._ask()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Ask with each key."""
        event.stop()
        self._ask()

    def _ask(self) -> None:
        person = self._people[self._person] if self._people else None
        channel = self._channels[self._channel] if self._channels else None
        who = f"{person.name if person else 'somebody'} in {channel.label if channel else 'a channel'} > "
        self._who.update(Text(clean(who)))
        ask: Any = partial(
            self._answer, self.input.value, person, channel
        )  # Textual's types know no coroutine functions
        self.run_worker(ask, exclusive=True, exit_on_error=False)

    async def _answer(self, text: str, person: ChatPerson | None, channel: ChatChannel | None) -> None:
        """Show what would run and what would not."""
        self.answers.show(why_nodes(await self._explain(text, person, channel)))

    def action_next_person(self) -> None:
        """Let the next person write."""
        self._person = (self._person + 1) % max(len(self._people), 1)
        self._ask()

    def action_next_channel(self, step: int) -> None:
        """Write in another channel."""
        self._channel = (self._channel + step) % max(len(self._channels), 1)
        self._ask()

    def action_to_answers(self) -> None:
        """To the handlers, and back."""
        (self.input if self.answers.has_focus else self.answers).focus()
