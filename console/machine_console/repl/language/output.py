"""Where `print` goes: what the prompt's code prints belongs to the REPL, what the bot prints does not.

Bot and REPL share a process, so there is one `sys.stdout` for both. A context variable tells whose code is printing;
tasks inherit it, so a task started at the prompt still prints there.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TextIO, TypeAlias

WriteLine: TypeAlias = Callable[[str], None]

MAX_PENDING = 100_000
"""Characters kept of a line that does not end; then it is ended."""


class PrintedLines:
    """Puts together printed lines from the pieces in which `print` writes them.

    Secrets can only be recognised in whole lines, so nothing is passed on before its line has ended.
    """

    def __init__(self, write_line: WriteLine) -> None:
        self._write_line = write_line
        self._pending = ""

    def write(self, text: str) -> None:
        """Take in a piece; lines that end in it are passed on."""
        self._pending += text
        if "\n" in self._pending or len(self._pending) > MAX_PENDING:
            *lines, self._pending = self._pending.split("\n") if "\n" in self._pending else [self._pending, ""]
            for line in lines:
                self._write_line(line)

    def finish(self) -> None:
        """Pass on what has not been ended by a newline."""
        if self._pending:
            line, self._pending = self._pending, ""
            self._write_line(line)


printed_lines: ContextVar[PrintedLines | None] = ContextVar("printed_lines", default=None)
"""Where code that runs in this context prints; `None` for everything that is not from the prompt."""


class _RoutedStream(io.TextIOBase):
    """Stands in for `sys.stdout`: passes text to the context's REPL, or on to the stream it stands in for."""

    def __init__(self, original: TextIO) -> None:
        self._original = original

    def write(self, text: str) -> int:
        lines = printed_lines.get()
        if lines is None:
            self._original.write(text)
        else:
            lines.write(text)
        return len(text)

    def flush(self) -> None:
        if printed_lines.get() is None:
            self._original.flush()

    def fileno(self) -> int:
        return self._original.fileno()

    def isatty(self) -> bool:
        return printed_lines.get() is None and self._original.isatty()

    def writable(self) -> bool:
        return True


@contextmanager
def routed_output() -> Iterator[None]:
    """While open, `sys.stdout` and `sys.stderr` pay attention to `printed_lines`."""
    stdout, stderr = sys.stdout, sys.stderr
    routed = _RoutedStream(stdout), _RoutedStream(stderr)
    sys.stdout, sys.stderr = routed
    try:
        yield
    finally:
        if sys.stdout is routed[0]:
            sys.stdout = stdout
        if sys.stderr is routed[1]:
            sys.stderr = stderr
