"""Runs handlers: isolated from each other, bounded in number, each one traced, none forgotten when the bot stops."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from types import FrameType

from machine.dispatch.registry import Handler
from machine.envelope import Envelope
from machine.exception_policy import concerns_others
from machine.logger import get_logger
from machine.plugins.base import MachineBasePlugin
from machine.redaction import redact
from machine.trace import (
    Invocation,
    InvocationFailed,
    InvocationFinished,
    InvocationStarted,
    Trace,
    current_invocation,
)
from machine.tracebacks import one_line, own_frames, own_traceback

CANCEL_WITHIN_S = 2.0  # a handler that was cancelled may clean up, and no longer than this
MAX_IN_FLIGHT = 100  # handlers that run at once; more wait their turn
MAX_WAITING = 1_000  # handlers that wait; while there are more, no further event is given to its handlers

_logger = get_logger(__name__)


class Supervisor:
    """Owns the task of every running handler.

    Args:
        trace: Told when a handler starts, finishes or fails.
        on_error: Called with the handler, the envelope it ran for and the exception, when one fails.

    Attributes:
        abandoned: Handlers that did not end although they were cancelled, by name.
    """

    def __init__(self, trace: Trace, on_error: Callable[[Handler, Envelope | None, Exception], None]) -> None:
        self._trace = trace
        self._on_error = on_error
        self._slots = asyncio.Semaphore(MAX_IN_FLIGHT)
        self._running: dict[asyncio.Task[None], Handler] = {}
        self._numbers = itertools.count(1)
        self._is_full = False
        self._ended = asyncio.Event()
        self.abandoned: list[str] = []

    def start(
        self,
        handler: Handler,
        run: Callable[[], Awaitable[object]],
        cause: Envelope | None = None,
    ) -> asyncio.Task[None]:
        """Run a handler in a task of its own.

        Args:
            handler: On whose behalf.
            run: Does the work; called in the task, with the invocation in its context.
            cause: The envelope it runs for; without one, it belongs to the invocation that starts it, if any.

        Returns:
            The task, which never raises (except for its cancellation).
        """
        parent = current_invocation.get()
        invocation = Invocation(
            id=f"i{next(self._numbers)}",
            handler=handler.name,
            envelope_id=cause.id if cause else parent.envelope_id if parent else None,
            is_simulated=cause.is_simulated if cause else parent is not None and parent.is_simulated,
            event_id=cause.delivery_key if cause else parent.event_id if parent else None,
            user_id=cause.user_id if cause else parent.user_id if parent else None,
        )
        task = asyncio.create_task(self._run(handler, invocation, run, cause), name=handler.name)
        self._running[task] = handler
        task.add_done_callback(self._forget)
        return task

    @staticmethod
    def handler_in(frame: FrameType) -> str | None:
        """The name of the handler that a frame of `_run` belongs to; `None` for other frames."""
        if frame.f_code is not Supervisor._run.__code__:
            return None
        handler = frame.f_locals.get("handler")
        return handler.name if isinstance(handler, Handler) else None

    @property
    def waiting(self) -> int:
        """How many handlers wait for others to end before they begin."""
        return max(0, len(self._running) - MAX_IN_FLIGHT)

    @property
    def is_busy(self) -> bool:
        """Whether a handler runs or waits."""
        return bool(self._running)

    async def until_room(self) -> None:
        """Wait while so many handlers wait to begin that nothing should start more."""
        while self.waiting >= MAX_WAITING:
            self._ended.clear()
            await self._ended.wait()

    async def ended(self, instance: MachineBasePlugin) -> None:
        """Wait until no handler of this plugin runs any more."""
        while tasks := [task for task, handler in self._running.items() if handler.instance is instance]:
            await asyncio.wait(tasks)

    async def idle(self) -> None:
        """Wait until no handler runs."""
        while self._running:
            await asyncio.wait(tuple(self._running))

    async def drain(self, within: timedelta) -> None:
        """Wait for everything that runs; what has not ended `within` this time is cancelled and named in the log."""
        deadline = time.monotonic() + within.total_seconds()
        # Handlers may start others while they end (emit), so look again until nothing runs.
        while self._running and (left := deadline - time.monotonic()) > 0:
            await asyncio.wait(tuple(self._running), timeout=left)
        late = tuple(self._running)
        for task in late:
            _logger.warning("Handler cancelled: it did not end in time", handler=self._running[task].name)
            task.cancel()
        if late:
            _, stubborn = await asyncio.wait(late, timeout=CANCEL_WITHIN_S)
            for task in stubborn:
                handler = self._running.pop(task)
                _logger.error("Handler abandoned: it does not end when it is cancelled", handler=handler.name)
                self.abandoned.append(handler.name)

    async def _run(
        self,
        handler: Handler,
        invocation: Invocation,
        run: Callable[[], Awaitable[object]],
        cause: Envelope | None,
    ) -> None:
        current_invocation.set(invocation)
        self._tell_if_full()
        async with self._slots:
            started = time.perf_counter()
            if self._trace:
                self._trace.emit(
                    InvocationStarted(
                        handler=handler.name, envelope_id=invocation.envelope_id, invocation_id=invocation.id
                    )
                )
            try:
                await _within(handler.timeout, run)
            except Exception as error:
                _logger.error(
                    "Handler failed", handler=handler.name, envelope_id=invocation.envelope_id, exc_info=error
                )
                self._report_failure(handler, invocation, error, started)
                self._on_error(handler, cause, error)
            except asyncio.CancelledError as error:
                self._report_failure(handler, invocation, error, started)
                raise
            else:
                if self._trace:
                    self._trace.emit(
                        InvocationFinished(
                            handler=handler.name,
                            envelope_id=invocation.envelope_id,
                            invocation_id=invocation.id,
                            duration=_since(started),
                        )
                    )

    def _forget(self, ended: asyncio.Task[None]) -> None:
        self._running.pop(ended, None)
        self._ended.set()

    def _tell_if_full(self) -> None:
        """Say so, once each time, when handlers begin to wait: a bot that does not react should tell why."""
        is_full = self._slots.locked()
        if is_full and not self._is_full:
            name, count = Counter(handler.name for handler in self._running.values()).most_common(1)[0]
            _logger.warning(
                "Handlers wait for others to end: as many run as may run at once",
                limit=MAX_IN_FLIGHT,
                most=name,
                count=count,
            )
        self._is_full = is_full

    def _report_failure(self, handler: Handler, invocation: Invocation, error: BaseException, started: float) -> None:
        if not self._trace:
            return
        self._trace.emit(
            InvocationFailed(
                handler=handler.name,
                envelope_id=invocation.envelope_id,
                invocation_id=invocation.id,
                error=redact("cancelled" if isinstance(error, asyncio.CancelledError) else one_line(error)),
                traceback=own_traceback(error, handler.source_file),
                frames=own_frames(error, handler.source_file),
                duration=_since(started),
            )
        )


async def _to_end(run: Callable[[], Awaitable[object]]) -> None:
    try:
        await run()
    except BaseException as error:
        if isinstance(error, Exception) or concerns_others(error):
            raise
        # For example argparse, which ends the process at a mistake, or a task that somebody else cancelled.
        raise RuntimeError(f"the handler ended with {one_line(error)}") from error


async def _within(limit: timedelta | None, run: Callable[[], Awaitable[object]]) -> None:
    if limit is None:
        await _to_end(run)
        return
    async with asyncio.timeout(limit.total_seconds()) as timer:
        try:
            await _to_end(run)
        except asyncio.CancelledError as error:
            if timer.expired():
                raise TimeoutError(f"the handler did not end within {limit.total_seconds():g} s") from error
            raise


def _since(started: float) -> timedelta:
    return timedelta(seconds=time.perf_counter() - started)
