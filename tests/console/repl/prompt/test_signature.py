"""While a call is typed, its signature is shown with the argument at the cursor standing out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from machine_console.repl.prompt.signature import signature_at


def post(channel: str, text: str = "", *, thread: str | None = None, **rest: object) -> None:
    """Post something.

    At length.
    """


class Broken:
    """Its properties must not fire."""

    @property
    def method(self) -> None:
        raise AssertionError("a property was run")


NAMES = {"post": post, "broken": Broken(), "number": 1}


@pytest.mark.parametrize(
    ("typed", "current"),
    [
        ("post(", "channel"),
        ("post('#a', ", "text=''"),
        ("post('#a', 'x', thread=", "thread=None"),
        ("post(nobody(", "channel"),
        ("post('a(b, c', ", "text=''"),
        ("x = [post(", "channel"),
        ("post('a', 'b', 'c', ", ""),
    ],
)
def test_the_current_argument_stands_out(typed: str, current: str) -> None:
    """By position or by name, and beyond what is known of an inner call."""
    parts = signature_at(typed, NAMES)

    assert "".join(text for _, text, *_ in parts).startswith("post(channel, text='', *, thread=None, **rest)")
    assert [text for style, text, *_ in parts if style == "class:signature.current"] == ([current] if current else [])
    assert "Post something." in parts[-1][1]


@pytest.mark.parametrize("typed", ["", "post", "post()", "number(", "broken.method(", "nobody(", "[1, ", "# post("])
def test_nothing_is_shown_where_nothing_is_known(typed: str) -> None:
    """And no property is run to find out."""
    assert signature_at(typed, NAMES) == []


@given(st.text())
def test_any_text_is_fine(text: str) -> None:
    """It is called at each key."""
    signature_at(text, NAMES)
