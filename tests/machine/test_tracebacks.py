"""A failure is shown from the plugin's own code on, with what its variables held."""

from __future__ import annotations

from pathlib import Path

from machine.tracebacks import one_line, own_frames


def _inner(service: str) -> str:
    password = "hunter2"
    return {"web": password}[service]


def test_frames_begin_in_the_plugin_and_carry_source_and_variables() -> None:
    """What one would ask a debugger for."""
    try:
        _inner("api")
    except KeyError as error:
        frames = own_frames(error, __file__)

    last = frames[-1]
    assert [frame.function for frame in frames][-1] == "_inner"
    assert 'return {"web": password}[service]' in last.source[last.line]
    assert last.variables["service"] == "'api'"
    assert "hunter2" not in str(last.variables)


def test_variables_of_libraries_are_left_out() -> None:
    """Theirs are neither short nor the plugin's."""
    try:
        Path("/no/such/file").read_text()
    except OSError as error:
        frames = own_frames(error, __file__)

    assert frames[0].file == __file__
    assert frames[0].variables
    assert not frames[-1].variables


def test_an_exception_without_a_readable_text_is_still_named() -> None:
    """What reports a failure must not fail itself."""

    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no text")

    assert one_line(Mute()) == "Mute: its message cannot be read"
