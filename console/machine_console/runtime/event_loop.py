"""Which event loop a bot without a screen runs on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeAlias

NewLoop: TypeAlias = Callable[[], asyncio.AbstractEventLoop]


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
