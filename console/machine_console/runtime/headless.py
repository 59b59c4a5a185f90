"""The bot without a screen: started, stopped by signals, reloaded by one, its health served meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NoReturn, TypeAlias

from machine.address import Address
from machine.logger import get_logger
from machine.redaction import redact
from machine.storage.backends.base import MachineBaseStorage
from machine.terminal_text import visible_lines
from machine_console.repl.remote.service import kept_history, offered_repl
from machine_console.runtime.runtime import Runtime

THREADS_END_WITHIN_S = 1.0
NewLoop: TypeAlias = Callable[[], asyncio.AbstractEventLoop]

_logger = get_logger(__name__)


async def run_headless(runtime: Runtime) -> int:
    """Run the bot until SIGTERM or SIGINT; SIGHUP reloads changed plugin files, or ends it with its terminal.

    Handlers that run when a signal comes have 10 s to end.

    Returns:
        The exit code.

    Raises:
        MachineError: When the bot cannot start, or Slack will not let it connect any more.
    """
    async with _served_health(runtime):
        return await _run(runtime)


async def _run(runtime: Runtime) -> int:
    # Before starting: unhandled, SIGHUP would end the process. A terminal sends it when it is closed.
    is_on_terminal = sys.stdin is not None and sys.stdin.isatty()
    hung_up = asyncio.Event() if is_on_terminal else _on_signals(signal.SIGHUP)
    endings = (signal.SIGINT, signal.SIGTERM, *((signal.SIGHUP,) if is_on_terminal else ()))
    stopping = asyncio.create_task(_on_signals(*endings).wait())
    asyncio.get_running_loop().set_default_executor(threads := ThreadPoolExecutor())
    history = kept_history(runtime)  # from the start, as the log tells there what could not be loaded
    starting = asyncio.create_task(runtime.start())
    try:
        await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not starting.done():
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
            return 0
        starting.result()
        reloading = asyncio.create_task(_reload_when(hung_up, runtime))
        failing = asyncio.create_task(runtime.machine.wait_until_stopped())
        async with offered_repl(runtime, history):
            await asyncio.wait({failing, stopping}, return_when=asyncio.FIRST_COMPLETED)
        reloading.cancel()
        if failing.done():
            failing.result()
        failing.cancel()
    finally:
        stopping.cancel()
        await runtime.stop()
        threads.shutdown(wait=False, cancel_futures=True)
        if runtime.abandoned or _thread_left():
            _leave(sys.exception())
    return 0


def _leave(error: BaseException | None) -> NoReturn:
    """End the process at once: what refuses to end would keep the event loop, and the process, for ever."""
    logging.shutdown()
    if error is not None:
        print(f"machine: {visible_lines(redact(str(error)))}", file=sys.stderr, flush=True)
    with contextlib.suppress(OSError, ValueError):  # a full disk has been told of
        sys.stdout.flush()
    os._exit(0 if error is None else 1)


def _thread_left() -> bool:
    """Whether a thread that Python would wait for, say one that a cancelled handler had started, does not end."""
    deadline = time.monotonic() + THREADS_END_WITHIN_S
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join(max(deadline - time.monotonic(), 0))
            if thread.is_alive():
                _logger.error("Thread abandoned: it does not end", thread=thread.name)
                return True
    return False


def _on_signals(*numbers: signal.Signals) -> asyncio.Event:
    came = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in numbers:
        loop.add_signal_handler(number, came.set)
    return came


async def _reload_when(hung_up: asyncio.Event, runtime: Runtime) -> None:
    while True:
        await hung_up.wait()
        hung_up.clear()
        if not await runtime.machine.reload():
            _logger.info("Reload asked for: nothing has changed")


@contextlib.asynccontextmanager
async def _served_health(runtime: Runtime) -> AsyncIterator[None]:
    """Serve `/healthz`, `/readyz` and `/metrics` while entered, where the setting `HEALTH` says so."""
    if runtime.settings.health is None:
        yield
        return
    from machine.health import Health  # noqa: PLC0415 - prometheus-client is not needed otherwise

    def storage() -> MachineBaseStorage | None:
        return machine.storage if (machine := runtime.started_machine) is not None else None

    def queue_depth() -> int:
        return machine.queue_depth if (machine := runtime.started_machine) is not None else 0

    async with Health(Address.parse(runtime.settings.health), runtime.trace, storage, queue_depth) as health:
        _logger.info("Health is served", at=f"http://{health.address}", pages=["/healthz", "/readyz", "/metrics"])
        yield


def fast_loop() -> NewLoop | None:
    """Makes uvloop's event loops; `None` where it is not installed.

    With it, a bot that answers each message takes 10 to 13 % less processor time (`benchmarks/throughput.py`). The
    thread that receives runs on the same kind of loop.
    """
    try:
        import uvloop  # noqa: PLC0415 - it need not be there
    except ImportError:
        return None
    new_loop: NewLoop = uvloop.new_event_loop
    return new_loop
