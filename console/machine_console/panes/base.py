"""What all panes have in common: a number, a title, a place for the focus, and a way to talk to the person."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from rich.text import Text
from textual.containers import Vertical
from textual.message import Message
from textual.notifications import SeverityLevel
from textual.widget import Widget

from machine.errors import MachineError
from machine_console.history.history import EventTrace
from machine_console.text.styled_text import clean


@dataclass(frozen=True, slots=True)
class Selection:
    """What is selected in a pane: a word for the file, what it is for a person, and the facts."""

    name: str
    title: str
    facts: Sequence[Any]


class Pane(Vertical):
    """A framed part of the window. It draws through its views, and does what they ask for.

    Attributes:
        NUMBER: The key that jumps here.
        TITLE: The name in the frame and among the tabs.
    """

    NUMBER: ClassVar[int]
    TITLE: ClassVar[str]

    @dataclass
    class Told(Message):
        """A person should be told something."""

        text: str
        title: str
        severity: SeverityLevel

    @dataclass
    class EventOpened(Message):
        """A person wants to see everything about this event."""

        event: EventTrace

    @dataclass
    class PluginOpened(Message):
        """A person wants to see this plugin among the others."""

        plugin: str

    class Left(Message):
        """A person wants to go back to the list of events."""

    def on_mount(self) -> None:
        """Put the title on the frame."""
        if not self.border_title:
            self.show_state("")

    def show_state(self, state: str) -> None:
        """Say in the frame how things stand: how much there is, whether it follows."""
        self.border_title = Text.assemble(
            (f"{self.NUMBER} ", "dim"), (self.TITLE, "bold"), (f"  {clean(state)}" if state else "", "dim")
        )

    def tell(self, text: str, *, title: str = "", severity: SeverityLevel = "information") -> None:
        """Have the window raise a notice."""
        self.post_message(self.Told(text, title or self.TITLE, severity))

    def attempt(self, work: Coroutine[Any, Any, None], *, title: str = "", group: str = "default") -> None:
        """Do something that takes its time; what is refused is said."""
        self.run_worker(self._attempted(work, title), group=group, exit_on_error=False)

    async def _attempted(self, work: Coroutine[Any, Any, None], title: str) -> None:
        try:
            await work
        except MachineError as error:
            self.tell(str(error), title=title, severity="error")

    @abstractmethod
    def main(self) -> Widget:
        """What takes the focus when one comes to this pane."""

    @abstractmethod
    def sync(self) -> None:
        """Catch up with the bot. The window calls this for each frame, so it costs nothing while nothing happens."""

    def selection(self) -> Selection | None:
        """What can be exported; `None` where nothing is selected."""
        return None
