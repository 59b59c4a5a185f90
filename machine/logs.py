"""Logging: structlog over the standard library, redacted, and seen by the trace.

Plugins and libraries log as they like (structlog or `logging`); every line takes the same way out: secrets are
redacted, then it is printed for a person or as JSON, and handed to the trace of the bot that is running.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import threading
import traceback
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, TextIO

from machine.logger import structlog
from machine.redaction import TOO_DEEP, redact, redact_field, redact_start
from machine.safe_repr import is_small, short_text
from machine.terminal_text import visible, visible_lines
from machine.trace import LogWritten, Trace, cause, current_invocation
from machine.tracebacks import printable

MAX_TEXT = 10_000
"""Characters of one text in a line that are kept."""
MAX_VALUE = 2_000
"""Characters that are kept of a value which is too large to be shown whole."""
_LARGE = 5
"""So many times as much as elsewhere is looked at before a value counts as large."""
_INDENT = "  "
_MAX_DEPTH = 50
_SHARED: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
]
_TRACEBACKS = frozenset({"exception", "stack"})
_INTERNAL_FIELDS = frozenset({"event", "level", "logger", "timestamp", "exc_info", "exception", "stack"})


def configure_logging(level: int, stream: TextIO | None = None, *, as_json: bool | None = None) -> None:
    """Set up logging for this process.

    Args:
        level: Lines below it cost a comparison and nothing else.
        stream: Where lines are printed; `None` prints none (the console shows them instead).
        as_json: One JSON object per line; by default when `stream` is not a terminal.
    """
    configure_structlog()
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, _StreamHandler)]:
        root.removeHandler(handler)
    root.setLevel(level)
    logging.captureWarnings(True)  # a warning printed to the terminal would tear up the console
    # slack_sdk and aiohttp say at INFO and DEBUG what the trace says better, tokens and payloads included.
    for chatty in ("slack_sdk", "aiohttp", "asyncio", "apscheduler", "watchfiles"):
        logging.getLogger(chatty).setLevel(max(level, logging.WARNING))
    if stream is not None:
        root.addHandler(_stream_handler(stream, not stream.isatty() if as_json is None else as_json))


def configure_structlog() -> None:
    """Have structlog write through the standard library's logging, whose levels and handlers stay as they are."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            _cut_arguments,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,  # a test or the REPL may configure again
    )


class TraceLogHandler(logging.Handler):
    """Hands log lines to a trace."""

    def __init__(self, trace: Trace) -> None:
        super().__init__()
        self._trace = trace
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = 0

    def belong_here(self) -> None:
        """Hand over on the running event loop from now on, also what other threads write."""
        self._loop, self._thread = asyncio.get_running_loop(), threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        """Turn `record` into a `LogWritten`, under the invocation that wrote it."""
        if not self._trace:
            return
        try:
            written = self._written(record)
        except Exception as error:  # noqa: BLE001 - a line that cannot be shown must not stop the handler that wrote it
            problem = f"A log line cannot be shown: {type(error).__name__} in {record.pathname}:{record.lineno}"
            written = LogWritten(level="error", logger=record.name, message=problem, fields={}, **cause())
        if self._loop is None or self._loop.is_closed() or threading.get_ident() == self._thread:
            self._trace.emit(written)
        else:  # the subscribers of the trace belong to one thread
            self._loop.call_soon_threadsafe(self._trace.emit, written)

    @staticmethod
    def _written(record: logging.LogRecord) -> LogWritten:
        fields: dict[str, Any] = {}
        if isinstance(record.msg, dict):  # from structlog, on its way to the formatter
            fields = {str(key): value for key, value in record.msg.items() if key not in _INTERNAL_FIELDS}
            message = str(_cut(record.msg.get("event", "")))
            exc_info = record.msg.get("exc_info") or record.exc_info
        else:
            message, exc_info = _message(record), record.exc_info
        if exc_info:
            fields["exception"] = _exception_text(exc_info)
        return LogWritten(
            level=record.levelname.lower(),
            logger=record.name,
            message=redact_start(message, MAX_TEXT),
            fields={
                redact(key): redact_field(key, _plain(_cut(value))) for key, value in fields.items() if key[:1] != "_"
            },
            **cause(),
        )


