"""How often Python's garbage collector runs.

Python up to 3.13 looks after every 700 or 2,000 objects that were made and not yet freed. A bot with some dozens of
events under way gets there with every few messages, though hardly any of its objects are such garbage. Looking after
10,000 takes a sixth less processor time per message (`benchmarks/throughput.py`: 0.26 ms instead of 0.32 ms). What lies
about until then takes a few MB at the most.

This is an optimisation that leans on how CPython counts. It can be deleted: nothing but the threshold changes, as
`tests/machine/test_gc_tuning.py` shows.
"""

from __future__ import annotations

import gc

THRESHOLD = 10_000


def raise_gc_threshold() -> None:
    """Run the collector after `THRESHOLD` new objects, unless it is set to run less often still, or never."""
    threshold, *older = gc.get_threshold()
    if 0 < threshold < THRESHOLD:
        gc.set_threshold(THRESHOLD, *older)
