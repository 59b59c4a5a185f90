"""What is selected, written to a file."""

from __future__ import annotations

import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from machine_console.history.export import as_json, event_facts, log_facts, write_export
from machine_console.panes.storage.document import value_facts
from machine_console.session.stored_values import StoredValue
from tests.console.story import told_history

_ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary()
    | st.datetimes()
    | st.timedeltas(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner) | st.tuples(inner),
)


def test_an_event_goes_with_everything_it_led_to() -> None:
    """A trace to attach to a bug report."""
    history = told_history()

    facts = [json.loads(as_json(event_facts(event))) for event in history.events]

    assert facts[0]["payload"]["event"]["text"] == "ping, are you there?"
    assert facts[0]["invocations"][0]["handler"].endswith("PingPongPlugin.listen_to_ping")
    assert facts[-1]["invocations"][0]["error"].startswith("KeyError")
    assert facts[-1]["invocations"][0]["api_calls"][0]["method"] == "chat.postMessage"
    assert facts[-1]["invocations"][0]["duration"] == 0.117
    assert facts[-1]["received_at"].endswith("+00:00")


def test_values_and_log_lines_say_what_they_are() -> None:
    """With everything that is known about them."""
    value = StoredValue("greeter", "last", {"at": datetime(2026, 3, 4, tzinfo=UTC), "for": timedelta(seconds=90)}, 12)

    stored = json.loads(as_json(value_facts(value)))
    logged = json.loads(as_json(log_facts(told_history().logs[0])))

    assert (stored["plugin"], stored["key"], stored["size"]) == ("greeter", "last", 12)
    assert stored["value"] == {"at": "2026-03-04T00:00:00+00:00", "for": 90.0}
    assert {"level", "message", "logger", "at", "envelope_id"} <= logged.keys()


@given(_ANYTHING)
def test_whatever_is_stored_becomes_json(value: object) -> None:
    """Plugins store any Python object."""
    json.loads(as_json(value), parse_constant=lambda name: (_ for _ in ()).throw(ValueError(name)))


def test_a_container_that_holds_itself_ends() -> None:
    """Such a thing can be stored too."""
    value: list[object] = [1]
    value += [value, value]

    assert json.loads(as_json(value))[0] == 1


def test_secrets_are_not_written(tmp_path: Path) -> None:
    """Exports are made to be sent to somebody."""
    text = as_json({"payload": {"token": "hunter2hunter2", "text": "use xoxb-12-34-abcdef"}})
    path = write_export(tmp_path, "events", "json", f"{text} xapp-1-A2-345-cdef")

    written = (tmp_path / path).read_text()
    assert "hunter2" not in written
    assert "xoxb-12-34-abcdef" not in written
    assert "xapp-1-A2-345-cdef" not in written


def test_files_are_the_users_own_and_stay_out_of_git(tmp_path: Path) -> None:
    """What people wrote is in them."""
    first, second = (write_export(tmp_path, "log", "json", "{}") for _ in range(2))

    assert first != second
    assert stat.S_IMODE((tmp_path / first).stat().st_mode) == 0o600
    assert (tmp_path / first).parent.joinpath(".gitignore").read_text() == "*\n"
