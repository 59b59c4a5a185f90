"""The thread on which Slack is listened to, so that no handler can delay an acknowledgement.

A handler that computes, or that blocks where it should await, holds up the bot's event loop and all that runs on it.
Transports run on the loop of this thread instead.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from machine.logger import get_logger
from machine.trace import Record, Trace

T = TypeVar("T")

# While Python code computes on the bot's thread, this one waits so long for the interpreter after each call of the
# system. At 200 events a second, 99 % were acknowledged within 8 ms; within 27 ms with Python's own 5 ms.
SWITCH_INTERVAL_S = 0.0005
CLOSE_WITHIN_S = 5.0

_logger = get_logger(__name__)


class ReceivingThread:
    """A thread with an event loop of its own.

    Attributes:
        loop: The thread's loop; there once it has started.
    """

    loop: asyncio.AbstractEventLoop

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._closing = asyncio.Event()

    async def start(self) -> None:
        """Start the thread; from then on the interpreter switches between threads at least every 0.5 ms."""
        sys.setswitchinterval(min(sys.getswitchinterval(), SWITCH_INTERVAL_S))
        self.loop = type(asyncio.get_running_loop())()  # where uvloop runs the bot, it runs this as well
        self._thread = threading.Thread(target=self._run, name="receiving", daemon=True)
        self._thread.start()

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the thread and wait for it, from another thread's loop."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self.loop))

    async def close(self) -> None:
        """Cancel what still runs on the thread, and end it."""
        if self._thread is None:
            return
        thread, self._thread = self._thread, None
        self.loop.call_soon_threadsafe(self._closing.set)
        await asyncio.to_thread(thread.join, CLOSE_WITHIN_S)
        if thread.is_alive():
            _logger.error("Thread abandoned: it does not end", thread=thread.name)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self.loop) as runner:
            runner.run(self._until_closed())

    async def _until_closed(self) -> None:
        await self._closing.wait()


class BotLoop:
    """The bot's event loop, as seen from the thread that receives."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()

    def soon(self, function: Callable[..., object], *arguments: object) -> None:
        """Call a function on the bot's loop when that comes to it; in the order in which this is asked for."""
        self._loop.call_soon_threadsafe(function, *arguments)

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the bot's loop and wait for it."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))


class RelayedTrace(Trace):
    """A trace for the thread that receives: its records reach the subscribers on the bot's loop."""

    def __init__(self, trace: Trace, bot_loop: BotLoop) -> None:
        super().__init__()
        self._trace = trace
        self._bot_loop = bot_loop

    def __bool__(self) -> bool:
        return bool(self._trace)

    def emit(self, record: Record) -> None:
        """Give `record` to every subscriber, soon."""
        self._bot_loop.soon(self._trace.emit, record)
