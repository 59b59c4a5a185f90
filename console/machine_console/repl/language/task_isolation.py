"""Keeps tasks that were started at the prompt from ending the bot.

asyncio passes `SystemExit` and `KeyboardInterrupt` of any task out of the event loop, and with it the bot is over. What
is started at the prompt may call `exit()` like any input; here that is the end of that task only.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Coroutine, Generator
from typing import Any, TypeVar

from machine_console.repl.language.errors import ReplError
from machine_console.repl.language.interrupt import Owner, ReplInterrupted, watched
from machine_console.repl.language.output import printed_lines

T = TypeVar("T")


def contain_tasks(loop: asyncio.AbstractEventLoop) -> None:
    """From now on, what tasks of a prompt raise stays in them, and one that hangs can be stopped."""
    before = loop.get_task_factory()
    if isinstance(before, _Containing):
        return
    loop.set_task_factory(_Containing(before))


class _Containing:
    """Makes tasks: those that are started by code from a prompt are contained, all others are as before."""

    def __init__(self, before: Any) -> None:
        self._before = before

    def __call__(
        self,
        loop: asyncio.AbstractEventLoop,
        coroutine: Coroutine[Any, Any, Any] | Generator[Any, None, Any],
        **options: Any,
    ) -> asyncio.Future[Any]:
        # the evaluator gives its own task a context, and contains it in its own way
        is_ours = options.get("context") is None and printed_lines.get() is not None
        if is_ours and inspect.iscoroutine(coroutine):
            coroutine = _contain(coroutine)
        if self._before is not None:
            made: asyncio.Future[Any] = self._before(loop, coroutine, **options)
            return made
        return asyncio.Task(coroutine, loop=loop, **options)


async def _contain(coroutine: Coroutine[Any, Any, T]) -> T:
    name = getattr(coroutine, "__qualname__", "a task")
    try:
        return await watched(coroutine, Owner(source=f"a task, {name}"))
    except ReplInterrupted:
        raise asyncio.CancelledError from None
    except (SystemExit, KeyboardInterrupt) as leave:
        raise ReplError(
            f"A task of the prompt ({name}) raised {type(leave).__name__}, which ends only itself."
        ) from None
