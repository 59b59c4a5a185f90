"""Lets a prompt-toolkit application live inside a Textual widget: keys in, its drawn screen out.

No terminal stands between the two. Keys are handed over as `KeyPress` objects and the rendered screen is read as it
is, so there are no escape sequences to write and parse again.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from itertools import count

from prompt_toolkit.data_structures import Size
from prompt_toolkit.input.base import DummyInput
from prompt_toolkit.key_binding.key_processor import KeyPress
from prompt_toolkit.keys import Keys
from prompt_toolkit.output import DummyOutput
from prompt_toolkit.output.color_depth import ColorDepth
from prompt_toolkit.styles import Attrs
from rich.color import ColorParseError
from rich.style import Style

_NAMED_KEYS: dict[str, tuple[Keys | str, ...]] = {
    "enter": (Keys.ControlM,),
    "tab": (Keys.ControlI,),
    "backspace": (Keys.ControlH,),
    "space": (" ",),
    "ctrl+space": (Keys.ControlAt,),
    "ctrl+@": (Keys.ControlAt,),
    "ctrl+backslash": (Keys.ControlBackslash,),
    "ctrl+right_square_bracket": (Keys.ControlSquareClose,),
    "ctrl+circumflex_accent": (Keys.ControlCircumflex,),
    "ctrl+underscore": (Keys.ControlUnderscore,),
    "ctrl+slash": (Keys.ControlUnderscore,),
    "shift+tab": (Keys.BackTab,),
    "shift+enter": (Keys.Escape, Keys.ControlM),
    "ctrl+enter": (Keys.Escape, Keys.ControlM),
    "alt+enter": (Keys.Escape, Keys.ControlM),
    "alt+backspace": (Keys.Escape, Keys.ControlH),
    "ctrl+backspace": (Keys.ControlW,),
    "alt+left": (Keys.Escape, "b"),
    "alt+right": (Keys.Escape, "f"),
}
_KEYS_BY_NAME = {key.value: key for key in Keys if not key.value.startswith(("<", "f", "c-f1", "c-f2"))}

_numbers = count()

_COLOURS = {
    "ansiblack": "black",
    "ansired": "red",
    "ansigreen": "green",
    "ansiyellow": "yellow",
    "ansiblue": "blue",
    "ansimagenta": "magenta",
    "ansicyan": "cyan",
    "ansigray": "white",
    "ansibrightblack": "bright_black",
    "ansibrightred": "bright_red",
    "ansibrightgreen": "bright_green",
    "ansibrightyellow": "bright_yellow",
    "ansibrightblue": "bright_blue",
    "ansibrightmagenta": "bright_magenta",
    "ansibrightcyan": "bright_cyan",
    "ansiwhite": "bright_white",
}


def key_presses(key: str, character: str | None) -> list[KeyPress]:
    """A key as Textual names it, as prompt-toolkit's key presses; empty for keys that mean nothing to a prompt.

    Args:
        key: Textual's name of the key, such as `ctrl+left`.
        character: What it types, where it types something.
    """
    named = _NAMED_KEYS.get(key)
    if named is not None:
        return [KeyPress(one) for one in named]
    if key.startswith("alt+"):
        following = key_presses(key.removeprefix("alt+"), character)
        return [KeyPress(Keys.Escape), *following] if following else []
    known = _KEYS_BY_NAME.get(key.replace("ctrl+", "c-").replace("shift+", "s-"))
    if known is not None:
        return [KeyPress(known)]
    return [KeyPress(character)] if character and character.isprintable() and len(character) == 1 else []


class FedInput(DummyInput):
    """An input that is given its keys; prompt-toolkit has nothing to wait for and nothing to read."""

    def __init__(self) -> None:
        self._number = next(_numbers)

    def typeahead_hash(self) -> str:
        """Under what keys are kept between two prompts; by the object's `id`, a later input would inherit them."""
        return f"fed-{self._number}"

    @property
    def closed(self) -> bool:
        """Never: a closed input ends the prompt."""
        return False

    def attach(self, input_ready_callback: Callable[[], None]) -> AbstractContextManager[None]:  # noqa: ARG002 - its interface
        """There is nothing that could become ready."""
        return nullcontext()


class ScreenOutput(DummyOutput):
    """An output of the size of a widget; what is drawn is read from the renderer instead.

    Args:
        size: Columns and rows of the widget now.
    """

    def __init__(self, size: Callable[[], tuple[int, int]]) -> None:
        self._size = size

    def get_size(self) -> Size:
        """The widget's size, at least one cell."""
        columns, rows = self._size()
        return Size(rows=max(rows, 1), columns=max(columns, 1))

    def get_default_color_depth(self) -> ColorDepth:
        """All colours; Textual brings them down to what the terminal has."""
        return ColorDepth.DEPTH_24_BIT


@lru_cache(maxsize=1024)
def rich_style(attrs: Attrs) -> Style:
    """prompt-toolkit's attributes of a cell as a style; never `None`, which Textual cannot draw without colours."""
    return Style(
        color=_colour(attrs.color),
        bgcolor=_colour(attrs.bgcolor),
        bold=attrs.bold or None,
        italic=attrs.italic or None,
        underline=attrs.underline or None,
        strike=attrs.strike or None,
        reverse=attrs.reverse or None,
        dim=getattr(attrs, "dim", None) or None,
    )


def _colour(name: str | None) -> str | None:
    if not name or name == "ansidefault":
        return None
    try:
        colour = _COLOURS.get(name) or f"#{name.removeprefix('#')}"
        Style(color=colour)
    except ColorParseError:
        return None
    return colour
