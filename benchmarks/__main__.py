"""Runs the benchmarks one after another, each in a process of its own, and then puts what they found into the guide.

    uv run python -m benchmarks [NAME ...]

All of them take about ten minutes. One that takes too long is ended; it and those that fail are named at the end.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

FOLDER = Path(__file__).parent
BENCHMARKS = (
    "throughput",
    "dispatch",
    "trace_cost",
    "acknowledgement",
    "held_values",
    "inbox",
    "unsigned_requests",
    "storage",
    "startup",
    "repl_startup",
    "reload_latency",
    "large_workspace",
    "test_kit",
    "console_events",
    "console_load",
)
LONGEST_S = 300.0


def run(name: str) -> str:
    """Run one; returns what is wrong with it, or nothing."""
    print(f"== {name}", flush=True)
    began = time.monotonic()
    # Elsewhere they take what is installed; here, this checkout.
    paths = [str(FOLDER.parent), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    try:
        ended = subprocess.run(
            [sys.executable, FOLDER / f"{name}.py"], env=environment, check=False, timeout=LONGEST_S
        ).returncode
    except subprocess.TimeoutExpired:
        return f"{name} took longer than {LONGEST_S:.0f} s"
    print(f"   {time.monotonic() - began:.0f} s", flush=True)
    return f"{name} failed" if ended else ""


def main() -> int:
    """Run those that are named, or all."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}")
    names = parser.parse_args().names or BENCHMARKS
    if unknown := set(names) - set(BENCHMARKS):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}")
    problems = [problem for name in names if (problem := run(name))]
    subprocess.run([sys.executable, FOLDER.parent / "docs" / "figures.py"], check=True)
    for problem in problems:
        print(problem)
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main())
