"""Exceptions as people want to read them: short, beginning in their own code, without secrets."""

from __future__ import annotations

import traceback

from machine.redaction import redact


def one_line(error: BaseException) -> str:
    """Type and message of an exception, on one line."""
    message = " ".join(str(error).split())
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def own_traceback(error: BaseException, source_file: str) -> str:
    """The traceback of `error`, redacted and beginning at its first frame in `source_file`, if it has one."""
    summary = traceback.TracebackException.from_exception(error)
    own = [number for number, frame in enumerate(summary.stack) if frame.filename == source_file]
    if own:
        summary.stack = traceback.StackSummary.from_list(list(summary.stack)[own[0] :])
    return redact("".join(summary.format()))
