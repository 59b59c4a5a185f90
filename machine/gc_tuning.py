"""How often Python looks for garbage that refers to itself.

Python up to 3.13 looks after every 700 or 2,000 objects that were made and not yet freed. A bot with some dozens of
events under way gets there with every few messages, though hardly any of its objects are such garbage. Looking after
10,000 takes a sixth less processor time per message (`benchmarks/throughput.py`: 0.26 ms instead of 0.32 ms). What lies
about until then takes a few MB at the most.
"""

from __future__ import annotations

import gc

THRESHOLD = 10_000


def look_less_often() -> None:
    """Have Python look after `THRESHOLD` objects, unless it has been told to look less often still, or never."""
    threshold, *older = gc.get_threshold()
    if 0 < threshold < THRESHOLD:
        gc.set_threshold(THRESHOLD, *older)
