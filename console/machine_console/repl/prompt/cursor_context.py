"""Where in a half-typed input the cursor is: inside which string, as which argument of which call."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_CALLEE = re.compile(r"""[^\W\d]\w*(?:\.[^\W\d]\w*|\[(?:'[^'"\\\n]*'|"[^'"\\\n]*")\])*$""")
_NAME = re.compile(r"[^\W\d]\w*$")
_QUOTES = ("'''", '"""', "'", '"')
_CLOSING = {")": "(", "]": "[", "}": "{"}


@dataclass(slots=True)
class Call:
    """An open bracket and what is known about it.

    Attributes:
        bracket: `(`, `[` or `{`.
        callee: The dotted name before the bracket, also with names in brackets (`storage["todo"].get`); empty where
            there is none.
        argument: How many commas were before the cursor.
        keyword: The name of the keyword argument at the cursor.
    """

    bracket: str
    callee: str
    argument: int = 0
    keyword: str = ""


@dataclass(slots=True)
class Place:
    """Where the cursor is.

    Attributes:
        calls: The open brackets, outermost first.
        string: What has been typed of the string the cursor is in; `None` outside strings.
        is_comment: The cursor is in a comment.
    """

    calls: list[Call] = field(default_factory=list)
    string: str | None = None
    is_comment: bool = False

    @property
    def call(self) -> Call | None:
        """The innermost open bracket."""
        return self.calls[-1] if self.calls else None


def find_place(text: str) -> Place:
    """Find out where the end of `text` is, which need not be valid Python."""
    place = Place()
    position = 0
    while position < len(text):
        quote = next((quote for quote in _QUOTES if text.startswith(quote, position)), None)
        if quote is not None:
            end = _end_of_string(text, position + len(quote), quote)
            if end is None:
                place.string = text[position + len(quote) :]
                return place
            position = end
            continue
        character = text[position]
        if character == "#":
            end_of_line = text.find("\n", position)
            if end_of_line < 0:
                place.is_comment = True
                return place
            position = end_of_line
        else:
            _take(place, character, text, position)
        position += 1
    return place


def _end_of_string(text: str, position: int, quote: str) -> int | None:
    """The position behind the string; `None` if it does not end."""
    while position < len(text):
        if text[position] == "\\":
            position += 2
        elif text.startswith(quote, position):
            return position + len(quote)
        elif text[position] == "\n" and len(quote) == 1:
            return position  # a mistake; what follows is read as if the string had ended
        else:
            position += 1
    return None


def _take(place: Place, character: str, text: str, position: int) -> None:
    call = place.call
    if character in "([{":
        callee = _CALLEE.search(text[max(position - 200, 0) : position])
        place.calls.append(Call(character, callee[0] if callee else ""))
    elif call is None:
        return
    elif character in _CLOSING and call.bracket == _CLOSING[character]:
        place.calls.pop()
    elif character == ",":
        call.argument += 1
        call.keyword = ""
    elif character == "=" and text[position + 1 : position + 2] != "=" and not call.keyword:
        name = _NAME.search(text[max(position - 80, 0) : position].rstrip())
        call.keyword = name[0] if name else ""
