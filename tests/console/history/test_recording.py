"""Recordings are bounded, private, and free of secrets."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from machine.errors import MachineError
from machine.redaction import REDACTED, redact_value
from machine_console.history.history import History
from machine_console.history.recording import RecordedEvent, Recorder, read_recording
from machine_console.history.replay import restored
from tests.console.story import message, received, told_history

SECRET_PAYLOAD = {
    "token": "abc",
    "response_url": "https://hooks.slack.com/commands/T1/2/xyz",
    "text": "use xoxb-1-2-abc please",
    "actions": [{"value": "x", "client_secret": "s3cret"}],
}


def recordings(folder: Path) -> list[Path]:
    """The files, oldest first."""
    return sorted(folder.glob("*.jsonl"))


async def test_a_history_is_written_and_read_again(tmp_path: Path) -> None:
    """With what each event led to."""
    await Recorder(tmp_path / "recordings").record(told_history(), is_last=True)

    (path,) = recordings(tmp_path / "recordings")
    events = read_recording(path)
    assert [event.id for event in events] == ["e1", "e2", "e3", "e4"]
    assert events[3].outcome.runs[0].error == "KeyError: 'api'"
    assert path.stat().st_mode & 0o077 == 0
    assert (path.parent / ".gitignore").read_text() == "*\n"


async def test_each_event_is_written_once(tmp_path: Path) -> None:
    """The recorder looks again and again."""
    history, recorder = told_history(), Recorder(tmp_path)
    await recorder.record(history)
    await recorder.record(history, is_last=True)

    assert len(read_recording(recordings(tmp_path)[-1])) == 4


async def test_files_are_bounded_in_size_and_number(tmp_path: Path) -> None:
    """A bot runs for months."""
    history, recorder = History(), Recorder(tmp_path, max_file_bytes=500, max_files=3)
    for number in range(30):
        for record in received(message(f"m{number}", "x" * 300), number):
            history.record(record)
        await recorder.record(history, is_last=True)

    files = recordings(tmp_path)
    assert len(files) == 3
    assert read_recording(files[-1])[-1].id == "m29"


async def test_of_a_storm_the_newest_are_kept_and_the_others_counted(tmp_path: Path) -> None:
    """Writing down must not slow the bot."""
    history, recorder = History(), Recorder(tmp_path)
    for number in range(1_000):
        for record in received(message(f"m{number}", "x"), 0):
            history.record(record)
    await recorder.record(history, is_last=True)

    assert recorder.left_out == 800
    assert read_recording(recordings(tmp_path)[-1])[-1].id == "m999"


def test_secrets_are_not_written() -> None:
    """A recording is sent to a colleague."""
    history = History()
    for record in received(message("e1", "xoxb-1-2-abc", token="abc"), 0):
        history.record(record)
    written = RecordedEvent.of(history.events[0]).model_dump_json()

    assert "xoxb-1-2-abc" not in written
    assert '"abc"' not in written


@pytest.mark.parametrize("text", ["{", "[]", '{"id": "e1"}', "\x00", '{"at": 1, "id": 2, "kind": 3, "payload": 4}'])
def test_what_is_no_recording_is_named_by_line(tmp_path: Path, text: str) -> None:
    """The file, the line, and what is wrong with it."""
    path = tmp_path / "broken.jsonl"
    path.write_text(f"\n{text}\n")

    with pytest.raises(MachineError, match=r"broken\.jsonl, line 2 is not a recorded event"):
        read_recording(path)


def test_a_recording_that_is_not_there_is_said(tmp_path: Path) -> None:
    """No traceback."""
    with pytest.raises(MachineError, match="cannot be read"):
        read_recording(tmp_path / "none.jsonl")


def test_secrets_that_were_left_alone_are_sent_as_they_were() -> None:
    """One edits what is shown redacted; the response_url must still work."""
    edited = redact_value(SECRET_PAYLOAD)
    edited["actions"][0]["value"] = "y"

    sent = restored(edited, SECRET_PAYLOAD)

    assert sent == {**SECRET_PAYLOAD, "actions": [{"value": "y", "client_secret": "s3cret"}]}
    assert REDACTED in edited["token"]


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text()),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.sampled_from(["token", "a", "b"]), inner)),
)


@given(JSON)
def test_an_unedited_payload_is_the_original(payload: object) -> None:
    """Whatever its shape."""
    assert restored(redact_value(payload), payload) == payload


@given(JSON, JSON)
def test_any_edit_can_be_sent(edited: object, payload: object) -> None:
    """Never raises."""
    restored(edited, payload)
