"""Tests of the console: a pilot that looks more often whether the application has come to rest."""

from __future__ import annotations

from textual import _wait

# After each key a pilot sleeps until the process was idle for one such stretch. Half as long, with the same share of it
# idle, is as certain, and most of what these tests do is press keys.
_wait.SLEEP_GRANULARITY /= 2
_wait.SLEEP_IDLE /= 2
