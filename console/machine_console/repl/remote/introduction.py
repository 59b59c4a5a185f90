"""What a terminal elsewhere and the bot tell each other before a session begins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


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


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a session is given by the bot.

    Attributes:
        number: Of the session.
        namespace: Names known at the prompt.
        label: In front of `>>>`.
        is_live: The workspace is a real one.
        history_path: Where inputs are kept.
        mode: The keys are those of `vi` or of `emacs`.
        greeting: The first line.
        log: Called with each input before it runs.
    """

    number: int
    namespace: Mapping[str, object]
    label: str
    is_live: bool
    history_path: Path | None
    mode: str
    greeting: str
    log: Callable[[str], None]
