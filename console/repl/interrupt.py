"""Stops code at the prompt that does not let go of the thread, such as `while True: pass`.

Cancelling a task needs the event loop, and code that never awaits holds the event loop. Only a signal gets through:
its handler runs in the main thread between two bytecodes. Whether it may raise there depends on whose code it would
hit, so the time in which code from the prompt has the thread is marked, step by step. The handler raises
`ReplInterrupted` and not `KeyboardInterrupt`, which asyncio would pass on out of the event loop, ending the bot.
"""

from __future__ import annotations

import signal
import threading
import time
import types
from collections.abc import Callable, Coroutine, Generator, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, TypeVar

BLOCKING_AFTER_S = 0.3
"""Code that has had the thread for longer than this can no longer be cancelled in time by the loop."""

T = TypeVar("T")


class ReplInterrupted(BaseException):
    """Raised inside code from the prompt when it is to stop at once."""


class _Watch:
    """When code from the prompt took the main thread; there is one main thread, so there is one watch."""

    def __init__(self) -> None:
        self.since: float | None = None
        self.is_requested = False


_watch = _Watch()


def interrupt_blocking_code() -> bool:
    """Stop the code from the prompt that is holding up the event loop, if there is any.

    Safe to call from any thread at any time; meant for the thread that reads the keyboard, on Ctrl-C.

    Returns:
        Whether code was told to stop. `False` means that nothing from the prompt has had the thread for
        `BLOCKING_AFTER_S`, so the key should take its usual way.
    """
    since = _watch.since
    main_thread = threading.main_thread().ident
    if since is None or main_thread is None or time.monotonic() - since < BLOCKING_AFTER_S:
        return False
    _watch.is_requested = True
    signal.pthread_kill(main_thread, signal.SIGINT)
    return True


@contextmanager
def interruptible(on_sigint: Callable[[], None] | None = None) -> Iterator[None]:
    """While open, SIGINT stops code from the prompt that has the thread.

    Args:
        on_sigint: Called for a SIGINT that finds no such code; by default it goes where it went before.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # signals arrive in the main thread only
        return
    previous = signal.getsignal(signal.SIGINT)

    def handle(number: int, frame: FrameType | None) -> None:
        was_requested, _watch.is_requested = _watch.is_requested, False
        if _watch.since is not None:
            _watch.since = None
            raise ReplInterrupted
        if was_requested:
            return  # the code ended by itself while the signal was on its way
        if on_sigint is not None:
            on_sigint()
        elif callable(previous):
            previous(number, frame)

    signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGINT) is handle:
            signal.signal(signal.SIGINT, previous)


@types.coroutine
def watched(coroutine: Coroutine[Any, Any, T]) -> Generator[Any, Any, T]:
    """Run `coroutine`, marking the time in which it has the thread."""
    step: Callable[[Any], Any] = coroutine.send
    argument: Any = None
    try:
        while True:
            try:
                _watch.since = time.monotonic()
                yielded = step(argument)
            except StopIteration as stop:
                result: T = stop.value
                return result
            finally:
                _watch.since = None
            try:
                argument = yield yielded
                step = coroutine.send
            except BaseException as error:  # noqa: BLE001 - handed on to the coroutine, which decides
                argument = error
                step = coroutine.throw
    finally:
        coroutine.close()
