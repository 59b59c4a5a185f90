"""Every key of a pane as an action with a name: for the command palette, and for whoever checks the documentation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from textual.binding import Binding
from textual.widget import Widget

from machine_console.panes.base import Pane
from machine_console.widgets.filter_input import FilterLine
from machine_console.widgets.line_list import LinesView


@dataclass(frozen=True, slots=True)
class PaneAction:
    """One thing that a key does in a pane.

    Attributes:
        pane: The pane.
        owner: The widget whose action it is: the pane, or a part of it.
        binding: The key, or several separated by commas, and the action.
    """

    pane: Pane
    owner: Widget
    binding: Binding

    @property
    def title(self) -> str:
        """What it does, for a person."""
        return f"{self.pane.TITLE}: {self.binding.description}"

    @property
    def keys(self) -> list[str]:
        """Its keys, as Textual names them."""
        return [key.strip() for key in self.binding.key.split(",")]


def pane_actions(pane: Pane) -> Iterator[PaneAction]:
    """What can be done in a pane by key, except moving about in lists, which nobody does by name."""
    known: set[tuple[str, str]] = set()
    for owner in (pane, *pane.query(Widget)):
        if any(isinstance(node, FilterLine) for node in owner.ancestors_with_self):
            continue  # keys of a line one types in
        for binding in _bindings(type(owner)):
            if (binding.action, binding.description) not in known:
                known.add((binding.action, binding.description))
                yield PaneAction(pane, owner, binding)


def _bindings(kind: type[Widget]) -> Iterator[Binding]:
    for one in kind.__mro__:
        if one.__module__.startswith("machine_console.") and one is not LinesView:
            yield from (binding for binding in one.__dict__.get("BINDINGS", ()) if isinstance(binding, Binding))
