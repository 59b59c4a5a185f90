"""Exceptions that nobody catches, without secrets: Python prints them past all logging."""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
import traceback
from collections.abc import Iterator
from types import TracebackType

from machine.redaction import redact
from machine.terminal_text import visible_lines
from machine.tracebacks import printable

_logger = logging.getLogger(__name__)


@contextlib.contextmanager
def crashes_logged() -> Iterator[None]:
    """Log what threads and finalizers raise, as long as this is open; logging redacts it."""
    of_threads, of_finalizers = threading.excepthook, sys.unraisablehook
    threading.excepthook, sys.unraisablehook = _log_thread, _log_finalizer
    try:
        yield
    finally:
        threading.excepthook, sys.unraisablehook = of_threads, of_finalizers


def print_crash(_kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print an exception that ends the process, redacted and without control characters; for `sys.excepthook`."""
    text = redact("".join(traceback.format_exception(printable(error).with_traceback(trace))))
    print(visible_lines(text), end="", file=sys.stderr)


def _log_thread(crash: threading.ExceptHookArgs) -> None:
    if crash.exc_value is None or issubclass(crash.exc_type, SystemExit):
        return  # a thread may end so
    name = crash.thread.name if crash.thread is not None else "unknown"
    _logger.error("A thread failed: %s", name, exc_info=(crash.exc_type, crash.exc_value, crash.exc_traceback))


def _log_finalizer(crash: sys.UnraisableHookArgs) -> None:
    error = crash.exc_value or crash.exc_type()
    # Not the object itself: it is being taken down, and keeping or showing it may raise again.
    _logger.error(
        "%s: %s",
        crash.err_msg or "Exception ignored in",
        type(crash.object).__name__,
        exc_info=(crash.exc_type, error, crash.exc_traceback),
    )
