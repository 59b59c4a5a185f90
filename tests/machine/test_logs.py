"""Log lines: one way out for all of them, without secrets, and seen by the trace."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from machine import logs, redaction, tracebacks
from machine.logs import TraceLogHandler, configure_logging
from machine.trace import Invocation, LogWritten, Record, Trace, current_invocation

SECRET = "hunter2"
TOKEN = f"xoxb-1-{SECRET}"
RESPONSE_URL = f"https://hooks.slack.com/commands/T1/2/{SECRET}"


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    """Logging belongs to the process: what a test sets up ends with it."""
    handlers, level, config = logging.root.handlers[:], logging.root.level, structlog.get_config()
    show, chatty = warnings.showwarning, {name: logging.getLogger(name).level for name in ("slack_sdk", "aiohttp")}
    yield
    logging.captureWarnings(False)
    warnings.showwarning = show
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    for name, before in chatty.items():
        logging.getLogger(name).setLevel(before)
    structlog.configure(**config)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def json_lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def fail() -> None:
    token = TOKEN
    raise ValueError(f"refused {token}")


def test_json_lines_where_nobody_looks() -> None:
    """One object a line, from structlog and from `logging`, tracebacks included."""
    stream = io.StringIO()
    configure_logging(logging.INFO, stream)

    structlog.get_logger("mine").info("first", number=1)
    logging.getLogger("library").warning("second %s", "part", extra={"more": 2})
    try:
        fail()
    except ValueError:
        logging.getLogger("library").exception("third")

    first, second, third = json_lines(stream)
    assert (first["event"], first["level"], first["logger"], first["number"]) == ("first", "info", "mine", 1)
    assert (second["event"], second["level"], second["more"]) == ("second part", "warning", 2)
    assert "ValueError: refused" in third["exception"]
    assert first["timestamp"].endswith("Z")


def test_lines_for_people_on_a_terminal() -> None:
    """With colours, without braces, and without the local variables of a traceback."""
    stream = Terminal()
    configure_logging(logging.INFO, stream)

    structlog.get_logger("mine").info("first", number=1)
    try:
        fail()
    except ValueError:
        structlog.get_logger("mine").exception("second")

    shown = stream.getvalue()
    assert "first" in shown
    assert "\x1b[" in shown
    assert "ValueError: refused" in shown
    assert SECRET not in shown


def test_the_kind_of_lines_can_be_chosen() -> None:
    """JSON also on a terminal."""
    stream = Terminal()
    configure_logging(logging.INFO, stream, as_json=True)

    logging.getLogger("library").info("first")

    assert json_lines(stream)[0]["event"] == "first"


def test_warnings_are_visible_by_default_and_debugging_is_not() -> None:
    """Pitfall 39; warnings of Python's take the same way."""
    stream = io.StringIO()
    configure_logging(logging.INFO, stream)

    structlog.get_logger("mine").debug("not shown")
    logging.getLogger("library").debug("not shown")
    structlog.get_logger("mine").warning("shown")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning("deprecated", DeprecationWarning, "file.py", 1)

    assert [line["level"] for line in json_lines(stream)] == ["warning", "warning"]
    assert "deprecated" in json_lines(stream)[1]["event"]


def test_chatty_libraries_are_quiet_below_a_warning() -> None:
    """slack_sdk writes whole payloads at DEBUG; the trace says it better."""
    stream = io.StringIO()
    configure_logging(logging.DEBUG, stream)

    logging.getLogger("slack_sdk.web").debug("payload")
    logging.getLogger("slack_sdk.web").error("broken")

    assert [line["event"] for line in json_lines(stream)] == ["broken"]


def test_configuring_again_doubles_nothing() -> None:
    """A test or the REPL may do so; handlers that others added stay."""
    first, second = io.StringIO(), io.StringIO()
    other = logging.NullHandler()
    logging.getLogger().addHandler(other)
    configure_logging(logging.INFO, first)
    configure_logging(logging.INFO, second)

    logging.getLogger("library").info("once")

    assert first.getvalue() == ""
    assert len(json_lines(second)) == 1
    assert other in logging.root.handlers


def test_without_a_stream_nothing_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """The console shows lines itself; a printed one would tear up the screen."""
    configure_logging(logging.INFO, None)

    structlog.get_logger("mine").info("first")
    logging.getLogger("library").error("second")

    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
