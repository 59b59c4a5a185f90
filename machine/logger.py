"""structlog, and the loggers that it makes.

Modules take both from here rather than from structlog. Where rich is installed, as it is here for the console,
structlog imports it (and colorama) to draw tracebacks, which no bot asks it for: tracebacks go into log files. Not to
let it takes 140 ms from the time until the first answer, and 7 MB (`benchmarks/startup.py`).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def _as_if_absent(*names: str) -> Iterator[None]:
    """Have `import` not find these modules, except those that are in use already."""
    absent = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]  # None stands for a module that is not there
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


with _as_if_absent("rich", "colorama"):
    import structlog

get_logger = structlog.stdlib.get_logger

__all__ = ["get_logger", "structlog"]
