"""What people can press, choose or fill in, as values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from machine_console.text.styled_text import Part


@dataclass(frozen=True, slots=True)
class Option:
    """One of the things that can be chosen."""

    value: str
    label: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What is asked before an element does its work."""

    title: str
    text: str
    confirm: str = "Yes"
    deny: str = "No"


@dataclass(frozen=True, slots=True)
class Control:
    """An element that people use.

    Attributes:
        kind: Slack's name for it: `button`, `static_select`.
        action_id: The app's name for it.
        block_id: The block it stands in.
        label: What is written on it.
        value: What a button sends; for one of several radio buttons or checkboxes, its option.
        options: What can be chosen, if that is known beforehand.
        chosen: What is chosen or entered: values of options, ids, dates, a text.
        confirm: What is asked first.
        url: What a button opens in the browser.
        min_query: For external selects, after how many characters the app is asked.
        is_multiline: Whether a text may have several lines.
        heading: What stands above it, in a form.
    """

    kind: str
    action_id: str
    block_id: str
    label: str
    value: str | None = None
    options: tuple[Option, ...] = ()
    chosen: tuple[str, ...] = ()
    confirm: Confirmation | None = None
    url: str = ""
    min_query: int = 3
    is_multiline: bool = False
    heading: str = ""

    @property
    def title(self) -> str:
        """What it is called where it is all that is seen."""
        return self.heading or self.label

    @property
    def is_multiple(self) -> bool:
        """Whether several things can be chosen."""
        return self.kind.startswith("multi_") or self.kind == "checkboxes"

    @property
    def is_external(self) -> bool:
        """Whether the app is asked what can be chosen."""
        return "external" in self.kind

    def toggled(self) -> tuple[str, ...]:
        """What is chosen after this radio button or checkbox was pressed."""
        own = self.value or ""
        if self.kind == "radio_buttons":
            return (own,)
        return tuple(one for one in self.chosen if one != own) if own in self.chosen else (*self.chosen, own)


@dataclass(frozen=True, slots=True)
class ControlPart(Part):
    """A part of a line that can be used."""

    control: Control = field(default_factory=lambda: Control("", "", "", ""))


def mapping(value: Any) -> Mapping[str, Any]:
    """The value if it is an object, else an empty one: payloads are not to be trusted."""
    return value if isinstance(value, Mapping) else {}


def sequence(value: Any) -> Sequence[Any]:
    """The value if it is a list, else an empty one."""
    return value if isinstance(value, Sequence) and not isinstance(value, str | bytes) else ()


def text_of(holder: Any) -> str:
    """The text of a text object, or of what is a text already."""
    if isinstance(holder, str):
        return holder
    text = mapping(holder).get("text")
    return text if isinstance(text, str) else ""
