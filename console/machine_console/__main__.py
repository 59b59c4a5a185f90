"""Where the `machine` command begins, before anything is imported: Ctrl-C ends it quietly at any moment."""

from __future__ import annotations


def main() -> None:
    """Run the `machine` command."""
    try:
        from machine_console.cli.app import main as run  # noqa: PLC0415 - it may be interrupted

        run()
    except KeyboardInterrupt:
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