@pytest.mark.parametrize(
    "fields",
    [
        {"token": SECRET},
        {"nested": {"client_secret": SECRET}},
        {"items": [TOKEN, {"password": SECRET}]},
        {"url": RESPONSE_URL},
        {"header": f"Bearer {SECRET}"},
        {"proxy": f"http://me:{SECRET}@proxy"},
        {"object": ValueError(TOKEN)},
        {TOKEN.replace("-", "_"): 1, "key": TOKEN},
        {"data": TOKEN.encode()},
        {"seen": {TOKEN}},
    ],
)
def test_no_secret_is_printed(stream: type[io.StringIO], fields: dict[str, Any]) -> None:
    """Pitfall 42: not in fields, however deep, nor in what is made of them when they are printed."""
    out = stream()
    configure_logging(logging.INFO, out)
    secret_in_name = {name: value for name, value in fields.items() if not name.startswith("xoxb")}

    structlog.get_logger("mine").info("line", **secret_in_name)
    structlog.get_logger("mine").info(f"line {TOKEN}")
    logging.getLogger("library").info("line %s %s", TOKEN, RESPONSE_URL)
    logging.getLogger("library").info("line", extra=secret_in_name)

    assert len(out.getvalue().splitlines()) == 4
    assert SECRET not in out.getvalue()


def traced(trace: Trace) -> tuple[list[LogWritten], TraceLogHandler]:
    records: list[LogWritten] = []

    def keep(record: Record) -> None:
        assert isinstance(record, LogWritten)
        records.append(record)

    trace.subscribe(keep)
    handler = TraceLogHandler(trace)
    logging.getLogger().addHandler(handler)
    return records, handler


def test_the_trace_sees_every_line() -> None:
    """From structlog and from `logging`, with fields, and redacted as well."""
    configure_logging(logging.INFO, None)
    records, _ = traced(Trace())

    structlog.get_logger("mine").info(f"first {TOKEN}", number=1, password=SECRET)
    logging.getLogger("library").warning("second %s", TOKEN)
    try:
        fail()
    except ValueError as error:
        structlog.get_logger("mine").error("third", exc_info=error)

    first, second, third = records
    assert (first.level, first.logger, first.message) == ("info", "mine", "first xoxb-…redacted")
    assert first.fields["number"] == 1
    assert (second.level, second.logger, second.message) == ("warning", "library", "second xoxb-…redacted")
    assert "ValueError: refused" in third.fields["exception"]
    assert SECRET not in repr(records)


def test_a_line_belongs_to_the_invocation_that_wrote_it() -> None:
    """So that the console shows it under its event."""
    configure_logging(logging.INFO, None)
    records, _ = traced(Trace())
    token = current_invocation.set(Invocation(id="i1", handler="a.B.c", envelope_id="e1"))

    structlog.get_logger("mine").info("within")
    current_invocation.reset(token)
    structlog.get_logger("mine").info("without")

    assert [(record.envelope_id, record.invocation_id) for record in records] == [("e1", "i1"), (None, None)]


class _Unprintable:
    def __repr__(self) -> str:
        raise ValueError("cannot be shown")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    st.text(),
    st.dictionaries(
        st.text(max_size=8),
        st.recursive(
            st.none() | st.integers() | st.text() | st.binary(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
            max_leaves=5,
        ),
        max_size=3,
    ),
)
def test_anything_can_be_logged(message: str, fields: dict[str, Any]) -> None:
    """A log line must never be what stops a handler, and stays one line."""
    stream = io.StringIO()
    configure_logging(logging.INFO, stream)
    reserved = {"event", "self", "exc_info", "stack_info", "level", "logger", "timestamp", "method_name"}

    structlog.get_logger("mine").info(message, **{key: value for key, value in fields.items() if key not in reserved})
    logging.getLogger("library").info("%s", message)

    assert len(json_lines(stream)) == 2


def test_what_cannot_be_shown_stops_nobody() -> None:
    """A wrong log line must not stop the handler that wrote it; the trace says where it stands."""
    logging.root.handlers.clear()  # pytest's own handlers raise
    configure_logging(logging.INFO, None)
    records, _ = traced(Trace())

    logging.getLogger("library").info("value %s", _Unprintable())
    logging.getLogger("library").info("%d", "no number")
    structlog.get_logger("mine").info("value", value=_Unprintable())
    logging.getLogger("library").info("next")

    assert [record.message.partition(":")[0] for record in records] == [*["A log line cannot be shown"] * 3, "next"]
    assert f"ValueError in {__file__}" in records[0].message


