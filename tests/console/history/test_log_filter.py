"""What one types into the filter of the log."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from machine.trace import LogWritten
from machine_console.history.log_filter import FilteredLogs, parse_log_filter
from machine_console.history.query import split_terms
from machine_console.history.ring import Ring


def log(level: str, logger: str, message: str, **fields: object) -> LogWritten:
    return LogWritten(level=level, logger=logger, message=message, fields=fields)


LINES = [
    log("info", "plugins.greeter.Greeter.hello", "Greeted", user="alice"),
    log("warning", "plugins.deploys.Deploys.deploy", "Slow: 10:30"),
    log("error", "machine.dispatch.supervisor", "Handler failed", handler="plugins.greeter.Greeter.boom"),
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [0, 1, 2]),
        ("level:warning", [1, 2]),
        ("level:warn", [1, 2]),
        ("level:ERROR", [2]),
        ("-level:error", [0, 1]),
        ("plugin:greeter", [0, 2]),
        ("logger:greeter", [0]),
        ("greeter", [2]),
        ("alice", [0]),
        ("10:30", [1]),
        ("level:info deploys", []),
    ],
)
def test_a_filter_finds(text: str, expected: list[int]) -> None:
    """A level means that or worse; text is looked for in message and fields."""
    log_filter = parse_log_filter(text)

    assert [index for index, line in enumerate(LINES) if log_filter.accepts(line)] == expected


def test_an_unknown_level_is_named() -> None:
    """With those that there are."""
    assert "debug, info" in parse_log_filter("level:loud").problems[0]


@given(st.text())
def test_any_text_is_a_filter(text: str) -> None:
    """Never raises; every term either counts or is named as a problem."""
    log_filter = parse_log_filter(text)
    for line in LINES:
        log_filter.accepts(line)

    assert len(log_filter.tests) + len(log_filter.problems) == len(list(split_terms(text)))


def test_new_lines_come_in_and_forgotten_ones_go() -> None:
    """The view keeps up with the ring."""
    logs: Ring[LogWritten] = Ring(10)
    view = FilteredLogs(logs)
    view.apply(parse_log_filter("level:warning"))
    for number in range(25):
        logs.append(log("error" if number % 2 else "info", "x", f"line {number}"))
        if number % 3 == 0:
            view.advance()
    view.advance()

    assert [view[index].message for index in range(len(view))] == [f"line {number}" for number in (15, 17, 19, 21, 23)]
