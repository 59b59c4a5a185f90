"""How often a pane looks at what takes long to look at."""

from __future__ import annotations

import time


class Throttle:
    """Open at first, and again some time after it was closed."""

    def __init__(self) -> None:
        self._opens_at = 0.0

    @property
    def is_open(self) -> bool:
        """Whether it is time to look."""
        return time.monotonic() >= self._opens_at

    def open(self) -> None:
        """Do not wait any longer."""
        self._opens_at = 0.0

    def close(self, seconds: float) -> None:
        """Wait so long."""
        self._opens_at = time.monotonic() + seconds
