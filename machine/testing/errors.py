"""What fails a test besides its own assertions, and what a test expects to fail."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from machine.trace import InvocationFailed

__tracebackhide__ = True  # pytest shows the line of the test, not those in here


class HandlerError(AssertionError):
    """A handler raised, and the test did not expect it.

    Attributes:
        failures: The handlers that failed, with their errors and tracebacks.
    """

    def __init__(self, failures: list[InvocationFailed]) -> None:
        told = [f"{failure.handler} raised {failure.error}\n\n{failure.traceback}".rstrip() for failure in failures]
        told.append("If that is what is tested: `with bot.expect_errors(): ...`.")
        super().__init__("\n\n".join(told))
        self.failures = failures


@dataclass(slots=True, eq=False)
class _Expectation:
    pattern: re.Pattern[str]
    met: list[InvocationFailed] = field(default_factory=list)


class Failures:
    """Keeps the failures of handlers, and knows which of them are expected.

    Attributes:
        seen: All of them, in order.
    """

    def __init__(self) -> None:
        self.seen: list[InvocationFailed] = []
        self._unexpected: list[InvocationFailed] = []
        self._expectations: list[_Expectation] = []

    def add(self, failure: InvocationFailed) -> None:
        """A handler failed."""
        self.seen.append(failure)
        for expectation in reversed(self._expectations):
            if expectation.pattern.search(failure.error):
                expectation.met.append(failure)
                return
        self._unexpected.append(failure)

    def check(self) -> None:
        """Raise `HandlerError` for what was not expected, once for each failure."""
        unexpected, self._unexpected = self._unexpected, []
        if unexpected:
            raise HandlerError(unexpected)

    @contextmanager
    def expected(self, pattern: str) -> Iterator[list[InvocationFailed]]:
        """Expect failures whose error (`ValueError: no such service`) the pattern is found in; at least one."""
        expectation = _Expectation(re.compile(pattern))
        self._expectations.append(expectation)
        try:
            yield expectation.met
        finally:
            self._expectations.remove(expectation)
        if not expectation.met:
            which = f"with an error like {pattern!r}" if pattern else "with any error"
            others = "; ".join(failure.error for failure in self.seen)
            raise AssertionError(f"No handler failed {which}. Failed: {others or 'none'}.")
