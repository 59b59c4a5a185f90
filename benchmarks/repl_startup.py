"""How long `machine repl` takes until its prompt is there, in a pseudo-terminal.

    uv run python benchmarks/repl_startup.py [--json FILE]

The first run compiles what has not been compiled yet and is not counted.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

import pexpect
from result_files import parser, spread, write

RUNS = 7
COMMAND = str(Path(sys.executable).with_name("machine"))


def startup_s(folder: str, cache: str) -> float:
    """Seconds from starting the command to its prompt."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment = {**kept, "PROMPT_TOOLKIT_NO_CPR": "1", "TERM": "xterm-256color", "PYTHONPYCACHEPREFIX": cache}
    began = time.perf_counter()
    child = pexpect.spawn(COMMAND, ["repl"], cwd=folder, env=environment, encoding="utf-8", timeout=60)
    child.expect(r">>> \x1b")
    took = time.perf_counter() - began
    child.close(force=True)
    return took


def main(file: Path | None) -> None:
    """Measure, print, and write the figures to a file."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as cache:
        startup_s(folder, cache)
        times = spread([startup_s(folder, cache) for _ in range(RUNS)])
    print(f"prompt after {times['median']:.2f} s (median of {RUNS}; {times['min']:.2f} to {times['max']:.2f} s)")
    write("repl_startup", {"prompt_s": times}, to=file)


if __name__ == "__main__":
    main(parser(__doc__).parse_args().json)
