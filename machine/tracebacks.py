"""Exceptions as people want to read them: short, beginning in their own code, without secrets."""

from __future__ import annotations

import linecache
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from machine.redaction import redact, redact_start
from machine.safe_repr import is_small, safe_repr, short_text
from machine.trace import Frame

_MAX_FRAMES = 20
_MAX_VARIABLES = 40
_LINES_AROUND = 2
_MAX_MESSAGE = 2_000
_MAX_CHAIN = 50


def one_line(error: BaseException) -> str:
    """Type and message of an exception, on one line."""
    try:
        message = " ".join(_message(error).split())
    except Exception:  # noqa: BLE001 - an exception whose text fails must not hide what happened
        message = "its message cannot be read"
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def printable(error: BaseException) -> BaseException:
    """The exception, or one that reads the same, in place of one whose message is too large to be made and searched.

    Whoever formats a traceback asks each exception in the chain for its message, and nobody can stop that.
    """
    return error if all(_is_brief(one) for one in _chain(error)) else _stand_in(error, {})


def _chain(error: BaseException) -> Iterator[BaseException]:
    waiting, seen = [error], {id(error)}
    while waiting and len(seen) <= _MAX_CHAIN:
        one = waiting.pop()
        yield one
        inside = one.exceptions[:_MAX_CHAIN] if isinstance(one, BaseExceptionGroup) else ()
        for other in (one.__cause__, one.__context__, *inside):
            if other is not None and id(other) not in seen:
                seen.add(id(other))
                waiting.append(other)


def _is_brief(error: BaseException) -> bool:
    writes_itself = type(error).__str__ is not BaseException.__str__
    told = (error.args, getattr(error, "__notes__", ()), vars(error) if writes_itself else ())
    return is_small(told)


def _message(error: BaseException) -> str:
    if _is_brief(error):
        return redact_start(str(error), _MAX_MESSAGE)
    args = error.args
    if len(args) == 1 and isinstance(args[0], str):
        return redact_start(args[0], _MAX_MESSAGE)
    return short_text(args[0] if len(args) == 1 else args, _MAX_MESSAGE)


def _stand_in(error: BaseException, known: dict[int, BaseException]) -> BaseException:
    if id(error) in known or len(known) > _MAX_CHAIN:
        return known.get(id(error), error if _is_brief(error) else Exception("…"))
    text = _message(error)
    names = {"__module__": type(error).__module__, "__qualname__": type(error).__qualname__, "__str__": lambda _: text}
    if isinstance(error, BaseExceptionGroup):
        inside = [_stand_in(one, known) for one in error.exceptions[:_MAX_CHAIN]]
        new: BaseException = type(type(error).__name__, (BaseExceptionGroup,), names)(text, inside)
    else:
        new = type(type(error).__name__, (Exception,), names)()
    known[id(error)] = new
    new.__traceback__ = error.__traceback__
    new.__cause__ = None if error.__cause__ is None else _stand_in(error.__cause__, known)
    new.__context__ = None if error.__context__ is None else _stand_in(error.__context__, known)
    new.__suppress_context__ = error.__suppress_context__
    for note in getattr(error, "__notes__", ())[:_MAX_CHAIN]:
        new.add_note(redact_start(str(note), _MAX_MESSAGE))
    return new


def own_traceback(error: BaseException, source_file: str) -> str:
    """The traceback of `error`, redacted and beginning at its first frame in `source_file`, if it has one."""
    summary = traceback.TracebackException.from_exception(printable(error))
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