def test_records_hold_plain_values() -> None:
    """They are kept for long: an object of a plugin must not be kept with them, nor a secret within it."""
    configure_logging(logging.INFO, None)
    records, _ = traced(Trace())

    structlog.get_logger("mine").info(
        "line", seen={TOKEN}, error=ValueError(TOKEN), many=[(1, {"data": TOKEN.encode()})]
    )

    assert records[0].fields == {
        "seen": "{'xoxb-…redacted'}",
        "error": "ValueError('xoxb-…redacted')",
        "many": [[1, {"data": "b'xoxb-…redacted'"}]],
    }


def test_a_dict_can_be_a_message() -> None:
    """`logging` takes any object; one without structlog's keys is shown by what it holds."""
    configure_logging(logging.INFO, None)
    records, _ = traced(Trace())

    logging.getLogger("library").info({1: "one", TOKEN: "two", "_hidden": 3})

    assert records[0].fields == {"1": "one", "xoxb-…redacted": "two"}


FORGED = "\x1b]52;c;aGk=\x07\x1b[2J\x9b31m\u202egnp\r\n2026-01-01T00:00:00Z [info     ] All is well"


def is_safe(printed: str) -> bool:
    """Whether a terminal would only draw it, the colours of the lines apart."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", printed)
    return all(character == "\n" or character.isprintable() for character in plain)


class Sly:
    """Shows what it likes."""

    def __repr__(self) -> str:
        return FORGED


@pytest.mark.parametrize("value", [FORGED, [FORGED], {FORGED: FORGED}, Sly(), [Sly()], FORGED.encode()])
def test_a2_nothing_logged_controls_the_terminal(value: object) -> None:
    """A2: in the text, in a field, in its name, in arguments and in exceptions; and no line looks like another."""
    stream = Terminal()
    configure_logging(logging.INFO, stream)

    structlog.get_logger("mine").info(str(value), field=value, **{str(value): 1})
    structlog.get_logger("mine").info("%s", value, stack=str(value))
    logging.getLogger("library").info("%s", value)
    logging.getLogger("library").info(str(value))
    try:
        raise ValueError(value) from KeyError(value)  # noqa: TRY301
    except ValueError:
        logging.getLogger("library").exception("failed")
        structlog.get_logger("mine").exception("failed")

    assert is_safe(stream.getvalue())
    assert not any(line.startswith("2026-01-01") for line in stream.getvalue().splitlines())
    assert stream.getvalue().count("ValueError: ") == 2


WORD = "w" * 400
LARGE = [[[WORD] * 12] * 12] * 12


@pytest.mark.parametrize("is_terminal", [True, False])
def test_a1_large_values_are_cut_before_they_are_made_a_line(
    is_terminal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A1: in a field, an argument, the text itself, and in what an exception was given; the trace gets the same."""
    searched: list[int] = []
    for module in (logs, redaction, tracebacks):
        monkeypatch.setattr(module, "redact", lambda text: _noted(text, searched))
    stream = Terminal() if is_terminal else io.StringIO()
    configure_logging(logging.INFO, stream)
    trace = Trace()
    records: list[Record] = []
    trace.subscribe(records.append)
    handler = TraceLogHandler(trace)
    logging.root.addHandler(handler)

    structlog.get_logger("mine").info("first", field=LARGE, text=WORD * 10_000)
    structlog.get_logger("mine").info("second %s", LARGE)
    logging.getLogger("library").info("third %s", LARGE)
    logging.getLogger("library").info(LARGE)
    try:
        raise ExceptionGroup("all", [ValueError(LARGE)])  # noqa: TRY301
    except ExceptionGroup:
        logging.getLogger("library").exception("fourth")

    assert len(records) == 5
    assert max(searched) < 20_000
    assert all(len(line) < 20_000 for line in stream.getvalue().splitlines())
    assert "ValueError: [[['www" in stream.getvalue()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full disk here")
def test_b16_a_disk_that_is_full_is_told_of_once(capsys: pytest.CaptureFixture[str]) -> None:
    """B16: not with a traceback for each line."""
    with contextlib.suppress(OSError), Path("/dev/full").open("w") as stream:
        configure_logging(logging.INFO, stream)
        for number in range(3):
            structlog.get_logger("mine").info("line", number=number)

    told = capsys.readouterr().err
    assert told.count("No space left on device") == 1
    assert len(told.splitlines()) == 1


def _noted(text: str, searched: list[int]) -> str:
    searched.append(len(text))
    return text
