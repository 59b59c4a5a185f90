"""Values that a plugin uses are shown short and without secrets, whatever they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from hypothesis import given
from hypothesis import strategies as st

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
