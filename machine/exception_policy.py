"""Which exceptions of a plugin's code concern that plugin alone.

Its mistakes must cost nobody else, also where they do not derive from `Exception`: `sys.exit()` of an argument parser,
what `pytest.skip()` raises, or the `CancelledError` of something it waited for.
"""

from __future__ import annotations

import asyncio


def concerns_others(error: BaseException) -> bool:
    """Whether whoever called a plugin's code must pass `error` on: Ctrl-C, and the end of the task that runs it."""
    if isinstance(error, asyncio.CancelledError):
        return _is_being_cancelled()
    return isinstance(error, KeyboardInterrupt | GeneratorExit)


def _is_being_cancelled() -> bool:
    try:
        task = asyncio.current_task()
    except RuntimeError:  # no event loop runs here
        return False
    return task is not None and task.cancelling() > 0
