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
from dataclasses import dataclass
from types import FrameType
from typing import Any, TypeVar

BLOCKING_AFTER_S = 0.3
"""Code that has had the thread for longer than this can no longer be cancelled in time by the loop."""

T = TypeVar("T")


class ReplInterrupted(BaseException):
    """Raised inside code from the prompt when it is to stop at once."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose code it is.

    Attributes:
        session: Number of the session, where there are several.
        source: What was typed.
    """

    session: int | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Hold:
    """Code from a prompt has the main thread.

    Attributes:
        owner: Whose code.
        since: Since when, by `time.monotonic`.
    """

    owner: Owner
    since: float

    @property
    def seconds(self) -> float:
        """For how long."""
        return time.monotonic() - self.since


class _Watch:
    """When code from the prompt took the main thread; there is one main thread, so there is one watch."""

    def __init__(self) -> None:
        self.since: float | None = None
        self.owner = Owner()
        self.is_requested = False


_watch = _Watch()


def blocking_code() -> Hold | None:
    """The code from a prompt that is holding up the event loop; safe to call from any thread."""
    since, owner = _watch.since, _watch.owner
    if since is None or time.monotonic() - since < BLOCKING_AFTER_S:
        return None
    return Hold(owner, since)


def interrupt_blocking_code(number: int = signal.SIGINT) -> bool:
    """Stop the code from the prompt that is holding up the event loop, if there is any.

    Safe to call from any thread at any time; meant for the thread that reads the keyboard, on Ctrl-C.

    Args:
        number: The signal that `interruptible` listens to.

    Returns:
        Whether code was told to stop. `False` means that nothing from the prompt has had the thread for
        `BLOCKING_AFTER_S`, so the key should take its usual way.
    """
    main_thread = threading.main_thread().ident
    if blocking_code() is None or main_thread is None:
        return False
    _watch.is_requested = True
    signal.pthread_kill(main_thread, number)
    return True


@contextmanager
def interruptible(on_sigint: Callable[[], None] | None = None, number: int = signal.SIGINT) -> Iterator[None]:
    """While open, a signal stops code from the prompt that has the thread.

    Args:
        on_sigint: Called for a signal that finds no such code; by default it goes where it went before.
        number: The signal; SIGINT, unless that has a meaning of its own in this process.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # signals arrive in the main thread only
        return
    previous = signal.getsignal(number)

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

    signal.signal(number, handle)
    try:
        yield
    finally:
        if signal.getsignal(number) is handle:
            signal.signal(number, previous)


@types.coroutine
def watched(coroutine: Coroutine[Any, Any, T], owner: Owner | None = None) -> Generator[Any, Any, T]:
    """Run `coroutine`, marking the time in which it has the thread, and whose it is."""
    owner = owner or Owner()
    step: Callable[[Any], Any] = coroutine.send
    argument: Any = None
    try:
        while True:
            try:
                _watch.owner = owner
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
