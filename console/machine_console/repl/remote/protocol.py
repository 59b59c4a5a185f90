"""What an attached terminal and the bot say to each other: frames of one letter, a length and a body.

The terminal stays simple: it sends keys as they come and shows what it is sent. All else happens beside the bot.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

HELLO = b"h"
"""The terminal introduces itself, first of all: a JSON object, see `Hello`."""
LOGS = b"l"
"""Instead of that: the person wants to read the log: a JSON object, see `LogQuery`."""
DATA = b"d"
"""Keys to the bot, or what to show to the terminal, as a terminal's own bytes."""
ERROR = b"e"
"""What to show on standard error, where there is no prompt; and back, why a text was not edited."""
SIZE = b"w"
"""The terminal's size changed: columns and rows, in `SIZE_BODY`."""
EDIT = b"v"
"""A text to be changed in the person's editor; and back, the changed text."""
EXIT = b"x"
"""It is over: the exit code in one byte, then a line to show, or nothing."""

HEADER = struct.Struct(">cI")
SIZE_BODY = struct.Struct(">HH")
MAX_BODY = 8 * 1024 * 1024
"""Bytes; nobody types more, and what is longer was not sent by us."""

INTERRUPT_SUFFIX = ".interrupt"
"""Added to the path of the socket: where a request to stop an input is heard even if the event loop hangs."""


class ProtocolError(Exception):
    """The other side says what nobody of ours would."""


def pack(kind: bytes, body: bytes = b"") -> bytes:
    """A frame, ready to be sent."""
    return HEADER.pack(kind, len(body)) + body


class Frames:
    """Puts frames together from the pieces in which they arrive."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def feed(self, piece: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Take in a piece; the kind and the body of each frame that it completes.

        Raises:
            ProtocolError: A frame is longer than any of ours.
        """
        self._pending += piece
        while len(self._pending) >= HEADER.size:
            kind, length = HEADER.unpack_from(self._pending)
            if length > MAX_BODY:
                raise ProtocolError(f"a frame of {length:,} bytes")
            end = HEADER.size + length
            if len(self._pending) < end:
                return
            body = bytes(self._pending[HEADER.size : end])
            del self._pending[:end]
            yield kind, body


@dataclass(frozen=True, slots=True)
class Hello:
    """How a terminal introduces itself.

    Attributes:
        code: To be run instead of asking at a prompt.
        is_read_only: Refuse what would change anything.
        as_json: Show the result of `code` as JSON.
        mode: `vi` or `emacs`; empty for the bot's own setting.
        term: Its `TERM`.
        colours: How many it has, as a power of two.
        tells_position: It answers where its cursor is.
        size: Columns and rows.
    """

    code: str | None
    is_read_only: bool
    as_json: bool
    mode: str
    term: str
    colours: int
    tells_position: bool
    size: tuple[int, int]

    @classmethod
    def read(cls, fields: Mapping[str, Any]) -> Hello:
        """What was sent; what is missing or of another type gets a value that will do."""
        code, size = fields.get("code"), fields.get("size")
        columns, rows = size if isinstance(size, list) and len(size) == 2 else (80, 24)  # a pair
        return cls(
            code=code if isinstance(code, str) else None,
            is_read_only=bool(fields.get("read_only")),
            as_json=bool(fields.get("json")),
            mode="vi" if fields.get("mode") == "vi" else "emacs" if fields.get("mode") == "emacs" else "",
            term=str(fields.get("term") or "xterm"),
            colours=fields["colours"] if fields.get("colours") in (0, 4, 8, 24) else 8,
            tells_position=bool(fields.get("cpr")),
            size=(max(int(columns), 1), max(int(rows), 1)),
        )
