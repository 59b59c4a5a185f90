"""Where the `machine` command begins, before anything is imported: Ctrl-C ends it quietly at any moment."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

_OTHERS = {"slack_machine": "slack-machine", "machine": "machine"}
"""Distributions that bring a package called `machine` as well, by how their metadata folders begin."""


def main() -> None:
    """Run the `machine` command."""
    try:
        if (other := other_machine(sys.path)) is not None:
            sys.exit(
                f"machine: {other} is installed in this environment too. Both bring a package called `machine`, "
                "so their files overwrite each other.\n"
                f"Keep one: `pip uninstall {other}`, then `pip install --force-reinstall --no-deps machine-console`."
            )
        from machine_console.cli.app import main as run  # noqa: PLC0415 - it may be interrupted

        run()
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def other_machine(path: Iterable[str]) -> str | None:
    """The name of another distribution on `path` that brings a package `machine`, if there is one.

    Reads folder names: `importlib.metadata` takes longer to import than `machine --version` takes altogether.
    """
    for folder in map(Path, path):
        for start, name in _OTHERS.items():
            for metadata in folder.glob(f"{start}-*.dist-info"):
                if _brings_machine(metadata / "RECORD"):
                    return name
    return None


def _brings_machine(record: Path) -> bool:
    try:
        return "\nmachine/__init__.py," in "\n" + record.read_text(encoding="utf-8")
    except OSError:
        return False


if __name__ == "__main__":
    main()
