"""Patterns that a text can be made for are recognised, and others are left alone."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from machine.dispatch.slow_patterns import is_slow

PARTS = st.sampled_from(
    ["a", "b", r"\w", r"\s", ".", "[ab]", ",", "+", "*", "?", "(?:", ")", "|", "{2,}", "^", "$", r"\b"]
)


@pytest.mark.parametrize(
    "pattern",
    [
        r"(a+)+$",
        r"(a*)*b",
        r"(?:\w+\s?)*$",
        r"^(\d+[.,]?)+$",
        r"(.*a)+x",
        r"(?P<all>(?:a|aa)+)$",
        r"(aa?)+$",
        r"(?i)^deploy ((?:[a-z]+-?)+)$",
        r"((ab)*)*c",
        r"(?:(\w+)+,)+",
        r"(x+x+)+y",
    ],
)
def test_a6_repetitions_of_repetitions_are_recognised(pattern: str) -> None:
    """A6: each letter more doubles the time it takes to find that they do not match."""
    assert is_slow(re.compile(pattern))


@pytest.mark.parametrize(
    "pattern",
    [
        r"^deploy (?P<service>\w+) to (?P<stage>\w+)$",
        r"(?:\w+,)*",
        r"(?:\s+\w+)*$",
        r"^add (?P<items>\w+(?:, \w+)*)$",
        r"(?:a|b)+",
        r"(?:foo\w* )*bar",
        r"(a+){2}",
        r"(?:ab)+",
        r"<@(\w+)>\s*(\+\+|--)",
        r".*",
        r"https?://\S+(?:/\S+)?",
    ],
)
def test_a6_ordinary_patterns_are_left_alone(pattern: str) -> None:
    """A6: a warning that is wrong is read once and never again."""
    assert not is_slow(re.compile(pattern))


@given(st.lists(PARTS, max_size=10).map("".join))
def test_a6_any_pattern_can_be_looked_at(pattern: str) -> None:
    """A6: loading a plugin must not fail for it."""
    try:
        compiled = re.compile(pattern)
    except re.error:
        return
    is_slow(compiled)