class _StreamHandler(logging.StreamHandler[TextIO]):
    """Our own handler, told apart from those a program or a test added.

    Where a line cannot be written, say because the disk is full, that is said once, until one can be again.
    """

    _is_failing = False

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line."""
        try:
            line = self.format(record) + self.terminator
        except Exception:  # noqa: BLE001 - what a plugin logs must not stop it
            self.handleError(record)
            return
        try:
            self.stream.write(line)
            self.stream.flush()
            self._is_failing = False
        except (OSError, ValueError) as error:
            if not self._is_failing:
                self._is_failing = True
                _say_on_stderr(f"machine: The log cannot be written: {error}. Lines are lost until it can.")

    def flush(self) -> None:
        """Write what is left, if that is possible."""
        with contextlib.suppress(OSError, ValueError):
            super().flush()


def _say_on_stderr(text: str) -> None:
    with contextlib.suppress(OSError, ValueError):
        print(visible(redact(text)), file=sys.stderr, flush=True)


def _stream_handler(stream: TextIO, as_json: bool) -> logging.Handler:
    last: structlog.typing.Processor
    if as_json:
        last = structlog.processors.JSONRenderer()
        exceptions: list[structlog.typing.Processor] = [_add_cause, structlog.processors.format_exc_info]
    else:
        last = line_renderer(colours=stream.isatty())
        exceptions = []
    handler = _StreamHandler(stream)
    handler.setFormatter(
        _RedactingFormatter(
            foreign_pre_chain=_SHARED,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _cut_fields,
                *exceptions,
                _redact_fields,
                last,
            ],
        )
    )
    return handler


class _RedactingFormatter(structlog.stdlib.ProcessorFormatter):
    def format(self, record: logging.LogRecord) -> str:
        _cut_record(record)
        return redact(super().format(record))  # tracebacks are rendered last, so this is the only safe place


def line_renderer(*, colours: bool) -> Callable[..., str]:
    """Shows the fields of a line to a person; nothing in them can control the terminal, or pass for another line."""
    render = structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=_write_traceback)

    def line(*arguments: Any) -> str:
        fields = arguments[-1]
        return str(render(None, "", {visible(str(name)): _shown(name, value) for name, value in fields.items()}))

    return line


def _shown(name: str, value: Any) -> Any:
    if isinstance(value, str):
        return visible_lines(value, _INDENT) if name in _TRACEBACKS else visible(value)
    if value is None or isinstance(value, bool | int | float) or name == "exc_info":
        return value
    text = repr(value)  # as the renderer would show it
    shown = visible(text)
    return value if shown == text else shown


def _write_traceback(stream: TextIO, exc_info: Any) -> None:
    stream.write("\n" + visible_lines(_exception_text(exc_info), _INDENT))


def _cut(value: Any) -> Any:
    """A value of which no more is kept than a person would read; making it a text would hold up the interpreter."""
    if isinstance(value, str):
        return value if len(value) <= MAX_TEXT else redact_start(value, MAX_TEXT)
    if value is None or isinstance(value, bool | float) or is_small(value, _LARGE):
        return value
    return short_text(value, MAX_VALUE)


def _cut_fields(_logger: Any, _method: str, event_dict: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event_dict.items():
        if key == "exc_info":
            event_dict[key] = _printable(value)
        else:
            event_dict[key] = _cut(value)
    return event_dict


def _cut_arguments(_logger: Any, _method: str, event_dict: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if arguments := event_dict.get("positional_args"):
        event_dict["positional_args"] = _cut_all(arguments)
    return event_dict


def _cut_record(record: logging.LogRecord) -> None:
    """Cut what the message will be made of; a record is seen by several handlers, and the first to see it does so."""
    if record.args:
        record.args = _cut_all(record.args)
    if not isinstance(record.msg, str | dict):
        record.msg = _cut(record.msg)


def _cut_all(arguments: Any) -> Any:
    if isinstance(arguments, Mapping):
        return {name: _cut(value) for name, value in arguments.items()}
    return tuple(map(_cut, arguments))


def _message(record: logging.LogRecord) -> str:
    _cut_record(record)
    return record.getMessage()


def _printable(exc_info: Any) -> Any:
    """As `(type, exception, traceback)`, whose message is short enough to be asked for."""
    if exc_info is True:
        exc_info = sys.exc_info()
    error = exc_info[1] if isinstance(exc_info, tuple) else exc_info
    if not isinstance(error, BaseException):
        return None
    shown = printable(error)
    return (type(shown), shown, shown.__traceback__)


def _add_cause(_logger: Any, _method: str, event_dict: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Say which event, handler and person a line belongs to, also where whoever wrote it knows nothing of them."""
    invocation = current_invocation.get()
    if invocation is not None:
        known = {"event_id": invocation.event_id, "handler": invocation.handler, "user_id": invocation.user_id}
        for name, value in known.items():
            if value is not None:
                event_dict.setdefault(name, value)
    return event_dict


def _redact_fields(_logger: Any, _method: str, event_dict: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event_dict.items():
        if key not in ("exc_info", "stack_info"):
            event_dict[key] = redact_field(key, value)
    return event_dict


def _plain(value: Any, depth: int = _MAX_DEPTH) -> Any:
    """A value made of plain ones: records are kept, and must not keep the objects of a plugin alive."""
    if type(value) is str:
        return value
    if depth <= 0 and isinstance(value, Mapping | list | tuple):
        return TOO_DEEP
    if isinstance(value, Mapping):
        return {str(key): _plain(item, depth - 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, depth - 1) for item in value]
    return value if value is None or isinstance(value, bool | int | float | str) else repr(value)


def _exception_text(exc_info: Any) -> str:
    shown = _printable(exc_info)
    return redact("".join(traceback.format_exception(shown[1])).rstrip("\n")) if shown else ""
