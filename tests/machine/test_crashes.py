"""What nobody catches is logged instead of printed raw, and nothing of it is a secret."""

from __future__ import annotations

import logging
import sys
import threading

import pytest

from machine.crashes import crashes_logged, print_crash

TOKEN = "xoxb-1-2-abcdef"


def fail() -> None:
    raise ValueError(TOKEN)


def test_a_thread_that_fails_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Python would print it past all logging, token included; afterwards it does so again."""
    before = threading.excepthook
    with crashes_logged():
        thread = threading.Thread(target=fail, name="worker")
        thread.start()
        thread.join()

    assert caplog.messages == ["A thread failed: worker"]
    assert threading.excepthook is before


def test_a_thread_may_end_itself(caplog: pytest.LogCaptureFixture) -> None:
    """`sys.exit()` in a thread is no failure."""
    with crashes_logged():
        thread = threading.Thread(target=sys.exit)
        thread.start()
        thread.join()

    assert caplog.messages == []


def test_a_finalizer_that_fails_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """By the kind of its object, as the object itself is gone."""

    class Fragile:
        def __del__(self) -> None:
            fail()

    with crashes_logged(), caplog.at_level(logging.ERROR):
        Fragile()

    assert len(caplog.records) == 1
    assert caplog.records[0].exc_info is not None


def test_a_crash_is_printed_without_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    """With its traceback, for a bug report."""
    try:
        fail()
    except ValueError as error:
        print_crash(type(error), error, error.__traceback__)

    printed = capsys.readouterr().err
    assert "in fail" in printed
    assert "ValueError: xoxb-…redacted" in printed
    assert TOKEN not in printed
