"""Where the `machine` command begins, before anything is imported: Ctrl-C ends it quietly at any moment."""

from __future__ import annotations


def main() -> None:
    """Run the `machine` command."""
    try:
        from console.cli import main as run  # noqa: PLC0415 - it may be interrupted

        run()
    except KeyboardInterrupt:
        raise SystemExit(130) from None
