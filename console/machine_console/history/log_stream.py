"""The log of a running bot, sent to a terminal elsewhere: the newest lines, then each as it is written.

However much the bot logs and however slowly the terminal reads, the bot does not wait and its memory stays bounded:
lines that cannot be sent in time are left out, and their number is told in their place.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from machine.trace import LogWritten, Record, Trace
from machine_console.history.history import MAX_LOGS, History, InvocationTrace

DEFAULT_LINES = 100
MAX_WAITING = 5_000
"""Lines that may wait for a terminal; beyond them the oldest are left out."""
MAX_LINE = 256 * 1024
"""Bytes of a line; what is longer is cut."""
_BATCH = 200
"""Lines sent at a time; between them, the bot has its turn."""


@dataclass(frozen=True, slots=True)
class LogQuery:
    """Which lines a person wants.

    Attributes:
        lines: How many of the newest come first.
        follows: Go on with each line that is written.
        level: Leave out lines below this level, as a number of `logging`.
        plugin: Only lines that a plugin wrote or caused whose name holds this, in any case of letters.
    """

    lines: int = DEFAULT_LINES
    follows: bool = False
    level: int = logging.NOTSET
    plugin: str = ""

    @classmethod
    def read(cls, fields: Mapping[str, Any]) -> LogQuery:
        """What was sent; what is missing or of another type gets its default."""
        lines, level = fields.get("lines"), fields.get("level")
        return cls(
            lines=min(max(lines, 0), MAX_LOGS) if isinstance(lines, int) else DEFAULT_LINES,
            follows=bool(fields.get("follows")),
            level=level if isinstance(level, int) else logging.NOTSET,
            plugin=str(fields.get("plugin") or ""),
        )


class LogStream:
    """Sends lines as JSON, with the fields that the bot's own JSON lines have.

    Args:
        trace: Tells of new lines.
        history: Has the lines before; it hears of each line earlier than this.
        query: Which lines.
        send: Carries bytes to the terminal; returns when more may come.
    """

    def __init__(
        self, trace: Trace, history: History, query: LogQuery, send: Callable[[bytes], Awaitable[None]]
    ) -> None:
        self._trace = trace
        self._history = history
        self._query = query
        self._plugin = query.plugin.casefold()
        self._levels = logging.getLevelNamesMapping()
        self._send = send
        self._waiting: deque[dict[str, Any]] = deque()
        self._room = MAX_WAITING
        self._left_out = 0
        self._arrived = asyncio.Event()

    async def run(self) -> int:
        """Send what is wanted; without following, returns when that is done.

        Returns:
            The exit code for the terminal.
        """
        newest = list(islice(self._newest(), self._query.lines))
        self._waiting.extend(reversed(newest))
        self._room = max(MAX_WAITING, len(newest))
        unsubscribe = self._trace.subscribe(self._record) if self._query.follows else None
        try:
            await self._send_waiting()
            while unsubscribe is not None:
                await self._arrived.wait()
                self._arrived.clear()
                await self._send_waiting()
        finally:
            if unsubscribe is not None:
                unsubscribe()
        return 0

    def _newest(self) -> Iterator[dict[str, Any]]:
        for record in reversed(self._history.logs):
            if (line := self._line(record)) is not None:
                yield line

    def _record(self, record: Record) -> None:
        if not isinstance(record, LogWritten) or (line := self._line(record)) is None:
            return
        if len(self._waiting) >= self._room:
            self._waiting.popleft()
            self._left_out += 1
        self._waiting.append(line)
        self._arrived.set()

    def _line(self, record: LogWritten) -> dict[str, Any] | None:
        """The fields of a line, or `None` where it is not wanted."""
        if self._levels.get(record.level.upper(), logging.CRITICAL) < self._query.level:
            return None
        run = self._history.run(record.invocation_id)
        if self._plugin and not _is_about(self._plugin, record, run):
            return None
        event = self._history.event_of_run(run.id) if run is not None else None
        caused = {
            "handler": run.handler if run is not None else None,
            "event_id": event.envelope.delivery_key if event is not None else None,
            "user_id": event.envelope.user_id if event is not None else None,
        }
        return {
            **record.fields,
            **{name: value for name, value in caused.items() if value is not None and name not in record.fields},
            "event": record.message,
            "level": record.level,
            "logger": record.logger,
            "timestamp": record.at.isoformat().replace("+00:00", "Z"),
        }

    async def _send_waiting(self) -> None:
        while self._waiting or self._left_out:
            lines = [self._gap()] if self._left_out else []
            lines += [self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting)))]
            for line in lines:
                await self._send(_encoded(line))
            await asyncio.sleep(0)  # sending need not wait, and the bot has other things to do

    def _gap(self) -> dict[str, Any]:
        count, self._left_out = self._left_out, 0
        return {
            "event": "Log lines were left out here: they are written faster than they are read",
            "lines": count,
            "level": "warning",
            "logger": __name__,
            "timestamp": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        }


def _is_about(plugin: str, record: LogWritten, run: InvocationTrace | None) -> bool:
    return plugin in record.logger.casefold() or (run is not None and plugin in run.handler.casefold())


def _encoded(line: dict[str, Any]) -> bytes:
    data = json.dumps(line, default=repr).encode()
    if len(data) <= MAX_LINE:
        return data + b"\n"
    cut = {name: line[name] for name in ("level", "logger", "timestamp")}
    return json.dumps({**cut, "event": f"{line['event'][:2_000]}…", "cut_from_bytes": len(data)}).encode() + b"\n"
