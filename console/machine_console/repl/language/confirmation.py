"""Asks before something is done to a live workspace that cannot be taken back with a word."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import TypeAlias

from machine_console.repl.language.errors import ReplError

Ask: TypeAlias = Callable[[str], Awaitable[bool]]
"""Puts a question to the person at the prompt; whether they said yes."""

asker: ContextVar[Ask | None] = ContextVar("asker", default=None)
"""Who can be asked, for the code of one prompt; `None` where nobody is there, as in a script."""


async def require_consent(question: str) -> None:
    """Ask a question and go on only after a yes.

    Args:
        question: With its question mark.

    Raises:
        ReplError: The answer was no, or there is nobody to ask.
    """
    ask = asker.get()
    if ask is None:
        raise ReplError(f"{question} Nobody is there to be asked; say so with confirm=False.")
    if not await ask(question):
        raise ReplError("Nothing was done.")
