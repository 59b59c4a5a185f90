"""A payload to change before it is sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from rich.text import Text
from textual.app import ComposeResult, SuspendNotSupported
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static, TextArea

from machine_console.runtime.editor import EditorError, edit_text, lent_terminal
from machine_console.text.document_tree import json_text
from machine_console.text.styled_text import clean


class PayloadScreen(ModalScreen[Mapping[str, Any] | None]):
    """Lets a person change a payload; ends with the new one, or with nothing.

    Args:
        title: What is changed.
        payload: As Slack sent it; shown redacted.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "send", "Send", priority=True),
        Binding("ctrl+e", "editor", "In $EDITOR", priority=True),
        Binding("escape", "cancel", "Cancel", priority=True),
    ]

    def __init__(self, title: str, payload: Mapping[str, Any]) -> None:
        super().__init__()
        self._title = title
        self.area = TextArea(json_text(payload), language=None, show_line_numbers=True, id="payload-text")
        self._problem = Static("", id="payload-problem", markup=False)

    def compose(self) -> ComposeResult:
        """The text in a frame, what is wrong with it below."""
        with Vertical(id="payload") as frame:
            frame.border_title = Text(clean(self._title), style="bold")
            frame.border_subtitle = Text("Ctrl+S sends, Ctrl+E opens $EDITOR, Esc cancels", style="dim")
            yield self.area
            yield self._problem

    def on_mount(self) -> None:
        """One types at once."""
        self.area.focus()

    def tell(self, problem: str) -> None:
        """Say what is wrong."""
        self._problem.update(Text(clean(problem)))
        self._problem.display = bool(problem)

    def on_text_area_changed(self) -> None:
        """What was wrong may be right now."""
        self.tell("")

    def action_send(self) -> None:
        """End with the payload, if it is one."""
        try:
            payload = json.loads(self.area.text)
        except (ValueError, RecursionError) as error:
            self.tell(f"This is not JSON: {error}")
            return
        if not isinstance(payload, dict):
            self.tell("A payload is a JSON object.")
            return
        self.dismiss(payload)

    def action_editor(self) -> None:
        """Open the text in $EDITOR; what is saved there comes back."""
        self.run_worker(self._edit_outside(), exit_on_error=False)

    async def _edit_outside(self) -> None:
        try:
            self.area.text = await edit_text(self.area.text, name="payload.json", terminal=lent_terminal(self.app))
        except SuspendNotSupported:
            self.tell("An editor needs a terminal of its own.")
        except EditorError as error:
            self.tell(str(error))

    def action_cancel(self) -> None:
        """End with nothing."""
        self.dismiss(None)
