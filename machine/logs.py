"""Logging: structlog over the standard library, redacted, and seen by the trace.

Plugins and libraries log as they like (structlog or `logging`); every line takes the same way out: secrets are
redacted, then it is printed for a person or as JSON, and handed to the trace of the bot that is running.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO

from machine.logger import structlog
from machine.redaction import redact, redact_field
from machine.trace import LogWritten, Trace, cause, current_invocation

_SHARED: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
]
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
            message = str(record.msg.get("event", ""))
            exc_info = record.msg.get("exc_info") or record.exc_info
        else:
            message, exc_info = record.getMessage(), record.exc_info
        if exc_info:
            fields["exception"] = _exception_text(exc_info)
        return LogWritten(
            level=record.levelname.lower(),
            logger=record.name,
            message=redact(message),
            fields={redact(key): redact_field(key, _plain(value)) for key, value in fields.items() if key[:1] != "_"},
            **cause(),
        )


class _StreamHandler(logging.StreamHandler[TextIO]):
    """Our own handler, told apart from those a program or a test added."""


def _stream_handler(stream: TextIO, as_json: bool) -> logging.Handler:
    last: structlog.typing.Processor
    if as_json:
        last = structlog.processors.JSONRenderer()
        exceptions: list[structlog.typing.Processor] = [_add_cause, structlog.processors.format_exc_info]
    else:
        last = structlog.dev.ConsoleRenderer(colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback)
        exceptions = []
    handler = _StreamHandler(stream)
    handler.setFormatter(
        _RedactingFormatter(
            foreign_pre_chain=_SHARED,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *exceptions, _redact_fields, last],
        )
    )
    return handler


class _RedactingFormatter(structlog.stdlib.ProcessorFormatter):
    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))  # tracebacks are rendered last, so this is the only safe place


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


def _plain(value: Any) -> Any:
    """A value made of plain ones: records are kept, and must not keep the objects of a plugin alive."""
    if type(value) is str:
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, bool | int | float | str) else repr(value)


def _exception_text(exc_info: Any) -> str:
    if exc_info is True:
        exc_info = sys.exc_info()
    if isinstance(exc_info, BaseException):
        exc_info = (type(exc_info), exc_info, exc_info.__traceback__)
    return redact(logging.Formatter().formatException(exc_info)) if exc_info and exc_info[0] else ""
