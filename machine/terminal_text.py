r"""Text from outside on its way to a terminal, without anything that the terminal would act on.

Control characters become their pictures (`\x1b` is shown as ``␛``, a newline as ``↵``), and what would turn the
direction of writing around or hide text becomes ``�``.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

_TAB = "    "
_JOINERS = frozenset("\u200d\ufe0e\ufe0f")
"""Join or restyle emoji; terminals disagree about the width of the result, so the parts are shown on their own."""


@lru_cache(maxsize=4096)
def _stand_in(character: str) -> str:
    """What is shown instead of a character that a terminal would not simply draw."""
    if character == "\t":
        return _TAB
    if character in _JOINERS:
        return ""
    code = ord(character)
    if code < 0x20:
        return "↵" if character == "\n" else chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}:
        return "�"
    return character


def visible(text: str) -> str:
    """The text as one line that is safe to print."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(character if " " <= character <= "~" else _stand_in(character) for character in text)


def visible_lines(text: str, indent: str = "") -> str:
    """The text with its line breaks, each line safe to print and none of them at the margin if there is an indent."""
    return "\n".join(f"{indent}{visible(line)}" if line else line for line in text.split("\n"))
