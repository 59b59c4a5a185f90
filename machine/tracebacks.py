"""Exceptions as people want to read them: short, beginning in their own code, without secrets."""

from __future__ import annotations

import linecache
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from machine.redaction import redact
from machine.safe_repr import safe_repr
from machine.trace import Frame

_MAX_FRAMES = 20
_MAX_VARIABLES = 40
_LINES_AROUND = 2


def one_line(error: BaseException) -> str:
    """Type and message of an exception, on one line."""
    try:
        message = " ".join(str(error).split())
    except Exception:  # noqa: BLE001 - an exception whose text fails must not hide what happened
        message = "its message cannot be read"
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def own_traceback(error: BaseException, source_file: str) -> str:
    """The traceback of `error`, redacted and beginning at its first frame in `source_file`, if it has one."""
    summary = traceback.TracebackException.from_exception(error)
    own = [number for number, frame in enumerate(summary.stack) if frame.filename == source_file]
    if own:
        summary.stack = traceback.StackSummary.from_list(list(summary.stack)[own[0] :])
    return redact("".join(summary.format()))


def own_frames(error: BaseException, source_file: str) -> tuple[Frame, ...]:
    """Where `error` passed through, from its first frame in `source_file` on, with source and local variables.

    Variables are those of code beside `source_file`: what libraries keep in theirs is neither short nor a plugin's.
    """
    steps = list(traceback.walk_tb(error.__traceback__))
    own = [number for number, (frame, _line) in enumerate(steps) if frame.f_code.co_filename == source_file]
    folder = Path(source_file).parent
    return tuple(_frame(frame, line, folder) for frame, line in steps[own[0] if own else 0 :][-_MAX_FRAMES:])


def _frame(frame: FrameType, line: int, folder: Path) -> Frame:
    code = frame.f_code
    is_own = Path(code.co_filename).is_relative_to(folder)
    variables = dict(_variables(frame)) if is_own else {}
    return Frame(code.co_filename, line, code.co_qualname, dict(_lines_around(code.co_filename, line)), variables)


def _lines_around(file: str, line: int) -> Iterator[tuple[int, str]]:
    linecache.checkcache(file)
    for number in range(max(line - _LINES_AROUND, 1), line + _LINES_AROUND + 1):
        text = linecache.getline(file, number)
        if text:
            yield number, redact(text.rstrip())


def _variables(frame: FrameType) -> Iterator[tuple[str, str]]:
    for name, value in list(frame.f_locals.items())[:_MAX_VARIABLES]:
        yield name, safe_repr(value, name)
