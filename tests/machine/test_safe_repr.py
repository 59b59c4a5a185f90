"""Values that a plugin uses are shown short and without secrets, whatever they are."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass
from functools import partial
from typing import NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from machine import redaction
from machine.safe_repr import MAX_CHARACTERS, safe_repr

VALUES = st.recursive(
    st.one_of(st.none(), st.integers(), st.text(), st.binary()),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
)


@given(VALUES)
def test_any_value_is_short(value: object) -> None:
    """A megabyte in a variable must not end up in every trace."""
    assert len(safe_repr(value)) <= MAX_CHARACTERS + 1


def test_small_values_read_as_python() -> None:
    """They can be pasted into the REPL."""
    assert safe_repr({"a": [1, "two"]}) == "{'a': [1, 'two']}"


@dataclass
class Account:
    """Has a secret by its name."""

    user: str
    api_key: str


class Wrong:
    """Has a mistake where it is shown."""

    def __repr__(self) -> NoReturn:
        raise ValueError


def test_secrets_are_hidden_by_look_and_by_name() -> None:
    """In dictionaries, in dataclasses, in the variable itself."""
    shown = [
        safe_repr({"password": "hunter2", "text": "xoxb-1-2-abc"}),
        safe_repr(Account("alice", "k-123")),
        safe_repr("hunter2", "password"),
    ]

    assert "hunter2" not in str(shown)
    assert "k-123" not in str(shown)
    assert "xoxb-1-2-abc" not in str(shown)
    assert "alice" in shown[1]


def test_a_repr_that_raises_does_no_harm() -> None:
    """Showing a failure must not fail."""
    assert safe_repr(Wrong()).startswith("<Wrong")


class Listed:
    """Shows all it holds."""

    def __init__(self, items: list[str], api_key: str) -> None:
        self.items, self.api_key = items, api_key

    def __repr__(self) -> str:
        raise AssertionError("it was asked for its own repr")


WORD = "w" * 400
LARGE = "x" * 10_000_000


@pytest.mark.parametrize(
    "value",
    [
        [[[WORD] * 12] * 12] * 12,
        LARGE,
        LARGE.encode(),
        {LARGE: 1},
        {"a": [LARGE, LARGE]},
        deque(range(1_000_000)),
        set(range(1_000_000)),
        Account(LARGE, "k-123"),
        ValueError([LARGE]),
        7**1_000_000,
        Listed([LARGE], "k-123"),
        defaultdict(list, {"a": [LARGE]}),
        partial(print, LARGE),
        [[[[[[LARGE]]]]]],
    ],
    ids=lambda value: type(value).__name__,
)
def test_a1_large_values_are_cut_before_they_are_searched(value: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """A1: no more is put together, and searched for secrets, than a few times what is shown."""
    searched: list[int] = []
    monkeypatch.setattr(redaction, "redact", lambda text: _noted(text, searched))

    shown = safe_repr(value)

    assert len(shown) <= MAX_CHARACTERS + 1
    assert "k-123" not in shown
    assert max(searched, default=0) <= 5_000


@pytest.mark.parametrize(
    "value",
    [
        (),
        (1,),
        (1, 2),
        [],
        {},
        set(),
        {1, 2},
        frozenset(),
        frozenset({1}),
        deque([1]),
        {"a": {"b": None}},
        b"ab",
        5,
        True,
        1.5,
    ],
)
def test_a1_small_values_read_as_their_own_repr(value: object) -> None:
    """A1: whatever they are made of."""
    assert safe_repr(value) == repr(value)


def test_a1_a_secret_at_a_cut_is_not_shown_in_part() -> None:
    """A1: neither where a text is cut, nor where the whole is."""
    for length in range(380, 1_700, 7):
        assert "SECRET" not in safe_repr(["x" * length + "xoxb-SECRETSECRETSECRET" + "y" * 3_000])


def _noted(text: str, searched: list[int]) -> str:
    searched.append(len(text))
    return text
