"""A modal or home tab of the app, as a screen."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, tzinfo
from typing import ClassVar, Protocol

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button

from machine_console.blockkit.controls import Control
from machine_console.blockkit.layout import Layout
from machine_console.session.chat import ChatView
from machine_console.text.document_tree import BLANK, Node
from machine_console.text.formatting import Names
from machine_console.text.styled_text import clean, line
from machine_console.widgets.block_view import BlockView


def view_nodes(view: ChatView, names: Names, timezone: tzinfo = UTC) -> Iterator[Node]:
    """The blocks of a view as a document, with some air between them."""
    layout = Layout(names, view.values, view.errors, timezone)
    for position, block in enumerate(view.blocks):
        if position:
            yield BLANK
        for number, row in enumerate(layout.lines([block])):
            yield Node((*line(""), *row), f"{block.get('block_id')}/{number}")


class ViewDocument(BlockView):
    """The blocks of a view: a form, where Tab leads from one thing to fill in to the next, and then to the buttons."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "tab(1)", "Next", show=False),
        Binding("shift+tab", "tab(-1)", "Previous", show=False),
    ]

    def action_tab(self, step: int) -> None:
        """Go to the next control, or on to the buttons after the last one."""
        before = self.control()
        self.action_next_control(step)
        if self.control() is before:
            self.screen.focus_next() if step > 0 else self.screen.focus_previous()


class ViewUser(Protocol):
    """Does what a person does with a view."""

    def use(self, view: ChatView, used: Control) -> None:
        """They use one of its controls."""

    def submit(self, view: ChatView) -> None:
        """They submit it."""

    def leave(self, view: ChatView) -> None:
        """They close it."""


class ViewScreen(ModalScreen[None]):
    """Shows a view.

    Args:
        view: As it stands.
        user: Told of what the person uses, and when they submit or close it.
        names: What people and channels are called.
        person: Who sees it.
        timezone: In which times are shown.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "submit", "Submit", priority=True),
        Binding("escape", "close", "Close"),
    ]

    def __init__(self, view: ChatView, user: ViewUser, names: Names, person: str, timezone: tzinfo = UTC) -> None:
        super().__init__()
        self.view = view
        self.is_gone = False
        self._user = user
        self._names = names
        self._person = person
        self._timezone = timezone
        self._document = ViewDocument(id="view-document")

    @property
    def document(self) -> BlockView:
        """The blocks."""
        return self._document

    def compose(self) -> ComposeResult:
        """The blocks in a frame, and what ends it."""
        with Vertical(id="view") as frame:
            frame.border_subtitle = Text(self._hint(), style="dim")
            yield self._document
            with Horizontal(classes="buttons"):
                if self._can_submit():
                    yield Button("Submit", variant="primary", id="submit", compact=True)
                yield Button("Close", id="close", compact=True)

    def on_mount(self) -> None:
        """Show the view."""
        self.show(self.view)
        self._document.focus()
        if not self._document.control():
            self._document.action_next_control(1)

    def on_screen_resume(self) -> None:
        """A view that was closed while others lay over it goes now."""
        if self.is_gone:
            self.dismiss()

    def show(self, view: ChatView) -> None:
        """Show the view as it stands now."""
        self.view = view
        self._document.show(list(view_nodes(view, self._names, self._timezone)))
        title = view.title if view.type == "modal" else "Home"
        frame = self.query_one("#view", Vertical)
        frame.border_title = Text.assemble((clean(title), "bold"), (f"  {clean(self._person)}", "dim"))
        if self._can_submit():
            self.query_one("#submit", Button).label = Text(clean(view.submit or "Submit"))
        if view.type == "modal":
            self.query_one("#close", Button).label = Text(clean(view.close or "Cancel"))

    def _can_submit(self) -> bool:
        has_input = any(block.get("type") == "input" for block in self.view.blocks)
        return self.view.type == "modal" and (has_input or bool(self.view.submit))

    def _hint(self) -> str:
        return "Enter fills in, Ctrl+S submits, Esc closes" if self._can_submit() else "Esc closes"

    def on_block_view_control_used(self, event: BlockView.ControlUsed) -> None:
        """Use it."""
        event.stop()
        self._user.use(self.view, event.used)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Submit or close."""
        event.stop()
        if event.button.id == "submit":
            self.action_submit()
        else:
            self.action_close()

    def action_submit(self) -> None:
        """Submit what is entered."""
        if self._can_submit():
            self._user.submit(self.view)

    def action_close(self) -> None:
        """Close the view."""
        self._user.leave(self.view)
