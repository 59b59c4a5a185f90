"""Modals and home tabs as a test looks at them."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from machine.sandbox import SlackRefusal, Workspace
from machine.sandbox.state.objects import View
from machine.slack.block_kit.elements import elements_of
from machine.testing.messages import readable, texts_of

__tracebackhide__ = True  # pytest shows the line of the test, not those in here


class ShownView:
    """A modal or home tab that a person has before them. It follows what happens to the view."""

    def __init__(self, workspace: Workspace, view: View) -> None:
        self._workspace = workspace
        self._last_seen = view

    @property
    def view(self) -> View:
        """The sandbox's own value, as it stands; of a closed modal, as it stood."""
        with suppress(SlackRefusal):  # it is closed
            self._last_seen = self._workspace.views.find(self._last_seen.id)
        return self._last_seen

    @property
    def title(self) -> str:
        """The title of a modal; empty for a home tab."""
        return self.view.title

    @property
    def callback_id(self) -> str:
        """What the app calls it."""
        return self.view.callback_id

    @property
    def shown(self) -> str:
        """What people see: the texts of its blocks, one on each line."""
        return "\n".join(readable(self._workspace, text) for text in texts_of(self.view.blocks))

    @property
    def blocks(self) -> list[dict[str, Any]]:
        """Its blocks, with the ids that Slack adds."""
        return [dict(block) for block in self.view.blocks]

    @property
    def values(self) -> dict[str, Any]:
        """What is entered or chosen, by action id; an option by its value."""
        view = self.view
        found = {}
        for element in elements_of(view.blocks):
            state = view.values.get(element.block_id, {}).get(element.action_id)
            if state is not None:
                found[element.action_id] = _plain(state.get(element.value_field))
        return found

    @property
    def errors(self) -> dict[str, str]:
        """What the app found wrong with the last submission, by block id."""
        return dict(self.view.errors)

    @property
    def is_open(self) -> bool:
        """Whether it is still there."""
        try:
            self._workspace.views.find(self._last_seen.id)
        except SlackRefusal:
            return False
        return True

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ShownView) and other.view.id == self.view.id

    def __hash__(self) -> int:
        return hash(self._last_seen.id)

    def __repr__(self) -> str:
        kind = "modal" if self.view.type == "modal" else "home tab"
        name = " ".join(filter(None, (repr(self.title) if self.title else "", self.callback_id)))
        wrong = f", errors: {self.errors}" if self.errors else ""
        return f"<{kind} {name}: {' | '.join(self.shown.split(chr(10)))}{wrong}>"


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.get("value", value) if isinstance(value, dict) else value
