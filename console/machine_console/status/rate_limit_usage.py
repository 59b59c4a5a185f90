"""Calls per method within the last minute, against Slack's rate limits.

https://docs.slack.dev/apis/web-api/rate-limits
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from machine.slack.facts.methods import CALLS_PER_MINUTE, METHODS
from machine.trace import ApiCalled

TIGHT = 0.8
"""From this share of what Slack allows on, a method stands out."""
_WINDOW_S = 60
_MAX_COUNTED = 2_000
"""Methods, and channels posted to, that are counted apart; a bot that posts to more is not told which is busiest."""
_OWN = frozenset({"apps.connections.open"})
"""What only the connection itself calls; allowed once a minute, and nothing that a plugin could do about it."""


@dataclass(frozen=True, slots=True)
class MethodUsage:
    """How often a method was called within the last minute.

    Attributes:
        method: The Web API method.
        calls: How often; for methods that Slack limits per channel, in the busiest channel.
        allowed: How often Slack allows it at least; `None` where it does not say.
    """

    method: str
    calls: int
    allowed: int | None

    @property
    def share(self) -> float:
        """How much of what is allowed is used; 1.0 is all of it."""
        return self.calls / self.allowed if self.allowed else 0.0


class RateLimitUsage:
    """Counts calls to Slack, by the second.

    Args:
        clock: Tells the seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._calls: dict[tuple[str, str], deque[list[int]]] = {}

    def record(self, call: ApiCalled) -> None:
        """Count a call that went to Slack."""
        if call.is_captured or call.method in _OWN:
            return
        facts = METHODS.get(call.method)
        per_channel = facts is not None and facts.tier == "posting"
        key = (call.method, str(call.arguments.get("channel", "")) if per_channel else "")
        seconds = self._calls.get(key)
        if seconds is None:
            if len(self._calls) >= _MAX_COUNTED:
                return
            seconds = self._calls[key] = deque()
        now = int(self._clock())
        if seconds and seconds[-1][0] == now:
            seconds[-1][1] += 1
        else:
            seconds.append([now, 1])
            while seconds[0][0] <= now - _WINDOW_S:
                seconds.popleft()

    def uses(self) -> list[MethodUsage]:
        """The methods that were called within the last minute, the tightest first."""
        oldest = int(self._clock()) - _WINDOW_S
        most: dict[str, int] = {}
        for key, seconds in list(self._calls.items()):
            calls = sum(count for second, count in seconds if second > oldest)
            if not calls:
                del self._calls[key]
            elif calls > most.get(key[0], 0):
                most[key[0]] = calls
        uses = [MethodUsage(method, calls, _allowed(method)) for method, calls in most.items()]
        return sorted(uses, key=lambda use: (-use.share, -use.calls, use.method))


def _allowed(name: str) -> int | None:
    facts = METHODS.get(name)
    return CALLS_PER_MINUTE.get(facts.tier) if facts is not None else None
