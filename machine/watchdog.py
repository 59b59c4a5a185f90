"""Names what holds up the event loop.

While one handler computes or waits without `await`, no other runs. The loop sets a mark 20 times a second; a thread
that finds the mark too old looks at what the loop's thread is executing just then.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import FrameType

from machine.dispatch.dispatcher import Dispatcher
from machine.dispatch.matching import searched_pattern
from machine.dispatch.supervisor import Supervisor
from machine.logger import get_logger
from machine.trace import LoopBlocked, Trace

BEAT_S = 0.05
LIMIT = timedelta(milliseconds=250)

_logger = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Place:
    file: str
    line: int
    function: str
    handler: str | None
    pattern: str | None = None


class Watchdog:
    """Watches the running loop, and reports when something has held it up.

    Args:
        trace: Told with a `LoopBlocked` once the loop runs again.
        is_own: Whether a file is the bot's own; the innermost such place is named, else the innermost of all.
        limit: How long the loop may be held up; `LIMIT`, if not given.
    """

    def __init__(self, trace: Trace, is_own: Callable[[Path], bool], limit: timedelta | None = None) -> None:
        self._trace = trace
        self._is_own = is_own
        self._limit_s = (limit or LIMIT).total_seconds()
        self._last_beat = time.monotonic()
        self._stop = threading.Event()
        self._beating: asyncio.TimerHandle | None = None
        self._place: _Place | None = None
        self._thread: threading.Thread | None = None

    async def start(self) -> None:
        """Begin to watch the loop that runs this."""
        self._loop = asyncio.get_running_loop()
        self._beat()
        self._thread = threading.Thread(
            target=self._watch, args=(threading.get_ident(),), name="loop watchdog", daemon=True
        )
        self._thread.start()

    async def close(self) -> None:
        """Stop watching."""
        self._stop.set()
        if self._beating is not None:
            self._beating.cancel()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)

    def _beat(self) -> None:
        now = time.monotonic()
        place, self._place = self._place, None
        if place is not None:
            self._report(place, timedelta(seconds=now - self._last_beat))
        self._last_beat = now
        self._beating = self._loop.call_later(BEAT_S, self._beat)

    def _watch(self, loop_thread: int) -> None:
        while not self._stop.wait(BEAT_S):
            if self._place is None and time.monotonic() - self._last_beat > self._limit_s:
                self._place = self._find_place(sys._current_frames().get(loop_thread))  # noqa: SLF001 - the only way

    def _find_place(self, innermost: FrameType | None) -> _Place | None:
        frames: list[FrameType] = []
        frame = innermost
        while frame is not None:
            frames.append(frame)
            frame = frame.f_back
        if not frames:
            return None
        if (searching := _searching(frames)) is not None:
            return searching
        named = next((frame for frame in frames if self._is_own(Path(frame.f_code.co_filename))), frames[0])
        handler = next((found for frame in frames if (found := Supervisor.handler_in(frame)) is not None), None)
        return _Place(named.f_code.co_filename, named.f_lineno, named.f_code.co_qualname, handler)

    def _report(self, place: _Place, duration: timedelta) -> None:
        _logger.warning(
            "The event loop was held up",
            handler=place.handler,
            **({} if place.pattern is None else {"pattern": place.pattern}),
            at=f"{place.file}:{place.line}",
            function=place.function,
            duration_ms=round(duration.total_seconds() * 1000),
        )
        if self._trace:
            self._trace.emit(
                LoopBlocked(
                    handler=place.handler,
                    file=place.file,
                    line=place.line,
                    function=place.function,
                    duration=duration,
                )
            )


def _searching(frames: Sequence[FrameType]) -> _Place | None:
    """The handler whose pattern is being searched for: none of its code runs, so the frames show none.

    `re` holds the interpreter, so this is looked at in the moment after.
    """
    pattern = next((text for frame in frames if (text := searched_pattern(frame)) is not None), None)
    judged = next((found for frame in frames if (found := Dispatcher.handler_judged_in(frame)) is not None), None)
    if judged is None:
        return None
    function = judged.name.removeprefix(f"{judged.plugin.rpartition('.')[0]}.")
    return _Place(judged.source_file, judged.source_line, function, judged.name, pattern)
