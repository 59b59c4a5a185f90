"""Counts the calls of an app, so that those beyond what Slack allows can be refused."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping

from machine.sandbox.state.clock import Timeline
from machine.slack.facts.methods import Tier

_WINDOW_S = 60.0


class RateLimits:
    """Counts the calls of the last minute, by the clock of the workspace; without limits until some are set."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._per_minute: dict[Tier, int] = {}
        self._calls: dict[tuple[str, str], deque[float]] = {}

    @property
    def are_set(self) -> bool:
        """Whether anything is limited."""
        return bool(self._per_minute)

    def set(self, per_minute: Mapping[Tier, int]) -> None:
        """Limit these tiers and no others, counting from now on."""
        self._per_minute = dict(per_minute)
        self._calls.clear()

    def wait_s(self, method: str, tier: Tier, channel: str) -> int:
        """Count a call; how many seconds the app has to wait first, and the call does not count, if it is too many."""
        most = self._per_minute.get(tier)
        if most is None:
            return 0
        now = self._timeline.now
        calls = self._calls.setdefault((method, channel if tier == "posting" else ""), deque())
        while calls and calls[0] <= now - _WINDOW_S:
            calls.popleft()
        if len(calls) < most:
            calls.append(now)
            return 0
        return max(1, math.ceil(_WINDOW_S - (now - calls[0]))) if calls else math.ceil(_WINDOW_S)
