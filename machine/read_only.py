"""Code that may look but not touch: what it does through the framework is refused where it would change anything.

It guards against slips, as one makes at the prompt of a bot in production. It is not a jail: Python can do anything.
"""

from __future__ import annotations

from contextvars import ContextVar

from machine.errors import MachineError

is_read_only: ContextVar[bool] = ContextVar("is_read_only", default=False)
"""Whether the code that runs in this context, and what it starts, may only look."""


def require_writable(what: str) -> None:
    """Let code go on that is about to change something.

    Args:
        what: What it is about to do, as the beginning of a sentence.

    Raises:
        MachineError: It may only look.
    """
    if is_read_only.get():
        raise MachineError(f"{what} would change something, and this session is read-only.")
