"""Questions that must be awaited, and say so to those who forget."""

from __future__ import annotations

from collections.abc import Coroutine, Generator
from typing import Any, Generic, NoReturn, TypeVar

T_co = TypeVar("T_co", covariant=True)

__tracebackhide__ = True  # pytest shows the line of the test, not those in here


class Question(Generic[T_co]):
    """Await it for the answer.

    A coroutine would be true: `assert bot.said("hi")` would pass, whatever the bot has said.
    """

    def __init__(self, coroutine: Coroutine[Any, Any, T_co]) -> None:
        self._coroutine = coroutine

    def __await__(self) -> Generator[Any, None, T_co]:
        return self._coroutine.__await__()

    def __bool__(self) -> NoReturn:
        self._coroutine.close()
        raise TypeError("The answer has to be waited for. Write `assert await bot.said(...)`, with `await`.")
